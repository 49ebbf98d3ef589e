"""Who signs python.org's source tarballs, by series, and what is known to have gone wrong: ``releases/signers.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from verbatim.data import load_model
from verbatim.digest import Sha256
from verbatim.paths import RELEASES
from verbatim.release import Release

#: The fingerprint of a primary key, as gpgv writes it.
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{40}$")]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CertifiedSigner(_Data):
    """Whom Sigstore certifies, and who vouches for that: a subject and an OpenID Connect issuer."""

    identity: str
    issuer: str


class _Series(_Data):
    manager: str
    openpgp: Sequence[Fingerprint] = ()
    sigstore: CertifiedSigner | None = None


class Known(_Data):
    """Something that went wrong once: a signer who is not the series' own, or a signature file that is wrong."""

    version: str
    #: The tarball's name; of both tarballs if left out.
    name: str | None = None
    openpgp: Fingerprint | None = None
    sigstore: CertifiedSigner | None = None
    #: Of the signature file.
    sha256: Sha256 | None = None
    what: str
    source: str

    @property
    def is_remark(self) -> bool:
        """Whether it excuses neither a signer nor a file."""
        return self.openpgp is None and self.sigstore is None and self.sha256 is None


class _Signers(_Data):
    series: dict[str, _Series]
    known: Sequence[Known] = ()


class Signers:
    """Who signs the source tarballs of one release."""

    def __init__(self, release: Release, folder: Path = RELEASES) -> None:
        """Read the data; raises IntegrityError if it is damaged."""
        data = load_model(folder / "signers.toml", _Signers, "restore it, for instance with git checkout")
        self._series = data.series.get(release.series)
        self._known = [each for each in data.known if each.version == release.version]

    @property
    def manager(self) -> str:
        """The release manager's name; empty if the series is not in the data."""
        return self._series.manager if self._series else ""

    @property
    def identity(self) -> CertifiedSigner | None:
        """Who signs by Sigstore; None if the series is not in the data."""
        return self._series.sigstore if self._series else None

    @property
    def fingerprints(self) -> Sequence[str]:
        """The OpenPGP keys of the release manager; none since 3.14 (PEP 761)."""
        return self._series.openpgp if self._series else ()

    def known(self, name: str) -> list[Known]:
        """What is known to have gone wrong with the signatures of a tarball."""
        return [each for each in self._known if each.name in (None, name)]
