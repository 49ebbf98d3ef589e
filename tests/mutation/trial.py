"""A mutant and its tests: each trial is a process of its own, forked from one that has collected all tests."""

from __future__ import annotations

import copy
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import multiprocessing
import os
import re
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

import coverage
import pytest

from tests.mutation.mutants import PACKAGE, Mutant
from verbatim.paths import PROJECT

if TYPE_CHECKING:
    from gpg_keys import Keys

TESTS = PROJECT / "signing" / "tests"
#: Modules with tests of their own, that need no Sigstore: these have to notice.
_OWN = tuple(
    f"test_signing_{name}.py" for name in ("attestations", "check", "files", "policy", "quorum", "statement")
)
_HAVE_OWN = ("statement", "attestations", "quorum", "policy", "strict")
_FORK = multiprocessing.get_context("fork")


@dataclass
class Survey:
    """Which tests run a line of a module, and how long each takes, in seconds."""

    by_line: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def tests(self, mutant: Mutant) -> set[str]:
        """Those that run what was altered; all, where that runs when it is imported."""
        lines, (first, last) = self.by_line[mutant.module], mutant.lines
        found = set[str]().union(*(lines.get(line, set()) for line in range(first, last + 1))) - {""}
        found = found or self._naming(mutant) or set(self.seconds)
        own = {test for test in found if Path(test.partition("::")[0]).name in _OWN}
        return own if own and mutant.module in _HAVE_OWN else found

    def _naming(self, mutant: Mutant) -> set[str]:
        """The tests that run a line, in whatever module, with the name of what was altered."""
        text = (PACKAGE / f"{mutant.module}.py").read_text(encoding="utf-8").splitlines()
        names = (re.match(r" {0,4}(?:def )?([A-Za-z_]\w*) ?[:=(]", line) for line in text[: mutant.lines[0]])
        name = [match[1] for match in names if match][-1]
        found = set[str]()
        for module, lines in self.by_line.items():
            text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8").splitlines()
            found.update(*(lines.get(number, ()) for number, line in enumerate(text, 1) if name in line))
        return found - {""}


