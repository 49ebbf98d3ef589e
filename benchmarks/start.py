"""How long the sandbox takes to start."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.rounds import seconds
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.errors import BuildError

_TIMES = 50


def measure(bench: Bench) -> list[Figure]:
    """From the call to its return, with a program that does nothing."""
    folder = bench.folder()
    output, build = folder / "output", folder / "build"
    output.mkdir()
    build.mkdir()
    job = Job(
        argv=["/usr/bin/true"],
        root=bench.root,
        epoch=0,
        inputs={},
        output=output,
        build=build,
        log=folder / "log",
    )

    def start() -> None:
        status = Sandbox().run(job)
        if status != 0:
            raise BuildError(f"/usr/bin/true ended with status {status} in the sandbox", "./invoke doctor")

    return [
        Figure(
            f"starting the sandbox, {_TIMES} times",
            target=50,
            values=[seconds(start) * 1000 for _ in range(_TIMES)],
            unit="ms",
        )
    ]
