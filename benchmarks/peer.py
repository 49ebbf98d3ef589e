"""Running a peer's script in a root of ours, with the tools that our recipe has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from verbatim.engines.conditions import BuildConditions
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.rootfs import Root
from verbatim.errors import BuildError
from verbatim.sources.source import Prepared

PEERS = Path(__file__).parent / "peers"

#: As on the machines where they are at home: processes share semaphores there, and the sandbox has no such place.
_AT_HOME = BuildConditions(file_systems={"/dev/shm": 1 << 30})  # noqa: S108


def run_peer(
    script: str,
    *arguments: str,
    root: Root,
    prepared: Prepared,
    folder: Path,
    output: Path,
    more: Mapping[str, Path] | None = None,
) -> None:
    """Run one of the peers' scripts in an empty folder, with more inputs if it needs them.

    Raises BuildError, with the last line that it said, if it fails.
    """
    build = folder / "build"
    build.mkdir()
    job = Job(
        argv=["/usr/bin/bash", f"/in/peers/{script}", *arguments],
        root=root,
        epoch=prepared.epoch,
        inputs={**prepared.inputs, "peers": PEERS, **(more or {})},
        output=output,
        build=build,
        log=folder / "log",
    )
    run_well(job, Sandbox(_AT_HOME), script, "correct it")


def run_well(job: Job, engine: Sandbox, what: str, remedy: str) -> None:
    """Run a job; raises BuildError, with the last line that it said, if it fails."""
    status = engine.run(job)
    if status != 0:
        complaint = job.log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise BuildError(f"{what} ended with status {status}: {complaint}", remedy)
