"""Testing an artifact whose interpreter only pretends to be one: what it is asked, and what becomes of its answers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.archives import file, folder, tar
from tests.targets import ARCHIVE, RELEASE, TARGET, TREE, made_results
from verbatim.commands.test_artifact import LIMITS, SuiteResult, run_suite
from verbatim.errors import BuildError, IntegrityError
from verbatim.fetch import Fetcher
from verbatim.paths import TARGETS
from verbatim.report.suite import write_tested
from verbatim.sandboxing.limits import JobLimits, LimitError
from verbatim.store import Store
from verbatim.testing.suite import choose_suites

pytestmark = pytest.mark.integration


# It only pretends: what it is asked, and what it answers, is all that the recipe knows of an interpreter.
_INTERPRETER = """#!/usr/bin/bash
case "$*" in
    "/in/recipe/install.py "*) printf 'verdict %s passed\\n' venv wheel sdist ;;
    "/in/recipe/runs.py")
        echo "no compiler: $([[ -e /usr/bin/gcc ]] || echo yes)"
        [[ ! -e /usr/bin/gcc ]]
        ;;
    "-m test --list-tests") printf '%s\\n' test_a test_b test.test_c.test_d test.test_c.test_e ;;
    "-m test --list-cases test_a") printf 'test.test_a.Case.%s\\n' test_one test_two ;;
    *)
        echo "asked: $*"
        {answer}
        ;;
esac
"""
_SUCCESS = """
        echo '== Tests result: SUCCESS =='
        echo 'Total tests: run=2'
"""


class Pretence:
    """A tree whose interpreter is such a script."""

    def __init__(self, place: Path) -> None:
        self.output = place / "dist"
        self.targets = Path(shutil.copytree(TARGETS, place / "targets"))

    def run(
        self, tests: str = "", *, more: str = "", answer: str = _SUCCESS, limits: JobLimits = LIMITS
    ) -> SuiteResult:
        script = _INTERPRETER.replace("{answer}", answer).encode()
        members = (folder(TREE), folder(f"{TREE}/bin"), file(f"{TREE}/bin/python3", script, mode=0o755))
        results = made_results(self.output, {ARCHIVE: tar(*members)})
        said = self.targets / TARGET / "tests.toml"
        said.write_text(
            f'environment = "suite"\ncommand = ["{{tree}}/bin/python3"]\n{more}', encoding="utf-8"
        )
        [suite] = choose_suites(RELEASE, TARGET, tests, targets=self.targets)
        store = Store(Path(os.environ["VERBATIM_CACHE"]))
        tried = run_suite(RELEASE, suite, results, Fetcher(store), limits=limits)
        write_tested(tried, results)
        return tried

    @property
    def asked(self) -> str:
        [log] = (self.output / "3.13.5" / "buildinfo").glob("*.log")
        [line] = [line for line in log.read_text("utf-8").splitlines() if line.startswith("asked: ")]
        return line.partition("-m test ")[2]


@pytest.fixture
def pretence(tmp_path: Path) -> Pretence:
    return Pretence(tmp_path)


def left_out(module: str, *tests: str) -> str:
    return f'[[left_out]]\nmodule = "{module}"\ntests = {json.dumps(tests)}\nreason = "a test wants it"\n'


def test_modules_and_tests_that_are_left_out_are_not_run(pretence: Pretence) -> None:
    more = left_out("test_c") + left_out("test_a", "test.test_a.Case.test_two")
    tried = pretence.run(more=more)
    assert tried.passed
    assert pretence.asked.endswith(" --rerun --ignore test.test_a.Case.test_two test_a test_b")
    written = (pretence.output / "3.13.5" / "buildinfo" / f"{TARGET}-tests.json").read_bytes()
    assert json.loads(written)["left_out"][0]["module"] == "test_c"


def test_a_package_that_is_taken_apart_can_be_chosen_by_its_name(pretence: Pretence) -> None:
    assert pretence.run("test_c,test_b").pip == {}
    assert pretence.asked.endswith(" --rerun test.test_c.test_d test.test_c.test_e test_b")


def test_without_processes_modules_are_tested_one_by_one(pretence: Pretence) -> None:
    assert pretence.run(more='processes = false\nmodules = ["test_b"]').pip == {}
    assert pretence.asked == "--verbose3 --single-process test_b"


def test_it_is_run_in_other_roots(pretence: Pretence) -> None:
    tried = pretence.run("roots", more='roots = ["suite", "debian-12"]')
    assert (tried.roots, tried.passed) == ({"suite": False, "debian-12": True}, False)
    assert tried.log.read_text("utf-8") == "no compiler: \nno compiler: yes\n"


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (left_out("test_gone"), "names test_gone, which this release does not have"),
        (left_out("test_a", "test.test_a.Case.test_gone"), "names test_a:test.test_a.Case.test_gone, which"),
        # No name of one, though it is the beginning of one.
        (left_out("test_a", "test.test_a.Case.test_on"), "test_on, which this release does not have"),
    ],
)
def test_a_list_that_is_stale_is_refused(pretence: Pretence, more: str, named: str) -> None:
    with pytest.raises(IntegrityError, match=named):
        pretence.run(more=more)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("exit 7", "there is no result of regrtest"),
        ("kill -SEGV $$", "there is no result of regrtest"),
        # It knows neither the end nor itself.
        ("echo 'verdict venv passed'; echo 'Result: SUCCESS'", "there is no result of regrtest"),
    ],
)
def test_an_interpreter_that_comes_to_no_result_has_not_passed(
    pretence: Pretence, answer: str, said: str
) -> None:
    with pytest.raises(BuildError, match=said) as caught:
        pretence.run(answer=answer)
    assert str(pretence.output) in caught.value.remedy


@pytest.mark.parametrize(
    ("answer", "limits", "said"),
    [
        ("while true; do echo more; done", JobLimits(60, 1 << 20, 1 << 20, 100), "printed more than"),
        ("sleep 1000", JobLimits(2, 1 << 20, 1 << 20, 100), "took longer than 2 seconds"),
    ],
)
def test_an_interpreter_gone_wild_is_stopped(
    pretence: Pretence, answer: str, limits: JobLimits, said: str
) -> None:
    with pytest.raises(LimitError, match=said):
        pretence.run("test_a", answer=answer, limits=limits)
