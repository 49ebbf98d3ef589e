"""The build that has nothing to do, as a user starts it, with all that ``./invoke`` itself does."""

from __future__ import annotations

import json

from benchmarks.bench import RELEASE, Bench, run_command
from benchmarks.figure import Figure
from benchmarks.rounds import seconds
from verbatim.errors import BuildError
from verbatim.paths import PROJECT

_TIMES = 10


def measure(bench: Bench) -> list[Figure]:
    """Build, and then again with nothing changed."""
    command = [str(PROJECT / "invoke"), "build", "--version", RELEASE.version, "--json"]
    command += ["--output", str(bench.folder())]
    run_command(command)

    def rebuild() -> None:
        if not json.loads(run_command(command))["unchanged"]:
            raise BuildError("the unchanged build was made anew", "see with ./invoke build why")

    return [
        Figure(
            f"the unchanged rebuild, {_TIMES} times",
            target=2,
            values=[seconds(rebuild) for _ in range(_TIMES)],
            unit="s",
        )
    ]
