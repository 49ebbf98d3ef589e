"""A target's results that no build made: what a test likes, with a statement of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from verbatim.digest import sha256_bytes
from verbatim.evidence.statement import BuildDefinition, Statement, file_name
from verbatim.release import Release
from verbatim.sources.source import Identity
from verbatim.stages.choose import target_stage
from verbatim.stages.plan import Artifact, Plan

RELEASE = Release.parse("3.13.5")
TARGET = "linux-x86_64"
TREE = "cpython-3.13.5-x86_64-linux-gnu"
ARCHIVE = f"{TREE}.tar.xz"


def made_artifacts(target: str, folder: Path, contents: Mapping[str, bytes]) -> tuple[Plan, Statement]:
    """A target's artifacts in a folder, with contents by their names, nonsense if left out; what they are said to be."""
    stage = target_stage(target, RELEASE)
    plan = Plan(RELEASE, Identity("tarball", "Python-3.13.5.tgz", {"sha256": "3" * 64}), stage)
    artifacts = []
    for name in stage.artifacts:
        content = contents.get(name, name.encode())
        (folder / name).write_bytes(content)
        artifacts.append(Artifact(folder / name, len(content), sha256_bytes(content)))
    return plan, Statement.of(BuildDefinition.of(plan), artifacts)


def made_results(output: Path, contents: Mapping[str, bytes]) -> Path:
    """The folder of 3.13.5 below ``output``, with such artifacts of `TARGET`, and their statement."""
    folder = output / RELEASE.version
    folder.mkdir(parents=True)
    _, statement = made_artifacts(TARGET, folder, contents)
    (folder / file_name(TARGET)).write_bytes(statement.encode())
    return folder
