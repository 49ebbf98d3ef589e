"""Where a source tarball's signatures are: beside the user's file, or else where python.org serves the tarball."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verbatim.addresses import showable
from verbatim.data import read_small_file
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.fetch import Fetcher, NotServedError
from verbatim.published.detached import Detached
from verbatim.release import Release

SignatureKind = Literal["Sigstore", "OpenPGP"]

#: How the names of signatures end.
ENDINGS: dict[SignatureKind, str] = {"Sigstore": ".sigstore", "OpenPGP": ".asc"}

#: In bytes; a bundle has some ten thousand.
LARGEST = 1 << 20


@dataclass(frozen=True)
class SignedFile:
    """A file that stands for the source tarball ``name``."""

    path: Path
    sha256: str
    name: str
    #: Whether it is a user's, so that its signature may be beside it.
    is_users: bool


@dataclass(frozen=True)
class SignatureFile:
    """What was found."""

    content: bytes
    #: The path or the address.
    where: str


class NoSignatureError(Exception):
    """Python.org has none."""


class UnreadableError(Exception):
    """There may be one, but it cannot be read; the text says why."""


@dataclass(frozen=True)
class SignatureFiles:
    """Finds the signatures of one release's source tarballs."""

    release: Release
    fetcher: Fetcher
    #: A private folder.
    work: Path
    #: The file that describes a Sigstore other than the public one.
    trust_config: Path | None = None

    def find(self, signed: SignedFile, kind: SignatureKind) -> SignatureFile:
        """The signature of a file; what of Sigstore's the log must complete is completed.

        Raises NoSignatureError, UnreadableError, and IntegrityError for what the log does not know.
        """
        try:
            found = self._one(signed, ENDINGS[kind])
        except NoSignatureError:
            if kind != "Sigstore":
                raise
            signature, certificate = self._one(signed, ".sig"), self._one(signed, ".crt")
            detached = Detached.of_files(signature.content, certificate.content)
            return self._completed(signed, detached, signature.where)
        incomplete = Detached.of_incomplete(found.content, signed.sha256) if kind == "Sigstore" else None
        return found if incomplete is None else self._completed(signed, incomplete, found.where)

    def _one(self, signed: SignedFile, ending: str) -> SignatureFile:
        for path in _beside(signed, ending) if signed.is_users else ():
            try:
                content = read_small_file(path, "use a copy", largest=LARGEST, follows_links=False)
            except FileNotFoundError:
                continue
            except (OSError, IntegrityError) as error:
                raise UnreadableError(str(error)) from error
            return SignatureFile(content, str(path))
        return self._fetch(signed.name + ending)

    def _completed(self, signed: SignedFile, detached: Detached, where: str) -> SignatureFile:
        if self.fetcher.offline:
            raise UnreadableError(f"{where} lacks what only Sigstore's log has; run without --offline")
        try:
            bundle = detached.bundle(signed.sha256, self.trust_config)
        except NetworkError as error:
            raise UnreadableError(f"{where} lacks what only Sigstore's log has: {error.message}") from error
        return SignatureFile(bundle, where)

    def _fetch(self, name: str) -> SignatureFile:
        try:
            served = self.fetcher.fetch_served(
                name, self.release.urls(name), self.work / name, largest=LARGEST
            )
        except NotServedError as error:
            raise NoSignatureError from error
        except (NetworkError, UsageError) as error:
            raise UnreadableError(error.message) from error
        return SignatureFile(served.path.read_bytes(), showable(served.url))


def _beside(signed: SignedFile, ending: str) -> Iterator[Path]:
    """Browsers rename a file that exists, and not what belongs to it."""
    own = signed.path.name + ending
    yield signed.path.with_name(own)
    if signed.name + ending != own:
        yield signed.path.with_name(signed.name + ending)
