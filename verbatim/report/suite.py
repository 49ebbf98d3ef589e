"""What the tests of an artifact came to: the counts, and by name what failed, passed only at last, or was left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from verbatim import console
from verbatim.testing.regrtest import Summary
from verbatim.evidence.results import keep_info
from verbatim.commands.test_artifact import Tried


def show_tested(tested: Sequence[Tried], *, as_json_: bool) -> None:
    """Print it as lines or as JSON."""
    if as_json_:
        console.result_json([as_json(each) for each in tested])
        return
    for each in tested:
        console.result(f"{each.name}  SHA-256 {each.sha256}")
        if each.summary is not None:
            _show_summary(each.summary, each)
        for step, passed in each.pip.items():
            console.result(f"pip: {step:5}  {'passed' if passed else 'failed'}")
        for root, passed in each.roots.items():
            console.result(f"in {root}: {'runs' if passed else 'does not run'}")
        console.result(
            f"{'passed' if each.passed else 'failed'} in {each.seconds / 60:.1f} min; log: {each.log}"
        )


def write_tested(tested: Tried, folder: Path) -> None:
    """Write it beside the log, in the ``buildinfo`` of a release's folder."""
    text = json.dumps(as_json(tested), indent=2, sort_keys=True) + "\n"
    keep_info(folder, f"{tested.log.stem}.json", text)


def as_json(tested: Tried) -> dict[str, object]:
    """The result for programs, and for ``buildinfo``."""
    return {
        "archive": {"name": tested.name, "sha256": tested.sha256},
        "chosen": list(tested.chosen),
        "left_out": [entry.model_dump() for entry in tested.left_out],
        "passed": tested.passed,
        "pip": dict(tested.pip),
        "roots": dict(tested.roots),
        "seconds": round(tested.seconds),
        "suite": asdict(tested.summary) if tested.summary else None,
        "target": tested.target,
    }


def _show_summary(summary: Summary, tested: Tried) -> None:
    """The counts, then the names."""
    modules = sum(not entry.tests for entry in tested.left_out)
    tests = sum(len(entry.tests) for entry in tested.left_out)
    rows = [
        ("modules", summary.passed, len(summary.failed), len(summary.skipped), modules),
        ("tests", summary.tests, len(summary.failed_tests), summary.skipped_tests, tests),
    ]
    console.result_table(
        ["", "run", "failed", "skipped", "left out"],
        [[what, *(f"{n:,}" for n in counts)] for what, *counts in rows],
    )
    for what, names in (
        ("failed", summary.failed_tests),
        ("failed", summary.failed),
        ("not reached", summary.omitted),
        ("passed when tested again", summary.again),
    ):
        for name in names:
            console.result(f"{what}: {name}")
    for entry in tested.left_out:
        console.result(f"left out: {', '.join(entry.tests) or entry.module}: {entry.reason}")
