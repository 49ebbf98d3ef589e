"""How a target's build is tested, as data beside the target: ``targets/NAME/tests.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from verbatim.data import load_model_like
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.errors import UsageError
from verbatim.paths import CONTAINERS, TARGETS
from verbatim.release import Release
from verbatim.stages.choose import listed
from verbatim.stages.target import Target

_FILE = "tests.toml"

#: The names in ``--tests`` that are not modules of CPython: installing with pip, and running in other roots.
PIP = "pip"
ROOTS = "roots"

#: A module as regrtest lists it, or a package that it splits; and a test by its full name in unittest.
_MODULE = re.compile(r"test_[A-Za-z0-9_]+(\.test_[A-Za-z0-9_]+)*")
ModuleName = Annotated[str, StringConstraints(pattern=rf"^{_MODULE.pattern}$")]
TestName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExcludedTest(_Strict):
    """A module that cannot pass in its environment, or single tests of one."""

    module: ModuleName
    #: Empty for all of them.
    tests: list[TestName] = []
    #: Why, in a sentence or two.
    reason: Annotated[str, StringConstraints(min_length=10)]
    #: The series of CPython that it applies to; empty for all.
    series: list[Annotated[str, StringConstraints(pattern=r"^3\.[0-9]+$")]] = []


class TestsFile(_Strict):
    """The fields of ``tests.toml``, which may name a base for those that it lacks."""

    #: The environment that the tests run in.
    environment: str
    #: The command for the tree's interpreter; ``{tree}`` is replaced by the tree's path.
    command: Annotated[list[str], Field(min_length=1)]
    #: QEMU's program for another machine: the tests start interpreters, which the kernel cannot run.
    emulator: Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_./-]+)?$")] = ""
    #: Whether one interpreter can start others: if not, modules are tested one by one, and pip is not tested.
    processes: bool = True
    #: Whether pip is tested, which needs a compiler for that machine.
    pip: bool = True
    #: Other environments in which it must run; no tests are run there.
    roots: list[str] = []
    #: Only these modules; all if empty.
    modules: list[ModuleName] = []
    left_out: list[ExcludedTest] = []


@dataclass(frozen=True)
class TargetTests:
    """The tests of a target's tree, and how they are run."""

    target: Target
    environment: Environment
    #: The command for the tree's interpreter, as in the file.
    command: tuple[str, ...]
    #: The recipe's other arguments.
    words: tuple[str, ...]
    left_out: tuple[ExcludedTest, ...]
    #: The other environments in which it must run.
    roots: tuple[Environment, ...] = ()
    #: What the user chose; empty for all.
    chosen: tuple[str, ...] = ()

    @classmethod
    def load(
        cls,
        target: str,
        release: Release,
        chosen: Sequence[str] = (),
        *,
        targets: Path = TARGETS,
        containers: Path = CONTAINERS,
    ) -> TargetTests:
        """Read a target's file, for a release and the chosen modules, which may include ``pip`` and ``roots``.

        Raises UsageError if a chosen module is left out, IntegrityError if the file is not valid.
        """
        path = targets / target / _FILE
        file = load_model_like(path, TestsFile, "correct it", targets / "bases")
        known = {entry.module for entry in file.left_out if not entry.tests}
        refused = sorted(known.intersection(chosen))
        if refused:
            raise UsageError(f"--tests: {', '.join(refused)} is left out in {path}", "choose others")
        for name, is_there in ((PIP, file.processes and file.pip), (ROOTS, bool(file.roots))):
            if name in chosen and not is_there:
                raise UsageError(f"--tests: there is no {name} on {target}", "choose others")
        left_out = tuple(
            entry for entry in file.left_out if not entry.series or release.series in entry.series
        )
        return cls(
            Target.load(target, targets),
            Environment(environment_folder(file.environment, containers)),
            tuple(file.command),
            tuple(_words(file, left_out, chosen)),
            left_out,
            tuple(
                Environment(environment_folder(name, containers))
                for name in file.roots
                if not chosen or ROOTS in chosen
            ),
            tuple(chosen),
        )

    @property
    def is_in_its_environment(self) -> bool:
        """Whether anything but running in other roots is chosen."""
        return set(self.chosen) != {ROOTS}

    def words_for(self, tree: str) -> list[str]:
        """The recipe's arguments for a tree at that path."""
        return [f"tree={tree}", *(f"python={word}" for word in self.command), *self.words]

    def interpreter(self, tree: str) -> list[str]:
        """The command that starts the interpreter of a tree at that path."""
        return [word.replace("{tree}", tree) for word in self.command]


def names_with_tests(targets: Path = TARGETS) -> list[str]:
    """The names of the targets that have tests, sorted."""
    return sorted(path.parent.name for path in targets.glob(f"*/{_FILE}"))


def choose_suites(
    release: Release, artifacts: str, tests: str, *, targets: Path = TARGETS, containers: Path = CONTAINERS
) -> list[TargetTests]:
    """The tests to run: ``artifacts`` are targets, ``tests`` modules, ``pip`` or ``roots``, with commas between.

    All tests if ``tests`` is empty. Raises UsageError for an unknown target, and for an invalid or repeated
    module's name; and what `TargetTests.load` does.
    """
    wanted = listed("--artifacts", artifacts, names_with_tests(targets))
    names = tests.split(",") if tests else []
    for name in names:
        if name not in (PIP, ROOTS) and not _MODULE.fullmatch(name):
            raise UsageError(
                f"--tests: {name!r} is not a test module", "name such as test_json, or pip, or roots"
            )
    if len(set(names)) < len(names):
        raise UsageError(f"--tests {tests} names one twice", "name each once")
    return [
        TargetTests.load(target, release, names, targets=targets, containers=containers) for target in wanted
    ]


def _words(file: TestsFile, left_out: Sequence[ExcludedTest], chosen: Sequence[str]) -> Iterator[str]:
    modules = [name for name in chosen if name not in (PIP, ROOTS)]
    if file.emulator:
        yield f"emulator={file.emulator}"
    if file.processes:
        yield "processes=yes"
        if file.pip and (not chosen or PIP in chosen):
            yield f"{PIP}=yes"
    if modules or not chosen:
        yield "suite=yes"
    yield from (f"choose={name}" for name in modules or file.modules)
    for entry in left_out:
        if entry.tests:
            yield from (f"ignore={entry.module}:{test}" for test in entry.tests)
        else:
            yield f"leave={entry.module}"
