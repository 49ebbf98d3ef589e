"""What the user names as one of two builds: a folder of results, a SHA256SUMS file, a statement, or one file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from verbatim import console
from verbatim.compare.archives import archive_kind, uncompressed_name
from verbatim.compare.comparison import File, some
from verbatim.compare.sums import parse_sums
from verbatim.errors import UndecidedError, UsageError
from verbatim.evidence.statement import Statement, file_name
from verbatim.evidence.untrusted import read_file
from verbatim.files import open_regular
from verbatim.evidence.results import BUILD_INFO, SUMS, signature_names

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


def open_given(path: Path, wanted: Collection[str]) -> Side:
    """What a user has downloaded: of a folder, or of a list of hashes, the ``wanted`` names alone; of one file, that file.

    Whatever else is in the folder is let be, and counted aloud. Raises UndecidedError if none of the wanted names is
    there, and what `open_side` raises.
    """
    if path.is_dir():
        names = {entry.name for entry in path.iterdir()}
        _say_passed_over(path, names.difference(wanted), wanted)
        side = Side({name: _plain(path / name) for name in sorted(names.intersection(wanted))})
    else:
        side = open_side(path)
    if side.is_single or any(name in side.files for name in wanted):
        return side
    raise UndecidedError(
        f"nothing in {path} was examined: it has no {some(sorted(wanted))}",
        "name a file itself if it is called something else",
    )


def _say_passed_over(folder: Path, names: Collection[str], wanted: Collection[str]) -> None:
    """What looks like a file of the release, but is not called so, comes first."""
    if names:
        stems = tuple(uncompressed_name(name).removesuffix(".tar") for name in wanted)
        ordered = sorted(names, key=lambda name: (not name.startswith(stems), name))
        console.note(f"{folder}: {len(names):,} others were not looked at: {some(ordered)}")


def _listed(hashes: Mapping[str, str]) -> Side:
    return Side({name: File(name, sha256) for name, sha256 in hashes.items()})


def _folder(folder: Path) -> Side:
    """The artifacts in a folder; what is beside them in one of results is not compared, signatures included."""
    names = sorted(path.name for path in folder.iterdir())
    signatures = [name for name in names if name in signature_names(names)]
    beside = {BUILD_INFO, SUMS, *signatures, *(name for name in names if name.endswith(_STATEMENT))}
    artifacts = [name for name in names if name not in beside]
    if not artifacts:
        raise UsageError(f"{folder} holds no artifacts", "name a folder of results")
    if signatures:
        console.note(f"{folder}: signatures are not compared: {some(signatures)}")
    return Side({name: _plain(folder / name) for name in artifacts})


def _plain(path: Path) -> File:
    """A file, hashed; raises IntegrityError for a link, a folder or a device, which may be anything by and by."""
    with open_regular(path) as file:
        return File(path.name, hashlib.file_digest(file, "sha256").hexdigest(), path)
