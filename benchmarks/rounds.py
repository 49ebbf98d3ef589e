"""Measuring side by side, in rounds, so that what disturbs the machine for a while disturbs all sides alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from verbatim import console

#: Does one run and gives the seconds that it took, without what had to be prepared or checked.
Side = Callable[[], float]


def interleaved(sides: Mapping[str, Side], rounds: int) -> dict[str, list[float]]:
    """Run every side once a round, each other round backwards, so that being the first favours none."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sorted(sides, key=list(sides).index, reverse=number % 2 == 1):
            # What the one before left unwritten is not to be written in this one's time.
            os.sync()
            seconds = sides[name]()
            times[name].append(seconds)
            console.note(f"round {number + 1} of {rounds}: {name}: {seconds:.2f} s (load {load()})")
    return times


def seconds(action: Callable[[], object]) -> float:
    """How long the action takes by the clock on the wall."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def load() -> str:
    """The machine's load over the last minute, for a reader to see whether it had other things to do."""
    return Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
