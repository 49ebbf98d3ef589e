"""How what is built for a target is tested, as data beside the target: ``targets/NAME/tests.toml``."""

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

#: What ``--tests`` calls that which is no module of CPython's: what pip does, and running in other roots.
PIP = "pip"
ROOTS = "roots"

#: As regrtest lists it, or a package that it takes apart; and a test by the whole name that unittest gives it.
_MODULE = re.compile(r"test_[A-Za-z0-9_]+(\.test_[A-Za-z0-9_]+)*")
ModuleName = Annotated[str, StringConstraints(pattern=rf"^{_MODULE.pattern}$")]
TestName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExcludedTest(_Strict):
    """A module that cannot pass where it is tested, or single tests of one."""

    module: ModuleName
    #: Empty for all of them.
    tests: list[TestName] = []
    #: Why, in a sentence or two.
    reason: Annotated[str, StringConstraints(min_length=10)]
    #: Those that have it; empty for all.
    series: list[Annotated[str, StringConstraints(pattern=r"^3\.[0-9]+$")]] = []


class TestsFile(_Strict):
    """The file, which may name a base for what it does not say itself."""

    #: The environment that the tests run in.
    environment: str
    #: How the tree's interpreter is started, word by word; ``{tree}`` is where it lies.
    command: Annotated[list[str], Field(min_length=1)]
    #: What runs programs for another machine, one of QEMU's: the tests start interpreters that the kernel cannot.
    emulator: Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_./-]+)?$")] = ""
    #: Whether one interpreter can start others: without, modules are tested one by one, and pip is not.
    processes: bool = True
    #: Whether pip is tested, which needs a compiler for that machine.
    pip: bool = True
    #: Other environments in which it must run, though no tests do.
    roots: list[str] = []
    #: Only these modules; all that there are if there are none.
    modules: list[ModuleName] = []
    left_out: list[ExcludedTest] = []


@dataclass(frozen=True)
class TargetTests:
    """What of a target's tree is tested, and how."""

    target: Target
    environment: Environment
    #: How the tree's interpreter is started, as in the file.
    command: tuple[str, ...]
    #: What the recipe is told beside that.
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
        """Read a target's file, for a release and what is chosen of its modules, perhaps ``pip`` and ``roots``.

        Raises UsageError if what is chosen is left out, IntegrityError if the file does not say what it should.
        """
        path = targets / target / _FILE
        said = load_model_like(path, TestsFile, "correct it", targets / "bases")
        known = {entry.module for entry in said.left_out if not entry.tests}
        refused = sorted(known.intersection(chosen))
        if refused:
            raise UsageError(f"--tests: {', '.join(refused)} is left out, as {path} says", "choose others")
        for name, is_there in ((PIP, said.processes and said.pip), (ROOTS, bool(said.roots))):
            if name in chosen and not is_there:
                raise UsageError(f"--tests: there is no {name} on {target}", "choose others")
        left_out = tuple(
            entry for entry in said.left_out if not entry.series or release.series in entry.series
        )
        return cls(
            Target.load(target, targets),
            Environment(environment_folder(said.environment, containers)),
            tuple(said.command),
            tuple(_words(said, left_out, chosen)),
            left_out,
            tuple(
                Environment(environment_folder(name, containers))
                for name in said.roots
                if not chosen or ROOTS in chosen
            ),
            tuple(chosen),
        )

    @property
    def is_in_its_environment(self) -> bool:
        """Whether anything is asked for but running in other roots."""
        return set(self.chosen) != {ROOTS}

    def words_for(self, tree: str) -> list[str]:
        """What the recipe is told of a tree that lies there."""
        return [f"tree={tree}", *(f"python={word}" for word in self.command), *self.words]

    def interpreter(self, tree: str) -> list[str]:
        """The command that starts the interpreter of a tree that lies there."""
        return [word.replace("{tree}", tree) for word in self.command]


def names_with_tests(targets: Path = TARGETS) -> list[str]:
    """The targets of which it is said how they are tested, sorted."""
    return sorted(path.parent.name for path in targets.glob(f"*/{_FILE}"))


def choose_suites(
    release: Release, artifacts: str, tests: str, *, targets: Path = TARGETS, containers: Path = CONTAINERS
) -> list[TargetTests]:
    """What is to be tested: ``artifacts`` are targets, ``tests`` modules, ``pip`` or ``roots``, with commas between.

    All tests if ``tests`` is empty. Raises UsageError for a target that is none and for what cannot be a module's name,
    or comes twice; and what `Suite.load` does.
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


def _words(said: TestsFile, left_out: Sequence[ExcludedTest], chosen: Sequence[str]) -> Iterator[str]:
    modules = [name for name in chosen if name not in (PIP, ROOTS)]
    if said.emulator:
        yield f"emulator={said.emulator}"
    if said.processes:
        yield "processes=yes"
        if said.pip and (not chosen or PIP in chosen):
            yield f"{PIP}=yes"
    if modules or not chosen:
        yield "suite=yes"
    yield from (f"choose={name}" for name in modules or said.modules)
    for entry in left_out:
        if entry.tests:
            yield from (f"ignore={entry.module}:{test}" for test in entry.tests)
        else:
            yield f"leave={entry.module}"
