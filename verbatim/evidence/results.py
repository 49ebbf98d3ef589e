"""The files in ``dist/VERSION/`` beside the artifacts, all of which are written completely or not at all.

Each stage has its own statement there. The files of other stages stay, and what a build finds in the place of its own
results is moved aside.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from verbatim import console
from verbatim.compare.sums import write_sums
from verbatim.errors import IntegrityError, UsageError
from verbatim.evidence.attestation import check_belongs
from verbatim.evidence.replaced import keep_replaced, replaced_name
from verbatim.evidence.statement import BuildDefinition, Statement, file_name
from verbatim.evidence.untrusted import hash_file, read_file
from verbatim.files import is_plain
from verbatim.release import Release
from verbatim.scratch import locked, scratch
from verbatim.stages.choose import artifact_names
from verbatim.stages.plan import Artifact, Plan

SUMS = "SHA256SUMS"
BUILD_INFO = "buildinfo"

#: The endings of signatures that the signing stage, and python.org, put beside a file: OpenPGP's, a bundle of
#: Sigstore or (until 2023) its certificate and signature, and ed25519's.
SIGNATURES = (".asc", ".sigstore", ".crt", ".sig", ".ed25519")


def known_names(release: Release) -> set[str]:
    """The names of all that builds of a release put into its folder, and of their signatures."""
    stages = artifact_names(release)
    names = {name for artifacts in stages.values() for name in artifacts}
    files = {SUMS, *names, *(file_name(stage) for stage in stages)}
    return {BUILD_INFO, *files, *signature_names(files)}


def signature_names(names: Iterable[str]) -> set[str]:
    """The names that signatures of these files may have."""
    return {f"{name}{end}" for name in names for end in SIGNATURES}


def check_folder(folder: Path, release: Release) -> None:
    """Raise UsageError for an existing folder that holds anything but files that a build may find there."""
    for path in sorted(folder.iterdir()):
        if (replaced_name(path.name) or path.name) not in known_names(release):
            problem = "which no build puts there"
        elif (path.name == BUILD_INFO) != (path.is_dir() and not path.is_symlink()):
            problem = f"which is not a {'folder' if path.name == BUILD_INFO else 'file'}"
        else:
            continue
        raise UsageError(f"{folder} holds {path.name}, {problem}", "move that away, or give another --output")


def write_beside(folder: Path, stage: str, statement: Statement, info: Mapping[str, str]) -> None:
    """Write a stage's statement, and ``info``: files by name about this run, which nobody signs."""
    (folder / file_name(stage)).write_bytes(statement.encode())
    (folder / BUILD_INFO).mkdir()
    for name, text in info.items():
        (folder / BUILD_INFO / f"{stage}-{name}").write_text(text, encoding="utf-8")


def keep_info(folder: Path, name: str, text: str) -> None:
    """Write or replace a file in ``buildinfo``, completely or not at all."""
    with scratch(folder.parent) as work:
        (work / name).write_text(text, encoding="utf-8")
        with locked(folder.parent):
            (folder / BUILD_INFO).mkdir(exist_ok=True)
            os.replace(work / name, folder / BUILD_INFO / name)


def reuse_results(folder: Path, statement: Statement, plan: Plan) -> list[Artifact] | None:
    """The existing artifacts, if they are of this plan, and all match the statement; None if not."""
    if statement.definition != BuildDefinition.of(plan) or not folder.exists():
        return None
    artifacts = []
    for name, sha256 in statement.hashes.items():
        path = folder / name
        if is_plain(path) and hash_file(path) == sha256:
            artifacts.append(Artifact(path, path.stat().st_size, sha256))
    expected = {file_name(plan.stage.name): statement.encode(), SUMS: _sums(folder)}
    beside = [name for name, data in expected.items() if not _holds(folder / name, data)]
    if len(artifacts) < len(statement.hashes) or beside:
        console.warn(f"{folder} does not hold what was built there before: building again")
        return None
    return artifacts


