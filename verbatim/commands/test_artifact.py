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

#: Who uses the tree, which is not who has built it; with what every system has, memory that processes share.
_USER = BuildConditions(
    uid=1001,
    gid=1001,
    user="user",
    group="user",
    file_systems={"/dev/shm": 1 << 30, "/tmp": 1 << 30},  # noqa: S108
)
#: Where it lies, below /in: nowhere near where it was built, and not easily.
_PLACE = "añother place"

_PIP = re.compile(r"^verdict (venv|wheel|sdist) (passed|failed)$", re.MULTILINE)
_STEPS = ("venv", "wheel", "sdist")
#: Of the recipe's, what says whether a tree runs.
_SCRIPT = "runs.py"
#: The recipe's status if what is chosen or left out is not there.
_UNKNOWN = 3


@dataclass(frozen=True)
class SuiteResult:
    """What the tests of one archive found."""

    target: str
    #: The archive, and its SHA-256.
    name: str
    sha256: str
    #: What the user chose; empty for all.
    chosen: Sequence[str]
    #: Of CPython's own tests; None if none were asked for.
    summary: Summary | None
    #: Whether pip could do what it should, by what that is; empty if it was not asked.
    pip: Mapping[str, bool]
    #: Whether it runs in other roots, by their names; empty if that was not asked.
    roots: Mapping[str, bool]
    left_out: Sequence[ExcludedTest]
    #: How long it took.
    seconds: float
    log: Path

    @property
    def passed(self) -> bool:
        """Whether all of it did."""
        summary = self.summary
        is_good = summary is None or (summary.succeeded and not summary.failed and not summary.omitted)
        return is_good and all(self.pip.values()) and all(self.roots.values())

    def refuse_failure(self) -> None:
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
    """The SHA-256 of the archive with a target's tree, once it is seen to be what its statement says.

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

    Raises UsageError, IntegrityError or CapabilityError before anything is run, IntegrityError too if what is left out is
    not there any more, and BuildError if the tests come to no result. That some fail is not raised but returned.
    """
    target = suite.target
    sha256 = check_archive(release, target, folder)
    check_engines([Sandbox()])
    started = time.monotonic()
    log = folder / BUILD_INFO / f"{_stem(suite)}.log"
    with scratch(WORK.folder) as work:
        bench = _TestRun(target.tree(release), work, fetcher, limits)
        bench.unpack(folder)
        try:
            status, said = _run_in_environment(suite, bench) if suite.is_in_its_environment else (0, "")
            roots = {root.name: _runs_in(root, suite, bench) for root in suite.roots}
        finally:
            keep_info(folder, log.name, "".join(bench.said))
    _refuse_status(status, said, suite, log)
    tested = SuiteResult(
        target.name,
        f"{bench.name}.tar.xz",
        sha256,
        suite.chosen,
        read_summary(said),
        {step: verdict == "passed" for step, verdict in _PIP.findall(said)},
        roots,
        suite.left_out,
        time.monotonic() - started,
        log,
    )
    _refuse_silence(tested, suite)
    return tested


@dataclass
class _TestRun:
    """An unpacked tree, and what may be done to it."""

    name: str
    work: Path
    fetcher: Fetcher
    limits: JobLimits
    #: All that was printed, a text for each command.
    said: list[str] = field(default_factory=list)

    @property
    def tree(self) -> str:
        """Where it lies inside."""
        return f"/in/{_PLACE}/{self.name}"

    def unpack(self, folder: Path) -> None:
        """Take it out of its archive."""
        self.recipe = Recipe.load("suite").copy(self.work / "recipes")
        (self.work / "tree").mkdir()
        with console.progress(f"unpacking {self.name}.tar.xz", unit="things"):
            unpack_file(folder / f"{self.name}.tar.xz", self.work / "tree")

    def run(self, environment: Environment, argv: Sequence[str], listen: Callable[[str], None]) -> int:
        """Run a command in an environment's root; give its status. What it prints is kept whatever becomes of it."""
        root = ensure_root(environment, self.fetcher)
        place = self.work / f"run-{len(self.said)}"
        for below in ("", "output", "build"):
            (place / below).mkdir()
        job = Job(
            argv=argv,
            root=root,
            epoch=0,
            inputs={_PLACE: self.work / "tree", **self.recipe.inputs},
            output=place / "output",
            build=place / "build",
            log=place / "log",
            on_line=listen,
        )
        try:
            return Sandbox(_USER, self.limits).run(job)
        finally:
            self.said.append(job.log.read_text("utf-8", "replace"))


def _run_in_environment(suite: TargetTests, bench: _TestRun) -> tuple[int, str]:
    """CPython's own tests, and pip: the recipe's status, and what it printed."""
    with console.progress(f"testing {bench.name}", unit="things") as bar:

        def listen(line: str) -> None:
            done = reached(line)
            if done is not None:
                bar.reach(*done)

        status = bench.run(suite.environment, bench.recipe.argv(*suite.words_for(bench.tree)), listen)
    return status, bench.said[-1]


def _runs_in(environment: Environment, suite: TargetTests, bench: _TestRun) -> bool:
    """Whether it runs in another root, as a script for its interpreter says; without a shell, or anything else there."""
    argv = [*suite.interpreter(bench.tree), f"/in/recipe/{_SCRIPT}"]
    with console.progress(f"running {bench.name} in {environment.name}", unit="things"):
        return bench.run(environment, argv, lambda _: None) == 0


def _stem(suite: TargetTests) -> str:
    """What the log is called: some of the tests do not take the place of all."""
    return f"{suite.target.name}-{'some-' if suite.chosen else ''}tests"


def _refuse_status(status: int, said: str, suite: TargetTests, log: Path) -> None:
    if status == 0:
        return
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
    kind, _, name = last.partition("=")
    if status == _UNKNOWN and last in {f"choose={chosen}" for chosen in suite.chosen}:
        raise UsageError(f"--tests: this release has no {name}", f"{log} names what it has")
    if status == _UNKNOWN and last in suite.words:
        raise IntegrityError(
            f"targets/{suite.target.name}/tests.toml names {name}, which this release does not have ({kind})",
            "correct it",
        )
    raise BuildError(f"the tests ended with status {status}: {last}", f"the whole log is {log}")


def _refuse_silence(tested: SuiteResult, suite: TargetTests) -> None:
    """Raise BuildError if something that was asked has no answer."""
    lacking = [step for step in _STEPS if "pip=yes" in suite.words and step not in tested.pip]
    if "suite=yes" in suite.words and tested.summary is None:
        lacking.append("regrtest")
    if lacking:
        raise BuildError(f"there is no result of {', '.join(lacking)}", f"the whole log is {tested.log}")
