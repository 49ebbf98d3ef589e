"""A release of CPython: its version, its file names, and the hashes that python.org published."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import RootModel

from verbatim.addresses import listed
from verbatim.data import load_model
from verbatim.digest import Sha256
from verbatim.errors import UsageError
from verbatim.paths import RELEASES

_NUMBER = r"(?:0|[1-9][0-9]{0,3})"
_VERSION = re.compile(rf"(?P<base>(?P<series>3\.{_NUMBER})\.{_NUMBER})(?:(?:a|b|rc)(?:[1-9][0-9]{{0,2}}))?")

#: Where python.org keeps its downloads; ``VERBATIM_PYTHON_MIRROR`` names mirrors of it to ask first.
PYTHON_ORG = "https://www.python.org/ftp/python"

_RESTORE = "restore it, for instance with git checkout"


def is_version(text: str) -> bool:
    """Whether a text is a version that `Release.parse` reads."""
    return _VERSION.fullmatch(text) is not None


@dataclass(frozen=True)
class Release:
    """A version of CPython, as PEP 440 and CPython's own tags spell it."""

    version: str
    series: str
    base: str

    @classmethod
    def parse(cls, text: str) -> Release:
        """Read a version such as ``3.13.5`` or ``3.14.0rc1``; raises UsageError for anything else."""
        match = _VERSION.fullmatch(text)
        if match is None:
            raise UsageError(
                f"{text!r} is not a version of CPython 3" if text else "--version is missing",
                "a version looks like 3.13.5, 3.14.0rc1 or 3.15.0b4",
            )
        return cls(text, match["series"], match["base"])

    def is_since(self, series: str) -> bool:
        """Whether it belongs to that series, or to a later one: 3.10 comes after 3.9."""
        own, first = ([int(number) for number in each.split(".")] for each in (self.series, series))
        return own >= first

    @property
    def micro(self) -> int:
        """The last number of the release; of a pre-release, that of its final release."""
        return int(self.base.rpartition(".")[2])

    @property
    def tag(self) -> str:
        return f"v{self.version}"

    @property
    def folder(self) -> str:
        """The one folder at the top of a source tarball."""
        return f"Python-{self.version}"

    @property
    def source_tarballs(self) -> tuple[str, str]:
        """The names of the source tarballs, the smaller one first."""
        return f"{self.folder}.tar.xz", f"{self.folder}.tgz"

    def urls(self, name: str) -> list[str]:
        """The addresses of a file on mirrors and on python.org.

        Raises UsageError if ``VERBATIM_PYTHON_MIRROR`` has an invalid address. Pre-releases are in their final release's folder; the documentation of each has its own.
        """
        mirrors = listed("VERBATIM_PYTHON_MIRROR")
        is_docs = name.startswith(f"python-{self.version}-docs")
        folder = f"doc/{self.version}" if is_docs else self.base
        return [f"{mirror.rstrip('/')}/{folder}/{name}" for mirror in [*mirrors, PYTHON_ORG]]


class _Published(RootModel[dict[str, dict[str, Sha256]]]):
    """Version, to file name, to SHA-256."""


class _Mirrored(RootModel[dict[str, dict[str, str]]]):
    """Version, to file name, to a path in Debian's archive that holds the same bytes."""


def unknown_release_hint(release: Release, folder: Path = RELEASES) -> str | None:
    """What to do about a release without published hashes: the nearest known version, and how to add it. None if it has some."""
    known = load_model(folder / "published.toml", _Published, _RESTORE).root
    if release.version in known:
        return None
    near = difflib.get_close_matches(release.version, known, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    return f"{guess}docs/how-to/add-a-release.md shows how to add a release"


@dataclass(frozen=True)
class Published:
    """What ``releases/`` records about the published files of one release."""

    hashes: dict[str, str]
    debian_paths: dict[str, str]

    @classmethod
    def of(cls, release: Release, folder: Path = RELEASES) -> Published:
        """Read the data; raises IntegrityError if it is damaged."""
        hashes = load_model(folder / "published.toml", _Published, _RESTORE)
        mirrored = load_model(folder / "mirrored.toml", _Mirrored, _RESTORE)
        return cls(hashes.root.get(release.version, {}), mirrored.root.get(release.version, {}))