def read_statement(release: Release, stage: str, folder: Path, artifacts: Collection[str]) -> Statement:
    """A stage's statement in a folder; it may only name these artifacts.

    Raises IntegrityError if it is invalid, or of something else; a missing file raises what the system raises.
    """
    path = folder / file_name(stage)
    statement = Statement.parse(read_file(path), str(path))
    check_belongs(statement, str(path), release, stage, artifacts)
    return statement


def check_artifacts(folder: Path, hashes: Mapping[str, str]) -> None:
    """Raise IntegrityError unless these artifacts are in a folder, as regular files with these hashes."""
    for name, sha256 in hashes.items():
        artifact = folder / name
        try:
            actual = hash_file(artifact)
        except (OSError, IntegrityError) as error:
            raise IntegrityError(f"{artifact} is missing, or not a regular file", "build again") from error
        if actual != sha256:
            raise IntegrityError(
                f"{artifact} was altered: it has SHA-256 {actual}, expected {sha256}", "build again"
            )


def _holds(path: Path, data: bytes) -> bool:
    return is_plain(path) and path.stat().st_size == len(data) and path.read_bytes() == data


def _sums(folder: Path) -> bytes:
    """SHA256SUMS for all the statements in a folder, as sha256sum(1) writes and checks it."""
    hashes: dict[str, str] = {}
    for path in sorted(folder.glob(file_name("*"))):
        statement = Statement.read(path) if is_plain(path) else None
        hashes |= statement.hashes if statement else {}
    return write_sums(hashes)


def publish(result: Path, folder: Path, former: Path, plan: Plan) -> None:
    """Move a stage's finished folder to its final path, once it is on the disk; keep the files of other stages.

    What ``folder`` has in the place of this stage's files is moved aside. Raises what `check_folder` raises.
    """
    with locked(folder.parent):
        if folder.exists():
            # Again: the build may have taken hours.
            check_folder(folder, plan.release)
            for path in _of_others(folder, plan):
                os.link(path, result / path.relative_to(folder), follow_symlinks=False)
        (result / SUMS).write_bytes(_sums(result))
        if folder.exists():
            keep_replaced(folder, result, _own_names(folder, plan))
            _keep_signatures(folder, result)
        for path in [result, *(path for path in result.rglob("*") if not path.is_symlink())]:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            os.fsync(descriptor)
            os.close(descriptor)
        if folder.exists():
            os.rename(folder, former)
        os.rename(result, folder)


def _keep_signatures(folder: Path, result: Path) -> None:
    """Keep the existing signatures; warn of those whose files no longer have the signed bytes."""
    stale = []
    for path in sorted(folder.iterdir()):
        if path.suffix not in SIGNATURES:
            continue
        os.link(path, result / path.name, follow_symlinks=False)
        signed, made = folder / path.stem, result / path.stem
        if is_plain(signed) and is_plain(made) and hash_file(signed) != hash_file(made):
            stale.append(path.name)
    if stale:
        console.warn(
            f"{folder}: the new build differs from what was signed, so these signatures do not fit it: {', '.join(stale)}"
        )


def _own_names(folder: Path, plan: Plan) -> set[str]:
    """The names of this stage's files, also those of a former build of it, and of what is made from all statements."""
    stage = plan.stage.name
    names = {*plan.stage.artifacts, *artifact_names(plan.release)[stage], file_name(stage)}
    # The list of a former build is not lost: it follows from the statements.
    return names if _holds(folder / SUMS, _sums(folder)) else names | {SUMS}


def _of_others(folder: Path, plan: Plan) -> Iterator[Path]:
    """The files of other stages, and whatever else is in ``buildinfo``."""
    stages = artifact_names(plan.release)
    for stage in stages.keys() - {plan.stage.name}:
        yield from filter(os.path.lexists, (folder / name for name in (*stages[stage], file_name(stage))))
    for path in filter(is_plain, (folder / BUILD_INFO).glob("*")):
        # One stage's name may begin with another's: the longest that matches is meant.
        matching = (stage for stage in stages if path.name.startswith(f"{stage}-"))
        if max(matching, key=len, default="") != plan.stage.name:
            yield path
