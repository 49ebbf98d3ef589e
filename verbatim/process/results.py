"""What lies in ``dist/VERSION/`` beside the artifacts; and that it gets there whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from verbatim import console
from verbatim.build.plan import Artifact, Plan
from verbatim.digest import sha256_file
from verbatim.evidence.statement import FILE_NAME, BuildDefinition, Statement
from verbatim.scratch import locked

_SUMS = "SHA256SUMS"
_BUILD_INFO = "buildinfo"

#: The names of what is not an artifact there.
BESIDE = (_SUMS, FILE_NAME, _BUILD_INFO)


def write_beside(folder: Path, statement: Statement, info: Mapping[str, str]) -> None:
    """Write the sums, the statement, and what is particular to this run, which nobody signs, by file name."""
    (folder / _SUMS).write_bytes(_sums(statement))
    (folder / FILE_NAME).write_bytes(statement.encode())
    (folder / _BUILD_INFO).mkdir()
    for name, text in info.items():
        (folder / _BUILD_INFO / name).write_text(text, encoding="utf-8")


def verified(folder: Path, statement: Statement, plan: Plan) -> list[Artifact] | None:
    """The artifacts that are there, if they are of this plan, and all as the statement says; None if not."""
    if statement.definition != BuildDefinition.of(plan) or not folder.exists():
        return None
    artifacts = []
    for name, sha256 in statement.hashes.items():
        path = folder / name
        if _is_plain(path) and sha256_file(path) == sha256:
            artifacts.append(Artifact(path, path.stat().st_size, sha256))
    expected = {_SUMS: _sums(statement), FILE_NAME: statement.encode()}
    beside = [
        name
        for name, data in expected.items()
        if not _is_plain(folder / name) or (folder / name).read_bytes() != data
    ]
    if len(artifacts) < len(statement.hashes) or beside:
        console.warn(f"{folder} is not what was built there before: building anew")
        return None
    return artifacts


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _sums(statement: Statement) -> bytes:
    """As sha256sum(1) writes and checks them."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in statement.hashes.items()).encode()


def publish(result: Path, folder: Path, former: Path) -> None:
    """Put the finished folder where it belongs, after it has reached the disk."""
    for path in [*result.rglob("*"), result]:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    with locked(folder.parent):
        if folder.exists():
            os.rename(folder, former)
        os.rename(result, folder)
