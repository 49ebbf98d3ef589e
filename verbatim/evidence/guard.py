"""What a rebuilder is checked by before anything is signed: the name, and the key or identity, by a policy.

Without this, a wrong key would be noticed only when somebody else runs `check`, and what was signed cannot be unsigned.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from verbatim import console
from verbatim.errors import IntegrityError, UsageError
from verbatim.evidence.identity import verify_with_identity
from verbatim.evidence.policy import POLICY, Policy, Rebuilder


@dataclass(frozen=True)
class Guard:
    """A policy that refuses what it would not count."""

    policy: Policy
    path: Path
    today: date

    @classmethod
    def find(cls, given: Path | None, attestations: Path, *, today: date) -> Guard | None:
        """By the policy that was given, or the one beside the attestations; None, with a note, if there is none.

        Raises IntegrityError if it is not valid.
        """
        path = given or attestations / POLICY
        if given is None and not os.path.lexists(path):
            console.note(
                f"there is no {path}, so neither the name nor the key is checked; --policy names a policy"
            )
            return None
        return cls(Policy.load(path)[0], path, today)

    def rebuilder(self, name: str) -> Rebuilder:
        """The policy's entry for a name; raises UsageError if it has none."""
        if name not in self.policy.rebuilders:
            raise UsageError(
                f"{self.path} does not list the rebuilder {name}; it lists {', '.join(sorted(self.policy.rebuilders))}",
                "correct --as, or add the entry that keygen printed to the policy, or ask for that",
            )
        return self.policy.rebuilders[name]

    def check(self, name: str, identity: str) -> None:
        """Raise UsageError unless the policy lists a key or identity for that name, and it is not revoked.

        ``identity`` is that of `Key` or `SigstoreIdentity`. Warns of one that has expired, since it can still object.
        """
        listed = {each.identity: each for each in self.rebuilder(name).credentials}
        if identity not in listed:
            owner = self._owner(identity)
            whose = f"belongs to {owner}" if owner else "is not listed"
            raise UsageError(
                f"{identity} {whose} in {self.path}, expected one of {name}'s: {', '.join(listed)}",
                f"sign as {owner}, or with a key of {name}'s"
                if owner
                else "sign with one of those, or add yours to the policy, or ask for that",
            )
        lapse = listed[identity].lapse(self.today)
        if lapse == "revoked":
            raise UsageError(
                f"{identity} of {name} was revoked on {listed[identity].revoked}, according to {self.path}, "
                "so nothing that it signs counts",
                "make another key: ./invoke keygen --key FILE --as NAME; and ask for it to be listed",
            )
        if lapse == "expired":
            console.warn(
                f"{identity} of {name} has expired, according to {self.path}: it can object, but not confirm"
            )

    def check_token(self, name: str, subject: str, issuer: str) -> None:
        """Raise UsageError if a token cannot give a certificate that the policy lists for that name.

        An e-mail address becomes the certificate's subject as it is; what a workflow's token becomes is for the issuer to
        say, and `check_bundle` sees it.
        """
        issuers = {each.issuer for each in self.rebuilder(name).identities}
        if issuer not in issuers or "@" in subject.partition("/")[0]:
            self.check(name, f"sigstore:{issuer} {subject}")

    def check_bundle(self, name: str, bundle: bytes, trust_config: Path | None) -> None:
        """Raise UsageError unless an identity that the policy lists for that name signed a bundle, and is not revoked."""
        try:
            identity, _ = verify_with_identity(bundle, "what was signed", self.rebuilder(name), trust_config)
        except IntegrityError as error:
            raise UsageError(
                f"{self.path} does not list this identity for {name}: {error.message}",
                "nothing was written; use a listed identity, or ask for this one to be listed",
            ) from error
        self.check(name, identity.identity)

    def _owner(self, identity: str) -> str | None:
        for name, rebuilder in self.policy.rebuilders.items():
            if identity in {each.identity for each in rebuilder.credentials}:
                return name
        return None
