"""``python -m benchmarks``: what ``./invoke benchmark`` starts."""

from __future__ import annotations

import argparse
import os
import sys

from invoke.exceptions import Exit

from benchmarks import docs, linux, memory, rebuild, rootfs, speed, start, tarballs
from benchmarks.bench import RELEASE, Bench
from benchmarks.figure import Figure
from benchmarks.page import README, circumstances, write_table
from benchmarks.rounds import load
from verbatim import console
from verbatim.caches import WORK
from verbatim.environments.rootfs import ensure_root
from verbatim.fetch import Fetcher
from verbatim.paths import PROJECT, cache_directory
from verbatim.program import framed
from verbatim.scratch import scratch
from verbatim.stages.choose import source_stage
from verbatim.store import Store

#: What is measured for each table, in its order.
_PARTS = {
    "source": (rootfs.measure, tarballs.measure, start.measure, rebuild.measure, memory.measure),
    "docs": (docs.measure,),
    "linux": (linux.measure,),
    "speed": (speed.measure,),
}


@framed
def main() -> None:
    """Measure everything, show it, and write it down. A missed target is a result, not a failure."""
    parser = argparse.ArgumentParser("benchmarks", description="Measure side by side with the peers.")
    parser.add_argument("--stage", choices=list(_PARTS), action="append", help="all, if left out")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of what is compared")
    arguments = parser.parse_args()
    rounds, parts = max(1, arguments.rounds), arguments.stage or list(_PARTS)
    if "source" in parts:
        rootfs.check_peer()
    with scratch(WORK.folder) as work:
        stage = source_stage(RELEASE)
        fetcher = Fetcher(Store(cache_directory()), jobs=os.cpu_count() or 1)
        root = ensure_root(stage.environment, fetcher)
        bench = Bench(work, rounds, fetcher, stage, root)
        for part in parts:
            _measure(part, bench)


def _measure(part: str, bench: Bench) -> None:
    before = load()
    figures = [figure for measure in _PARTS[part] for figure in measure(bench)]
    for figure in figures:
        _show(figure)
    answers = [figure.met for figure in figures if figure.met is not None]
    console.result(f"{sum(answers)} of {len(answers)} targets are met")
    rounds = max(len(figure.values) for figure in figures if figure.beside)
    write_table(part, figures, circumstances(rounds, [before, load()]))
    console.note(f"written to {README.relative_to(PROJECT)}")


def _show(figure: Figure) -> None:
    what, beside, median, spread, target, _, _ = figure.columns
    against = f" against {beside}" if beside else ""
    between = f" ({spread})" if spread else ""
    said = {True: f"met, {target}", False: f"MISSED, {target}", None: "no target"}[figure.met]
    console.result(f"{what}{against}: {median}{between}: {said}")


if __name__ == "__main__":
    try:
        main()
    except Exit as end:
        sys.exit(end.code)