class Laboratory:
    """Has pytest collect the tests of the signing stage, and runs them in processes that leave nothing behind."""

    def __init__(self, folder: Path, work: Callable[[Laboratory], None]) -> None:
        self._folder, self._work = folder, work
        self._items: dict[str, pytest.Item] = {}
        self._survey = Survey()
        self._killers: Counter[tuple[str, str]] = Counter()

    def run(self) -> None:
        """Do the work; raises RuntimeError if the tests cannot be collected."""
        sys.path.insert(0, str(TESTS))
        import gpg_keys

        (self._folder / "gpg").mkdir()
        # To make them takes a second, and each trial that needs them has a copy.
        self._keys = gpg_keys.Keys(self._folder / "gpg")
        self._keys.close()
        gpg_keys.Keys = self._copied  # type: ignore[assignment,misc]
        temporary = f"--basetemp={self._folder / 'tests'}"
        options = ("-q", "-s", "-p", "no:cacheprovider", "-m", "not integration", temporary)
        if pytest.main([*options, str(TESTS)], plugins=[self]) != 0:
            raise RuntimeError("the tests fail without any mutant, or cannot be collected")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running them all, once."""
        self._items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()
        survey = self._apart(_surveyed, self._items, patience=600)
        if not isinstance(survey, Survey):
            session.shouldfail = str(survey)
            raise session.Failed(session.shouldfail)
        self._survey = survey
        self._work(self)
        return True

    def try_out(self, mutant: Mutant, within: float) -> str:
        """Which test notices a mutant; empty if none does.

        Those go first that noticed its like, and those that take little, until they would take more than ``within`` seconds.
        """
        cost = self._survey.seconds
        order = sorted(
            self._survey.tests(mutant), key=lambda test: (-self._killers[mutant.place, test], cost[test])
        )
        seconds = 0.0
        chosen: list[pytest.Item] = []
        for test in order:
            seconds += cost[test]
            if chosen and seconds > within:
                break
            chosen.append(self._items[test])
        slowest = max(cost[item.nodeid] for item in chosen)
        killer = str(self._apart(_tried, mutant, chosen, patience=20 + 5 * slowest))
        self._killers[mutant.place, killer] += 1
        return killer

    def _apart(self, function: Callable[..., object], *arguments: object, patience: float) -> object:
        """What a function gives in another process; it may take so many seconds for each test."""
        receiving, sending = _FORK.Pipe(duplex=False)
        here = self._folder / "here"
        here.mkdir()
        process = _FORK.Process(target=_alone, args=(sending, here, function, *arguments))
        process.start()
        sending.close()
        answer: object = None
        try:
            while answer is None and receiving.poll(patience):
                answer = receiving.recv()
        except EOFError:
            answer = "it ends the process"
        finally:
            _kill_group(process.pid or 0)
            process.join()
            receiving.close()
            for name in ("tests", "here"):
                shutil.rmtree(self._folder / name, ignore_errors=True)
        return "it takes too long" if answer is None else answer

    def _copied(self, home: Path) -> Keys:
        shutil.copytree(self._keys.home, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("S.*"))
        home.chmod(0o700)
        copied = copy.copy(self._keys)
        copied.home = home
        return copied


def _alone(sending: Connection, here: Path, function: Callable[..., object], *arguments: object) -> None:
    os.setsid()
    # Some mutants forget which folder something belongs to.
    os.chdir(here)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    sending.send(function(lambda: sending.send(None), *arguments))


def _kill_group(process: int) -> None:
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        # Not even the first of them has a group yet, or none is left.
        os.kill(process, signal.SIGKILL)


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


class _Failures:
    """Notes which tests fail."""

    def __init__(self, items: Iterable[pytest.Item]) -> None:
        self.names: list[str] = []
        for item in items:
            item.config.pluginmanager.register(self)
            break

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.names.append(report.nodeid)


def _surveyed(done: Callable[[], None], items: dict[str, pytest.Item]) -> object:
    survey, failures = Survey(), _Failures(items.values())
    measured = coverage.Coverage(data_file=None, include=[f"{PACKAGE}/*"], config_file=False)
    measured.start()
    # All is done as with a mutant: so it is not that which makes tests fail.
    _put_in_place(Mutant("check", "", (1, 1), (PACKAGE / "check.py").read_text(encoding="utf-8")))
    for item, following in _with_next(list(items.values())):
        measured.switch_context(item.nodeid)
        start = time.monotonic()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        survey.seconds[item.nodeid] = time.monotonic() - start
        done()
    measured.stop()
    data = measured.get_data()
    for path in data.measured_files():
        lines = data.contexts_by_lineno(path)
        survey.by_line[Path(path).stem] = {line: set(tests) for line, tests in lines.items()}
    return failures.names or survey


def _tried(done: Callable[[], None], mutant: Mutant, items: Sequence[pytest.Item]) -> str:
    try:
        _put_in_place(mutant)
    except Exception as error:  # noqa: BLE001 - whatever it does when it is imported
        return f"it cannot be imported: {error!r}"
    failures = _Failures(items)
    for item, following in _with_next(items):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        done()
        if failures.names:
            return failures.names[0]
    return ""


def _put_in_place(mutant: Mutant) -> None:
    """Import the package anew, with a mutant in it, and let the tests know only that."""
    known = [module for module in sys.modules.values() if getattr(module, "__file__", None)]
    tests = [module for module in known if Path(module.__file__ or "").parent == TESTS]
    for name in [name for name in sys.modules if name.partition(".")[0] == "verbatim_sign"]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant))
    for module in tests:
        for name, value in list(vars(module).items()):
            origin = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            if isinstance(origin, str) and origin.partition(".")[0] == "verbatim_sign":
                anew = importlib.import_module(origin)
                setattr(
                    module, name, anew if isinstance(value, ModuleType) else getattr(anew, value.__name__)
                )


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, mutant: Mutant) -> None:
        super().__init__(f"verbatim_sign.{mutant.module}", str(PACKAGE / f"{mutant.module}.py"))
        self._code = mutant.code

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._code, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Gives a mutant to whoever imports what it was made of."""

    def __init__(self, mutant: Mutant) -> None:
        self._loader = _Loader(mutant)

    def find_spec(self, fullname: str, path: object, target: object = None) -> Any:
        return (
            importlib.util.spec_from_loader(fullname, self._loader) if fullname == self._loader.name else None
        )
