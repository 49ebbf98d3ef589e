"""``invoke test-artifact``: what was built is unpacked elsewhere, and tested by CPython's own suite and by pip."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from verbatim import console
from verbatim.archive.unpack import unpack_file
from verbatim.caches import WORK
from verbatim.commands.build import check_engines
from verbatim.engines.conditions import BuildConditions
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import ensure_root
from verbatim.errors import BuildError, IntegrityError, MismatchError, UsageError
from verbatim.evidence.results import BUILD_INFO, check_artifacts, keep_info, read_statement
from verbatim.evidence.statement import file_name
from verbatim.fetch import Fetcher
from verbatim.release import Release
from verbatim.sandboxing.limits import JobLimits
from verbatim.scratch import scratch
from verbatim.stages.recipe import Recipe
from verbatim.stages.target import Target
from verbatim.testing.regrtest import Summary, reached, read_summary
from verbatim.testing.suite import ExcludedTest, TargetTests

#: Four hours, 64 MB of log, 4 GB in 400,000 files.
LIMITS = JobLimits(seconds=4 * 3600, output_bytes=64 << 20, space=4 << 30, files=400_000)

#: The user of the tree, who is not its builder; with shared memory, which every system has.
_USER = BuildConditions(
    uid=1001,
    gid=1001,
    user="user",
    group="user",
    file_systems={"/dev/shm": 1 << 30, "/tmp": 1 << 30},  # noqa: S108
)
#: The tree's folder below /in: far from where it was built, and hard to handle (a space, a non-ASCII letter).
_TREE_FOLDER = "añother place"

_PIP = re.compile(r"^verdict (venv|wheel|sdist) (passed|failed)$", re.MULTILINE)
_STEPS = ("venv", "wheel", "sdist")
#: The recipe's script that checks whether a tree runs.
_SCRIPT = "runs.py"
#: The recipe's status if a chosen or left out test does not exist.
_UNKNOWN = 3


@dataclass(frozen=True)
class SuiteResult:
    """Results of the tests of one archive."""

    target: str
    #: The archive, and its SHA-256.
    name: str
    sha256: str
    #: What the user chose; empty for all.
    chosen: Sequence[str]
    #: Of CPython's own tests; None if none were asked for.
    summary: Summary | None
    #: By pip's step, whether it succeeded; empty if pip was not tested.
    pip: Mapping[str, bool]
    #: By the name of another root, whether it runs there; empty if that was not tested.
    roots: Mapping[str, bool]
    left_out: Sequence[ExcludedTest]
    #: The duration.
    seconds: float
    log: Path

    @property
    def passed(self) -> bool:
        """Whether every test did."""
        summary = self.summary
        is_good = summary is None or (summary.succeeded and not summary.failed and not summary.omitted)
        return is_good and all(self.pip.values()) and all(self.roots.values())

    def raise_for_failure(self) -> None:
        """Raise MismatchError if a test failed."""
        if self.passed:
            return
        summary = self.summary
        names = [f"pip ({step})" for step, passed in self.pip.items() if not passed]
        names += [f"in {root}" for root, passed in self.roots.items() if not passed]
        if summary is not None:
            names += [*summary.failed, *summary.omitted]
        raise MismatchError(
            f"{self.name} fails its tests: {', '.join(names[:5]) or 'as regrtest says'}{' …' if len(names) > 5 else ''}",
            f"the whole log is {self.log}",
        )


def check_archive(release: Release, target: Target, folder: Path) -> str:
    """The SHA-256 of the archive with a target's tree, checked against its statement.

    Raises UsageError if it was not built, IntegrityError if it was altered.
    """
    name = f"{target.tree(release)}.tar.xz"
    try:
        statement = read_statement(release, target.name, folder, target.artifacts(release))
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder} has no statement of {target.name}",
            f"build it first: ./invoke build --version {release.version} --artifacts {target.name}",
        ) from error
    sha256 = statement.hashes.get(name)
    if sha256 is None:
        raise IntegrityError(f"{folder / file_name(target.name)} does not name {name}", "build again")
    check_artifacts(folder, {name: sha256})
    return sha256


def run_suite(
    release: Release, suite: TargetTests, folder: Path, fetcher: Fetcher, *, limits: JobLimits = LIMITS
) -> SuiteResult:
    """Test the tree that was built for a target; ``folder`` is the release's, and gets the log.

    Raises UsageError, IntegrityError or CapabilityError before anything is run, IntegrityError also if a left out test
    no longer exists, and BuildError if the tests give no result. Failures are returned, not raised.
    """
    target = suite.target
    sha256 = check_archive(release, target, folder)
    check_engines([Sandbox()])
    started = time.monotonic()
    log = folder / BUILD_INFO / f"{_stem(suite)}.log"
    with scratch(WORK.folder) as work:
        test_run = _TestRun(target.tree(release), work, fetcher, limits)
        test_run.unpack(folder)
        try:
            status, output = _run_in_environment(suite, test_run) if suite.is_in_its_environment else (0, "")
            roots = {root.name: _runs_in(root, suite, test_run) for root in suite.roots}
        finally:
            keep_info(folder, log.name, "".join(test_run.outputs))
    _refuse_status(status, output, suite, log)
    tested = SuiteResult(
        target.name,
        f"{test_run.name}.tar.xz",
        sha256,
        suite.chosen,
        read_summary(output),
        {step: verdict == "passed" for step, verdict in _PIP.findall(output)},
        roots,
        suite.left_out,
        time.monotonic() - started,
        log,
    )
    _refuse_missing_results(tested, suite)
    return tested


@dataclass
class _TestRun:
    """An unpacked tree, and the runs of commands on it."""

    name: str
    work: Path
    fetcher: Fetcher
    limits: JobLimits
    #: What each command printed.
    outputs: list[str] = field(default_factory=list)

    @property
    def tree(self) -> str:
        """The tree's path inside the sandbox."""
        return f"/in/{_TREE_FOLDER}/{self.name}"

    def unpack(self, folder: Path) -> None:
        """Unpack the tree, and copy the recipe that tests it."""
        self.recipe = Recipe.load("suite").copy(self.work / "recipes")
        (self.work / "tree").mkdir()
        with console.progress(f"unpacking {self.name}.tar.xz", unit="things"):
            unpack_file(folder / f"{self.name}.tar.xz", self.work / "tree")

    def run(self, environment: Environment, argv: Sequence[str], listen: Callable[[str], None]) -> int:
        """Run a command in an environment's root; give its status. Its output is kept even if it fails."""
        root = ensure_root(environment, self.fetcher)
        folder = self.work / f"run-{len(self.outputs)}"
        for below in ("", "output", "build"):
            (folder / below).mkdir()
        job = Job(
            argv=argv,
            root=root,
            epoch=0,
            inputs={_TREE_FOLDER: self.work / "tree", **self.recipe.inputs},
            output=folder / "output",
            build=folder / "build",
            log=folder / "log",
            on_line=listen,
        )
        try:
            return Sandbox(_USER, self.limits).run(job)
        finally:
            self.outputs.append(job.log.read_text("utf-8", "replace"))


