"""The release manager's signatures of a source tarball, and what they are worth.

Python.org has a bundle of Sigstore, ``.sigstore``, beside each file, and before 3.14 one of OpenPGP, ``.asc``. A signature
never makes a file the one that was published; a wrong one is an alarm, unless `verbatim.published.signers` knows of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from verbatim.compare.comparison import File
from verbatim.digest import sha256_bytes
from verbatim.errors import CapabilityError, IntegrityError
from verbatim.fetch import Fetcher
from verbatim.paths import RELEASES
from verbatim.published.bundles import verify_bundle
from verbatim.published.openpgp import read_keyring, verify_detached
from verbatim.published.signature_files import (
    ENDINGS,
    NoSignatureError,
    SignatureFile,
    SignatureFiles,
    SignatureKind,
    SignedFile,
    UnreadableError,
)
from verbatim.published.signers import Known, Signers
from verbatim.release import Release
from verbatim.trust import verifier

#: ``good``: by the release manager, of this very file. ``wrong``: an alarm. ``known``: wrong, as is known of old.
#: ``doubtful``: it counts neither way. ``missing``: nobody has one. ``unchecked``: it could not be looked at.
SignatureState = Literal["good", "wrong", "known", "doubtful", "missing", "unchecked"]


@dataclass(frozen=True)
class Signature:
    """What is known about one signature of a file."""

    kind: SignatureKind
    state: SignatureState
    #: In words.
    text: str
    #: The path or the address; empty if there is none.
    where: str = ""

    @property
    def is_alarm(self) -> bool:
        return self.state == "wrong"


@dataclass(frozen=True)
class Anchors:
    """What the user trusts besides the project's own data."""

    #: The file that describes a Sigstore other than the public one.
    trust_config: Path | None = None
    #: The release managers' OpenPGP keys, as gpgv reads them; None if none were given.
    keys: bytes | None = None

    @classmethod
    def load(cls, trust_config: Path | None, keyring: Path | None) -> Anchors:
        """Read both files; raises UsageError if one is not valid, before any work is done."""
        if trust_config is not None:
            verifier(trust_config)
        return cls(trust_config, read_keyring(keyring) if keyring is not None else None)


@dataclass(frozen=True)
class SignatureChecker:
    """Finds and verifies the signatures of one release's source tarballs."""

    release: Release
    fetcher: Fetcher
    #: A private folder.
    work: Path
    anchors: Anchors
    #: The folder with the data of `Signers`.
    releases: Path = RELEASES

    def check(self, file: File, name: str, *, is_users: bool) -> list[Signature]:
        """The signatures of a file that stands for the source tarball ``name``.

        Those beside a user's file are looked at first, then python.org's.
        """
        if file.path is None or name not in self.release.source_tarballs:
            return []
        signed = SignedFile(file.path, file.sha256, name, is_users)
        checked = [self._checked("Sigstore", signed)]
        if self._signers.fingerprints:
            checked.append(self._checked("OpenPGP", signed))
        return checked

    @cached_property
    def _signers(self) -> Signers:
        return Signers(self.release, self.releases)

    def _checked(self, kind: SignatureKind, signed: SignedFile) -> Signature:
        if precluded := self._precluded(kind):
            return Signature(kind, "unchecked", f"not checked: {precluded}")
        try:
            files = SignatureFiles(self.release, self.fetcher, self.work, self.anchors.trust_config)
            found = files.find(signed, kind)
            verify = self._sigstore if kind == "Sigstore" else self._openpgp
            return verify(signed, found, self._signers.known(signed.name))
        except IntegrityError as error:
            return Signature(kind, "wrong", f"WRONG: {error.message}")
        except NoSignatureError:
            return self._missing(kind, signed.name)
        except (UnreadableError, CapabilityError) as error:
            return Signature(kind, "unchecked", f"not checked: {error}")

    def _precluded(self, kind: SignatureKind) -> str:
        """Why no signature of a kind can be judged; empty if it can."""
        if kind == "Sigstore" and self._signers.identity is None:
            return f"releases/signers.toml does not say who signs {self.release.series}"
        if kind == "OpenPGP" and self.anchors.keys is None:
            return "--keyring names a file with the release managers' keys"
        return ""

    def _missing(self, kind: SignatureKind, name: str) -> Signature:
        remarks = [each for each in self._signers.known(name) if each.is_remark and kind == "OpenPGP"]
        remark = "".join(f"; {each.what} ({each.source})" for each in remarks)
        return Signature(kind, "missing", f"missing: python.org does not have {name}{ENDINGS[kind]}{remark}")

    def _sigstore(self, signed: SignedFile, found: SignatureFile, known: Sequence[Known]) -> Signature:
        own = [self._signers.identity] if self._signers.identity is not None else []
        others = {each.sigstore: each for each in known if each.sigstore is not None}
        signer = verify_bundle(signed.sha256, found.content, [*own, *others], self.anchors.trust_config)
        if signer.is_doubt:
            return Signature("Sigstore", "doubtful", f"does not count: {signer.reason}", found.where)
        if signer.identity is None:
            return _wrong("Sigstore", found, signer.reason, known)
        by = f"signed by {signer.identity.identity} (issuer {signer.identity.issuer})"
        return self._good("Sigstore", found, by, others.get(signer.identity))

    def _openpgp(self, signed: SignedFile, found: SignatureFile, known: Sequence[Known]) -> Signature:
        checked = verify_detached(signed.path, found.content, self.anchors.keys or b"", self.work)
        if checked.is_doubt:
            return Signature("OpenPGP", "doubtful", f"does not count: {checked.reason}", found.where)
        if not checked.fingerprint:
            return _wrong("OpenPGP", found, checked.reason, known)
        own = self._signers.fingerprints
        others = {each.openpgp: each for each in known if each.openpgp is not None}
        if checked.fingerprint not in (*own, *others):
            reason = f"it is by another key, {checked.fingerprint}; expected {' or '.join(own)}"
            return _wrong("OpenPGP", found, reason, known)
        by = f"signed with the key {checked.fingerprint}"
        return self._good("OpenPGP", found, by, others.get(checked.fingerprint))

    def _good(self, kind: SignatureKind, found: SignatureFile, by: str, known: Known | None) -> Signature:
        if known is not None:
            return Signature(kind, "known", f"{by}: {known.what} ({known.source})", found.where)
        whose = f"{self._signers.manager}, who manages {self.release.series}"
        return Signature(kind, "good", f"{by}, {whose}", found.where)


def _wrong(kind: SignatureKind, found: SignatureFile, reason: str, known: Sequence[Known]) -> Signature:
    """An alarm, unless this very file is known to be wrong."""
    sha256 = sha256_bytes(found.content)
    excuse = next((each for each in known if each.sha256 == sha256), None)
    if excuse is not None:
        return Signature(kind, "known", f"does not count: {excuse.what} ({excuse.source})", found.where)
    return Signature(kind, "wrong", f"WRONG: {reason}", found.where)
