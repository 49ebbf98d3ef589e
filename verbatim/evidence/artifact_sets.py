"""Opens one of two builds to compare: a folder of results, a SHA256SUMS file, a statement, or one file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from verbatim import console
from verbatim.compare.archives import uncompressed_name
from verbatim.compare.comparison import File, some
from verbatim.compare.pairs import ArtifactSet
from verbatim.compare.sums import parse_sums
from verbatim.errors import UndecidedError, UsageError
from verbatim.evidence.results import BUILD_INFO, SUMS, signature_names
from verbatim.evidence.statement import Statement, file_name
from verbatim.evidence.untrusted import read_file
from verbatim.files import open_regular

_STATEMENT = file_name("")


def open_artifacts(path: Path) -> ArtifactSet:
    """Hash the artifacts at a path, or read their hashes.

    Raises UsageError if there are no artifacts, IntegrityError for anything that is not a regular
    file, and for a list of hashes or a statement that is not valid.
    """
    try:
        if path.is_dir():
            return _folder(path)
        if path.name.endswith(SUMS):
            return _listed(parse_sums(read_file(path), str(path)))
        if path.name.endswith(_STATEMENT):
            return _listed(Statement.parse(read_file(path), str(path)).hashes)
        return ArtifactSet({path.name: _plain(path)}, is_single=True)
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} does not exist", "name a folder of results, SHA256SUMS, a statement, or an archive"
        ) from error


def open_given(path: Path, wanted: Collection[str]) -> ArtifactSet:
    """The files that a user has downloaded: from a folder only those with ``wanted`` names, or the one file named.

    Other files in the folder are ignored, and counted in a note. Raises UndecidedError if none of the wanted names is
    there, and what `open_artifacts` raises.
    """
    if path.is_dir():
        names = {entry.name for entry in path.iterdir()}
        _say_passed_over(path, names.difference(wanted), wanted)
        artifacts = ArtifactSet({name: _plain(path / name) for name in sorted(names.intersection(wanted))})
    else:
        artifacts = open_artifacts(path)
    if artifacts.is_single or any(name in artifacts.files for name in wanted):
        return artifacts
    raise UndecidedError(
        f"nothing in {path} was examined: it does not have {some(sorted(wanted))}",
        "if the file has another name, name it itself",
    )


def _say_passed_over(folder: Path, names: Collection[str], wanted: Collection[str]) -> None:
    """Note what was ignored; names that resemble the release's come first."""
    if names:
        stems = tuple(uncompressed_name(name).removesuffix(".tar") for name in wanted)
        ordered = sorted(names, key=lambda name: (not name.startswith(stems), name))
        console.note(f"{folder}: {len(names):,} other files were ignored: {some(ordered)}")


def _listed(hashes: Mapping[str, str]) -> ArtifactSet:
    return ArtifactSet({name: File(name, sha256) for name, sha256 in hashes.items()})


def _folder(folder: Path) -> ArtifactSet:
    """The artifacts in a folder, without the statements, signatures and other files of a folder of results."""
    names = sorted(path.name for path in folder.iterdir())
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