def _run_in_environment(suite: TargetTests, test_run: _TestRun) -> tuple[int, str]:
    """Run CPython's own tests, and pip; give the recipe's status and its output."""
    with console.progress(f"testing {test_run.name}", unit="things") as bar:

        def listen(line: str) -> None:
            done = reached(line)
            if done is not None:
                bar.reach(*done)

        status = test_run.run(
            suite.environment, test_run.recipe.argv(*suite.words_for(test_run.tree)), listen
        )
    return status, test_run.outputs[-1]


def _runs_in(environment: Environment, suite: TargetTests, test_run: _TestRun) -> bool:
    """Whether it runs in another root, according to a script for its interpreter; no shell is needed there."""
    argv = [*suite.interpreter(test_run.tree), f"/in/recipe/{_SCRIPT}"]
    with console.progress(f"running {test_run.name} in {environment.name}", unit="things"):
        return test_run.run(environment, argv, lambda _: None) == 0


def _stem(suite: TargetTests) -> str:
    """The log's name without its ending: a run of some tests does not replace that of all."""
    return f"{suite.target.name}-{'some-' if suite.chosen else ''}tests"


def _refuse_status(status: int, output: str, suite: TargetTests, log: Path) -> None:
    if status == 0:
        return
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "it printed nothing")
    kind, _, name = last.partition("=")
    if status == _UNKNOWN and last in {f"choose={chosen}" for chosen in suite.chosen}:
        raise UsageError(f"--tests: this release has no {name}", f"{log} names what it has")
    if status == _UNKNOWN and last in suite.words:
        raise IntegrityError(
            f"targets/{suite.target.name}/tests.toml names {name}, which this release does not have ({kind})",
            "correct it",
        )
    raise BuildError(f"the tests ended with status {status}: {last}", f"the whole log is {log}")


def _refuse_missing_results(tested: SuiteResult, suite: TargetTests) -> None:
    """Raise BuildError if a requested test has no result."""
    lacking = [step for step in _STEPS if "pip=yes" in suite.words and step not in tested.pip]
    if "suite=yes" in suite.words and tested.summary is None:
        lacking.append("regrtest")
    if lacking:
        raise BuildError(f"there is no result of {', '.join(lacking)}", f"the whole log is {tested.log}")
