"""The statement of a build, for whatever went in and came out."""

from __future__ import annotations

from pathlib import Path

from verbatim.evidence.statement import BuildDefinition, Statement
from verbatim.release import Release
from verbatim.sources.source import Identity
from verbatim.stages.choose import source_stage
from verbatim.stages.plan import Artifact, Plan

RELEASE = Release.parse("3.99.0")
GIT = Identity("git", "cpython", {"gitTree": "2" * 40, "gitCommit": "1" * 40})
TARBALL = Identity("tarball", "Python-3.99.0.tgz", {"sha256": "3" * 64})
HASHES = {"Python-3.99.0.tgz": "a" * 64, "Python-3.99.0.tar.xz": "b" * 64}


def statement_of(source: Identity = GIT, folder: Path = Path("/nowhere")) -> Statement:
    plan = Plan(RELEASE, source, source_stage(RELEASE))
    artifacts = [Artifact(folder / name, 1, sha256) for name, sha256 in HASHES.items()]
    return Statement.of(BuildDefinition.of(plan), artifacts)
