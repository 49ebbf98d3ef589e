"""Shows the tests of an artifact: counts, and the names of those that failed, passed only when repeated, or were left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from verbatim import console
from verbatim.commands.test_artifact import SuiteResult
from verbatim.evidence.results import keep_info
from verbatim.report.documents import Document, Record, Sha256, show, written
from verbatim.testing.regrtest import Summary
from verbatim.testing.suite import ExcludedTest


class ArchiveRecord(Record):
    """The archive that was tested."""

    name: str
    sha256: Sha256


class ArchiveTests(Record):
    """The tests of one target's archive. The same record is kept beside the log, in `buildinfo`."""

    target: str
    archive: ArchiveRecord
    chosen: Sequence[str] = Field(description="what `--tests` named; empty for all")
    passed: bool
    suite: Summary | None = Field(description="of CPython's own tests; null if none were run")
    pip: Mapping[str, bool] = Field(description="by pip's step, whether it succeeded")
    roots: Mapping[str, bool] = Field(description="by the name of another environment, whether it runs there")
    left_out: Sequence[ExcludedTest]
    seconds: int


class TestsDocument(Document):
    """The tests of each archive."""

    tested: Sequence[ArchiveTests]


def show_tested(tested: Sequence[SuiteResult], *, as_json: bool) -> None:
    """Print it as lines or as JSON."""
    if as_json:
        show(TestsDocument(tested=[_record(each) for each in tested]))
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


def write_tested(tested: SuiteResult, folder: Path) -> None:
    """Write the record beside the log, in the ``buildinfo`` of a release's folder."""
    keep_info(folder, f"{tested.log.stem}.json", written(_record(tested)))


def _record(tested: SuiteResult) -> ArchiveTests:
    return ArchiveTests(
        target=tested.target,
        archive=ArchiveRecord(name=tested.name, sha256=tested.sha256),
        chosen=tested.chosen,
        passed=tested.passed,
        suite=tested.summary,
        pip=tested.pip,
        roots=tested.roots,
        left_out=tested.left_out,
        seconds=round(tested.seconds),
    )


def _show_summary(summary: Summary, tested: SuiteResult) -> None:
    """Print the counts, then the names."""
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
