"""What the user names as one of two builds: a folder of results, a SHA256SUMS file, a statement, or one file."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from verbatim.compare.archives import archive_kind, uncompressed_name
from verbatim.compare.comparison import File
from verbatim.compare.sums import parse_sums
from verbatim.digest import sha256_file
from verbatim.errors import IntegrityError, UsageError
from verbatim.evidence.statement import Statement, file_name
from verbatim.evidence.untrusted import read_file
from verbatim.process.results import BUILD_INFO, SUMS

_STATEMENT = file_name("")


@dataclass(frozen=True)
class Side:
    """The artifacts of one build, by name."""

    files: Mapping[str, File]
    #: Whether one file was named, which may be called anything.
    is_single: bool = False

    def partner(self, name: str) -> File | None:
        """The file of that name; or, where its bytes are at hand, the same archive in another compression."""
        return self.files.get(name) or next(iter(self.siblings(name)), None)

    def siblings(self, name: str) -> list[File]:
        """The same archive in other compressions, of which the bytes are at hand, sorted by name."""
        return [
            file
            for other, file in sorted(self.files.items())
            if file.path is not None
            and other != name
            and archive_kind(other) == archive_kind(name) == "tar"
            and uncompressed_name(other) == uncompressed_name(name)
        ]


def open_side(path: Path) -> Side:
    """Hash, or read the hashes of, what is there.

    Raises UsageError if nothing of use is there, IntegrityError for links and other things that are no plain
    files, and for a list of hashes or a statement that is not as it should be.
    """
    try:
        if path.is_dir():
            return _folder(path)
        if path.name.endswith(SUMS):
            return _listed(parse_sums(read_file(path), str(path)))
        if path.name.endswith(_STATEMENT):
            return _listed(Statement.parse(read_file(path), str(path)).hashes)
        return Side({path.name: _plain(path)}, is_single=True)
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} is not there", "name a folder of results, SHA256SUMS, a statement, or an archive"
        ) from error


def _listed(hashes: Mapping[str, str]) -> Side:
    return Side({name: File(name, sha256) for name, sha256 in hashes.items()})


def _folder(folder: Path) -> Side:
    """The artifacts in a folder; what is beside them in one of results is not compared."""
    paths = [
        path
        for path in sorted(folder.iterdir())
        if path.name not in (BUILD_INFO, SUMS) and not path.name.endswith(_STATEMENT)
    ]
    if not paths:
        raise UsageError(f"{folder} holds no artifacts", "name a folder of results")
    return Side({path.name: _plain(path) for path in paths})


def _plain(path: Path) -> File:
    """A file, hashed; raises IntegrityError for a link, a folder or a device, which may be anything by and by."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise IntegrityError(f"{path} is not a plain file", "compare the files themselves")
    return File(path.name, sha256_file(path), path)
