"""The policy: whose attestations count, and how many an artifact needs. A TOML file that people write and review.

docs/reference/policy.md describes each entry.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from verbatim.data import checked_model, parse_toml
from verbatim.digest import Sha256, sha256_bytes
from verbatim.errors import IntegrityError
from verbatim.evidence.keys import NAME_PATTERN, check_public
from verbatim.evidence.untrusted import Text, read_file
from verbatim.sources.source import SourceKind

Name = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}$")]
Day = Annotated[date, Field(strict=True)]

#: What it is called where it lies beside the attestations.
POLICY = "policy.toml"

_REMEDY = "see docs/reference/policy.md"


class _PolicyEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Credential(_PolicyEntry):
    """What a rebuilder signs with."""

    #: From that day on (UTC) it no longer counts.
    expires: Day | None = None
    #: Since when it is no longer trusted; whatever it ever signed does not count.
    revoked: Day | None = None

    def lapse(self, today: date) -> Literal["expired", "revoked"] | None:
        """Why it does not count on that day; None if it does."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= today else None


class Key(_Credential):
    """A key of the rebuilder's own."""

    #: The public half, 32 bytes in lower-case hexadecimal.
    ed25519: Annotated[
        str, StringConstraints(pattern=r"^[0-9a-f]{64}$", strict=True), AfterValidator(check_public)
    ]

    @property
    def identity(self) -> str:
        """The same for the same key, whoever lists it."""
        return f"ed25519:{self.ed25519}"


class SigstoreIdentity(_Credential):
    """The identity in a certificate of Sigstore: https://docs.sigstore.dev/certificate_authority/oidc-in-fulcio/"""

    subject: Text
    issuer: Text

    @property
    def identity(self) -> str:
        return f"sigstore:{self.issuer} {self.subject}"


class Rebuilder(_PolicyEntry):
    """A rebuilder whose attestations count."""

    kind: Name
    keys: tuple[Key, ...] = ()
    identities: tuple[SigstoreIdentity, ...] = ()

    @property
    def credentials(self) -> tuple[Key | SigstoreIdentity, ...]:
        return (*self.keys, *self.identities)

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        if not self.credentials:
            raise ValueError("a rebuilder needs keys or identities")
        identities = [credential.identity for credential in self.credentials]
        if len(set(identities)) < len(identities):
            raise ValueError("a rebuilder has each key and each identity once")
        return self


class Override(_PolicyEntry):
    """An objection that does not block, and who takes responsibility for that."""

    version: Text
    rebuilder: Name
    #: The SHA-256 of the statement that objects: of what was signed, not of the file around it.
    statement: Sha256
    by: Text
    reason: Text


class Policy(_PolicyEntry):
    """The whole file."""

    #: How many independent rebuilders have to confirm each artifact, by patterns of the artifacts' names as in fnmatch.
    threshold: Annotated[dict[Text, Annotated[int, Field(ge=1, le=1000, strict=True)]], Field(min_length=1)]
    #: From what an artifact must have been built to be confirmed.
    sources: Annotated[tuple[SourceKind, ...], Field(min_length=1)]
    #: Whether rebuilders of a kind count each for themselves, or all together once.
    kinds: Annotated[dict[Name, Literal["each", "once"]], Field(min_length=1)]
    rebuilders: Annotated[dict[Name, Rebuilder], Field(min_length=1)]
    override: tuple[Override, ...] = ()
    #: What the signing stage may sign, by version. Only that program reads it.
    signing: dict[str, Any] = {}

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for name, rebuilder in self.rebuilders.items():
            if rebuilder.kind not in self.kinds:
                raise ValueError(f"{name} is of the kind {rebuilder.kind!r}, which is not among the kinds")
        owners: dict[str, str] = {}
        for name, rebuilder in self.rebuilders.items():
            for identity in (credential.identity for credential in rebuilder.credentials):
                if owners.setdefault(identity, name) != name:
                    # Revoked for one, it would still count for the other.
                    raise ValueError(
                        f"{owners[identity]} and {name} both have {identity}, expected one owner"
                    )
        for override in self.override:
            if override.rebuilder not in self.rebuilders:
                raise ValueError(f"an override names {override.rebuilder!r}, who is not among the rebuilders")
        return self

    @classmethod
    def load(cls, path: Path) -> tuple[Self, str]:
        """Read a policy once; give it and the SHA-256 of what was read. Raises IntegrityError if it is missing or invalid."""
        try:
            data = read_file(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise IntegrityError(f"{path} is missing", _REMEDY) from error
        return checked_model(path, parse_toml(data, path, _REMEDY), cls, _REMEDY), sha256_bytes(data)

    def needed(self, artifact: str) -> int:
        """How many must confirm it: the highest threshold whose pattern matches; 0 if none does."""
        return max(
            (count for pattern, count in self.threshold.items() if self.matches(pattern, [artifact])),
            default=0,
        )

    @staticmethod
    def matches(pattern: str, artifacts: Iterable[str]) -> bool:
        """Whether a threshold's pattern matches one of them."""
        return any(fnmatch.fnmatchcase(artifact, pattern) for artifact in artifacts)

    def voices(self, rebuilders: Iterable[str]) -> int:
        """How many independent voices these rebuilders are: all of a kind that counts once are one voice."""
        kinds = {name: self.rebuilders[name].kind for name in rebuilders}
        return len({kind if self.kinds[kind] == "once" else (kind, name) for name, kind in kinds.items()})
