"""How long each engine takes to start."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.rounds import seconds
from verbatim.engines.choose import engine
from verbatim.engines.protocol import Job
from verbatim.errors import BuildError

#: How often, and the target in milliseconds, by the engine's name.
_ENGINES = {"sandbox": (50, 50), "docker": (10, None), "nix": (10, None)}


def measure(bench: Bench) -> list[Figure]:
    """From the call to its return, with a program that does nothing."""
    return [_figure(bench, name, times, target) for name, (times, target) in _ENGINES.items()]


def _figure(bench: Bench, name: str, times: int, target: float | None) -> Figure:
    def start() -> float:
        folder = bench.folder()
        output, build = folder / "output", folder / "build"
        output.mkdir()
        build.mkdir()
        job = Job(["/usr/bin/true"], bench.root, 0, {}, output, build, folder / "log")
        elapsed = seconds(lambda: statuses.append(engine(name).run(job)))
        if statuses[-1] != 0:
            raise BuildError(f"/usr/bin/true ended with status {statuses[-1]} with {name}", "./invoke doctor")
        return elapsed

    statuses: list[int] = []
    # The first one brings the environment to where the engine keeps it.
    start()
    return Figure(
        f"starting {name}, {times} times",
        target=target,
        values=[start() * 1000 for _ in range(times)],
        unit="ms",
    )
