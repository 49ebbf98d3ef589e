"""Opens one of two builds to compare: a folder of results, a SHA256SUMS file, a statement, or one file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from verbatim import console
from verbatim.compare.archives import uncompressed_name
from verbatim.compare.comparison import File, some
from verbatim.compare.pairs import ArtifactSet, Given
from verbatim.compare.recognition import recognized
from verbatim.compare.sums import parse_sums
from verbatim.errors import UndecidedError, UsageError
from verbatim.evidence.replaced import replaced_name
from verbatim.evidence.results import BUILD_INFO, SUMS, signature_names
from verbatim.evidence.statement import Statement, file_name
from verbatim.evidence.untrusted import read_file
from verbatim.files import open_regular
from verbatim.release import is_version

_STATEMENT = file_name("")


def open_artifacts(path: Path) -> ArtifactSet:
    """Hash the artifacts at a path, or read their hashes.

    Raises UsageError if there are no artifacts, IntegrityError for anything that is not a regular
    file, and for a list of hashes or a statement that is not valid.
    """
    try:
        if path.is_dir():
            return _releases(path) or _folder(path)
        if path.name.endswith(SUMS):
            return _listed(parse_sums(read_file(path), str(path)))
        if path.name.endswith(_STATEMENT):
            return _listed(Statement.parse(read_file(path), str(path)).hashes)
        return ArtifactSet({path.name: _plain(path)}, is_single=True)
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} does not exist", "name a folder of results, SHA256SUMS, a statement, or an archive"
        ) from error


def open_given(paths: Sequence[Path], wanted: Collection[str]) -> Given:
    """The files that a user has downloaded, each by the ``wanted`` artifact that it stands for, whatever it is called.

    Other files in a folder are ignored, and counted in a note. Raises UndecidedError if a file that was named, or every file of
    a folder, stands for no wanted artifact, and what `open_artifacts` raises.
    """
    given: dict[str, list[File]] = {}
    is_single = True
    for path in paths:
        found, is_one = (_in_folder(path, wanted), False) if path.is_dir() else _at(path, wanted)
        is_single &= is_one
        if not found:
            raise UndecidedError(
                f"nothing in {path} was examined: it does not have {some(sorted(wanted))}",
                "name a file that is one of these, whatever it is called",
            )
        for name, file in found:
            given.setdefault(name, []).append(file)
    return Given(given, is_single)


def _in_folder(folder: Path, wanted: Collection[str]) -> list[tuple[str, File]]:
    names = {entry: _stands_for(entry, wanted) for entry in sorted(folder.iterdir())}
    _note_ignored(folder, [entry.name for entry, name in names.items() if name is None], wanted)
    return [(name, _plain(entry)) for entry, name in names.items() if name is not None]


def _at(path: Path, wanted: Collection[str]) -> tuple[list[tuple[str, File]], bool]:
    """One file, or those that a list of hashes or a statement names; and whether it is one file."""
    artifacts = open_artifacts(path)
    files = [
        (recognized(file.path, wanted) or name if artifacts.is_single and file.path else name, file)
        for name, file in artifacts.files.items()
    ]
    return [(name, file) for name, file in files if name in wanted], artifacts.is_single


def _stands_for(entry: Path, wanted: Collection[str]) -> str | None:
    """The artifact that an entry of a folder stands for; a link, a device or a pipe is not opened to find out."""
    if entry.name in wanted:
        return entry.name
    if replaced_name(entry.name) is not None:
        return None
    return recognized(entry, wanted) if entry.is_file() and not entry.is_symlink() else None


def _note_ignored(folder: Path, names: Collection[str], wanted: Collection[str]) -> None:
    """Note what was ignored; names that resemble the release's come first."""
    if names:
        stems = tuple(uncompressed_name(name).removesuffix(".tar") for name in wanted)
        ordered = sorted(names, key=lambda name: (not name.startswith(stems), name))
        console.note(f"{folder}: {len(names):,} other files were ignored: {some(ordered)}")


def _listed(hashes: Mapping[str, str]) -> ArtifactSet:
    return ArtifactSet({name: File(name, sha256) for name, sha256 in hashes.items()})


def _releases(folder: Path) -> ArtifactSet | None:
    """The artifacts of all releases in a folder that has a folder of results for each, and nothing else; None for another.

    Their names begin with the version and a slash.
    """
    entries = sorted(folder.iterdir())
    if not entries or not all(is_version(entry.name) and entry.is_dir() for entry in entries):
        return None
    sets = {entry.name: _folder(entry) for entry in entries}
    files = [
        (f"{version}/{name}", file)
        for version, artifacts in sets.items()
        for name, file in artifacts.files.items()
    ]
    return ArtifactSet({name: replace(file, name=name) for name, file in files})


def _folder(folder: Path) -> ArtifactSet:
    """The artifacts in a folder, without the statements, signatures and other files of a folder of results."""
    names = sorted(path.name for path in folder.iterdir() if replaced_name(path.name) is None)
    signatures = [name for name in names if name in signature_names(names)]
    beside = {BUILD_INFO, SUMS, *signatures, *(name for name in names if name.endswith(_STATEMENT))}
    artifacts = [name for name in names if name not in beside]
    if not artifacts:
        raise UsageError(f"{folder} holds no artifacts", "name a folder of results")
    if signatures:
        console.note(f"{folder}: signatures are not compared: {some(signatures)}")
    return ArtifactSet({name: _plain(folder / name) for name in artifacts})


def _plain(path: Path) -> File:
    """A file, hashed; raises IntegrityError for a link, a folder or a device, whose content may change."""
    with open_regular(path) as file:
        return File(path.name, hashlib.file_digest(file, "sha256").hexdigest(), path)
