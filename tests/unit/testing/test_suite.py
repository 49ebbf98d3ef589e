"""Testing an artifact: what is asked for, what is left out, what is refused, and what CPython's regrtest said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.program import Ended, run_in_process
from tests.targets import ARCHIVE, RELEASE, TARGET, made_results
from verbatim.commands.test_artifact import SuiteResult
from verbatim.errors import IntegrityError, MismatchError, UsageError
from verbatim.evidence.statement import file_name
from verbatim.paths import TARGETS
from verbatim.release import Release
from verbatim.report.suite import show_tested, write_tested
from verbatim.stages.target import target_names
from verbatim.testing.regrtest import Summary, reached, read_summary
from verbatim.testing.suite import ExcludedTest, choose_suites, names_with_tests

FILE = """
environment = "suite"
command = ["/usr/bin/emulator", "{tree}/bin/python3"]
"""


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    """A target whose tests are as a test says."""
    folder = tmp_path / "targets"
    shutil.copytree(TARGETS / TARGET, folder / TARGET)
    (folder / TARGET / "tests.toml").write_text(FILE, encoding="utf-8")
    return folder


def words(targets: Path, tests: str = "", more: str = "", version: str = "3.13.5") -> list[str]:
    (targets / TARGET / "tests.toml").write_text(FILE + more, encoding="utf-8")
    [suite] = choose_suites(Release.parse(version), TARGET, tests, targets=targets)
    return suite.words_for("/in/a b")


STARTED = ["tree=/in/a b", "python=/usr/bin/emulator", "python={tree}/bin/python3"]

# What is asked for.


@pytest.mark.parametrize("name", names_with_tests())
def test_what_is_said_of_a_target_can_be_used(name: str) -> None:
    [suite] = choose_suites(RELEASE, name, "")
    assert "suite=yes" in suite.words_for("/tree")
    assert name in target_names()


def test_all_is_tested_but_what_is_left_out_of_that_series(targets: Path) -> None:
    more = """
        [[left_out]]
        module = "test_one"
        reason = "it is a test's own"
        [[left_out]]
        module = "test_two.test_part"
        tests = ["test.test_two.test_part.Case.test_a", "test.test_two.test_part.Case.test_b"]
        reason = "it is a test's own"
        [[left_out]]
        module = "test_three"
        series = ["3.14"]
        reason = "it is a test's own"
    """
    always = [
        *STARTED,
        *("processes=yes", "pip=yes", "suite=yes", "leave=test_one"),
        "ignore=test_two.test_part:test.test_two.test_part.Case.test_a",
        "ignore=test_two.test_part:test.test_two.test_part.Case.test_b",
    ]
    assert words(targets, more=more) == always
    assert words(targets, more=more, version="3.14.0") == [*always, "leave=test_three"]


def test_some_are_chosen_by_the_user(targets: Path) -> None:
    assert words(targets, "test_json,test_asyncio.test_events") == [
        *STARTED,
        *("processes=yes", "suite=yes", "choose=test_json", "choose=test_asyncio.test_events"),
    ]
    assert words(targets, "pip") == [*STARTED, "processes=yes", "pip=yes"]
    assert words(targets, "pip,test_json")[3:] == [
        "processes=yes",
        "pip=yes",
        "suite=yes",
        "choose=test_json",
    ]


def test_a_target_without_processes_has_no_pip_and_its_own_choice(targets: Path) -> None:
    more = 'processes = false\nmodules = ["test_json", "test_int"]\n'
    assert words(targets, more=more) == [*STARTED, "suite=yes", "choose=test_json", "choose=test_int"]
    assert words(targets, "test_int", more) == [*STARTED, "suite=yes", "choose=test_int"]
    with pytest.raises(UsageError, match=f"there is no pip on {TARGET}"):
        words(targets, "pip", more)


def test_other_roots_are_run_in_unless_other_things_are_chosen(targets: Path) -> None:
    (targets / TARGET / "tests.toml").write_text(f'{FILE}roots = ["debian-12"]\n', encoding="utf-8")
    for tests, roots, is_in_its_environment in (
        ("", ["debian-12"], True),
        ("roots", ["debian-12"], False),
        ("roots,pip", ["debian-12"], True),
        ("test_json", [], True),
    ):
        [suite] = choose_suites(RELEASE, TARGET, tests, targets=targets)
        assert [root.name for root in suite.roots] == roots
        assert suite.is_in_its_environment == is_in_its_environment
    assert suite.interpreter("/in/a b") == ["/usr/bin/emulator", "/in/a b/bin/python3"]
    with pytest.raises(UsageError, match=f"there is no roots on {TARGET}"):
        words(targets, "roots")


def test_programs_for_another_machine_have_an_emulator(targets: Path) -> None:
    more = 'emulator = "/usr/bin/qemu-aarch64-static"\npip = false\n'
    assert words(targets, more=more)[3:] == [
        "emulator=/usr/bin/qemu-aarch64-static",
        "processes=yes",
        "suite=yes",
    ]
    with pytest.raises(UsageError, match=f"there is no pip on {TARGET}"):
        words(targets, "pip", more)


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("test_json,test_json", "names one twice"),
        ("json", "'json' is not a test module"),
        ("test_json,", "'' is not a test module"),
        ("-x", "'-x' is not a test module"),
        ("test_json ", "'test_json ' is not a test module"),
        ("test_one", "test_one is left out"),
    ],
)
def test_what_cannot_be_chosen_is_refused(targets: Path, tests: str, said: str) -> None:
    more = '[[left_out]]\nmodule = "test_one"\nreason = "it is a test\'s own"\n'
    with pytest.raises(UsageError, match=said):
        words(targets, tests, more)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("commands = []", "commands: Extra inputs"),
        ('modules = ["test_a; rm"]', "modules.0: String should match"),
        ('[[left_out]]\nmodule = "test_a"', "left_out.0.reason: Field required"),
        ('[[left_out]]\nmodule = "test_a"\nreason = "no"', "left_out.0.reason: String should have at least"),
        ('[[left_out]]\nmodule = "test_a"\nreason = "it is so"\ntests = ["test_*"]', "left_out.0.tests.0: "),
        ('[[left_out]]\nmodule = "test_*"\nreason = "it is so here"', "left_out.0.module: "),
    ],
)
def test_a_file_that_does_not_say_what_it_should_is_refused(targets: Path, more: str, said: str) -> None:
    with pytest.raises(IntegrityError, match=f"tests.toml: {said}"):
        words(targets, more=more)


# What is tested.


class Built:
    """A folder of results whose archives are nonsense, and the command line."""

    def __init__(self, output: Path, run: Callable[..., Ended]) -> None:
        self.output = output
        self.folder = made_results(output, {})
        self.run = run

    def refusal(self, status: int, *, version: str = "3.13.5", artifacts: str = TARGET) -> str:
        options = ("--version", version, "--artifacts", artifacts, "--output", str(self.output))
        ended = self.run(["test-artifact", *options, "--offline"])
        assert (ended.status, ended.out) == (status, ""), ended.err
        return ended.complaint


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Built:
    return Built(tmp_path / "dist", lambda arguments: run_in_process(arguments, monkeypatch, capsys))


def test_what_was_not_built_is_not_tested(built: Built) -> None:
    assert "has no statement of linux-x86_64; build it first" in built.refusal(2, version="3.13.6")
    assert "--artifacts: there is no 'source'" in built.refusal(2, artifacts="source")


def test_what_is_not_as_the_statement_says_is_not_tested(built: Built) -> None:
    (built.folder / ARCHIVE).write_bytes(b"something else")
    assert f"{ARCHIVE} was altered" in built.refusal(6)
    (built.folder / ARCHIVE).unlink()
    assert f"{ARCHIVE} is missing, or not a regular file" in built.refusal(6)
    (built.folder / file_name(TARGET)).write_bytes(b"{}")
    assert "is not a build statement" in built.refusal(6)


def test_a_statement_of_something_else_is_refused(built: Built) -> None:
    shutil.copytree(built.folder, built.output / "3.13.6")
    assert "is a statement of 3.13.5, expected 3.13.6" in built.refusal(6, version="3.13.6")


# What regrtest said, in its own words.

LINE = "=" * 70

FAILED = f"""\
0:00:01 load avg: 1.00 [1/4/1] test_one failed (2 failures)
test test_one failed
{LINE}
FAIL: test_a (test.test_one.Case.test_a)
What it does.
----------------------------------------------------------------------
Traceback (most recent call last):
{LINE}
FAIL: test_b (test.test_one.Case.test_b) (number=1)
{LINE}
FAIL: test_b (test.test_one.Case.test_b) (number=2)
{LINE}
ERROR: setUpClass (test.test_one.Other)

== Tests result: FAILURE ==

1 test skipped:
    test_two

1 test skipped (resource denied):
    test_three

1 test failed:
    test_one

1 test OK.

Total duration: 1.0 sec
Total tests: run=1,234 failures=4 skipped=56
Total test files: run=3/4 failed=1 skipped=1 resource_denied=1
Result: FAILURE
regrtest ended with status 2
"""

SUMMARY = Summary(
    succeeded=False,
    passed=1,
    failed=["test_one"],
    again=[],
    skipped=["test_three", "test_two"],
    omitted=[],
    tests=1234,
    skipped_tests=56,
    failed_tests=["test.test_one.Case.test_a", "test.test_one.Case.test_b", "test.test_one.Other.setUpClass"],
)


def again(state: str, lists: str) -> str:
    return f"""{FAILED}
0:00:10 load avg: 1.00 Re-running 1 failed tests in verbose mode in subprocesses
0:00:10 load avg: 1.00 [1/1] test_one passed

{lists}

== Tests result: {state} ==

1 re-run test:
    test_one
{lists}
2 tests OK.

Total tests: run=1,238 failures=4 skipped=56
"""


def test_what_failed_is_known_by_name() -> None:
    assert read_summary(FAILED) == SUMMARY


def test_what_only_passed_again_is_a_success_and_named() -> None:
    summary = read_summary(again("FAILURE then SUCCESS", ""))
    assert summary is not None
    assert (summary.succeeded, summary.again, summary.failed, summary.failed_tests) == (
        True,
        ["test_one"],
        [],
        [],
    )


def test_what_failed_again_has_failed() -> None:
    failed = f"1 test failed:\n    test_one\n{LINE}\nFAIL: test_a (test.test_one.Case.test_a)\n"
    summary = read_summary(again("FAILURE then FAILURE", failed))
    assert summary is not None
    assert (summary.succeeded, summary.again, summary.failed) == (False, [], ["test_one"])
    assert summary.failed_tests == ["test.test_one.Case.test_a"]


def test_many_names_go_over_several_lines() -> None:
    said = "== Tests result: FAILURE ==\n\n3 tests omitted:\n    test_a test_b\n    test_c\n\nTotal tests: run=0\n"
    summary = read_summary(said)
    assert summary is not None
    assert (summary.omitted, summary.passed, summary.skipped_tests) == (["test_a", "test_b", "test_c"], 0, 0)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Fatal Python error: Segmentation fault\n",
        # It ended before it had counted.
        "== Tests result: SUCCESS ==\n",
        "Total tests: run=1\n== Tests result: SUCCESS ==\n",
        "== Tests result: SUCCESS ==\nTotal tests: run=" + "9" * 100 + "\n",
    ],
)
def test_without_a_result_there_is_none(said: str) -> None:
    assert read_summary(said) is None


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("0:00:05 load avg: 9.31 [1/2] test_pwd passed", (1, 2)),
        (
            "0:10:32 load avg: 8.99 [ 12/471/3] test_json failed (1 failure) -- running (1): test_a (1 min)",
            (12, 471),
        ),
        ("0:00:05 [3/9] test_pwd passed", (3, 9)),
        ("Run 2 tests in parallel using 2 worker processes", None),
        ("test_a [1/2] passed", None),
    ],
)
def test_it_is_seen_how_far_it_is(line: str, done: tuple[int, int] | None) -> None:
    assert reached(line) == done


# What came of it.

TRIED = SuiteResult(
    target=TARGET,
    name=ARCHIVE,
    sha256="a" * 64,
    chosen=(),
    summary=replace(SUMMARY, succeeded=True, failed=[], failed_tests=[], again=["test_five"]),
    pip={"venv": True, "wheel": True, "sdist": True},
    roots={"debian-13": True},
    left_out=[
        ExcludedTest(module="test_six", reason="it is a test's own"),
        ExcludedTest(module="test_seven", tests=["test.test_seven.Case.test_a"], reason="it is another"),
    ],
    seconds=90,
    log=Path("/there/log"),
)


def test_the_verdict_has_counts_and_names(capsys: pytest.CaptureFixture[str]) -> None:
    show_tested([TRIED], as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        f"{ARCHIVE}  SHA-256 {'a' * 64}",
        "         run    failed  skipped  left out",
        "modules  1      0       2        1",
        "tests    1,234  0       56       1",
        "passed when tested again: test_five",
        "left out: test_six: it is a test's own",
        "left out: test.test_seven.Case.test_a: it is another",
        "pip: venv   passed",
        "pip: wheel  passed",
        "pip: sdist  passed",
        "in debian-13: runs",
        "passed in 1.5 min; log: /there/log",
    ]
    TRIED.raise_for_failure()


def test_the_verdict_is_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    show_tested([replace(TRIED, summary=SUMMARY)], as_json=True)
    [said] = json.loads(capsys.readouterr().out)["tested"]
    assert said["passed"] is False
    assert said["archive"] == {"name": ARCHIVE, "sha256": "a" * 64}
    assert (said["suite"]["tests"], said["suite"]["failed"]) == (1234, ["test_one"])
    assert said["left_out"][1]["tests"] == ["test.test_seven.Case.test_a"]


def test_the_verdict_is_kept_beside_the_log(tmp_path: Path) -> None:
    folder = made_results(tmp_path / "dist", {})
    for seconds in (1, 2):
        write_tested(replace(TRIED, log=folder / "buildinfo" / "one-tests.log", seconds=seconds), folder)
    kept = (folder / "buildinfo" / "one-tests.json").read_text("utf-8")
    assert (json.loads(kept)["seconds"], json.loads(kept)["target"]) == (2, TARGET)
    assert [path.name for path in (folder / "buildinfo").iterdir()] == ["one-tests.json"]


@pytest.mark.parametrize(
    ("tested", "said"),
    [
        (replace(TRIED, summary=SUMMARY), "fails its tests: test_one; the whole log is /there/log"),
        (replace(TRIED, pip={"venv": True, "wheel": False}), r"fails its tests: pip \(wheel\);"),
        (replace(TRIED, roots={"a": True, "b": False}), "fails its tests: in b;"),
        (replace(TRIED, summary=replace(SUMMARY, failed=[])), "fails its tests: as regrtest says;"),
        (replace(TRIED, summary=replace(SUMMARY, succeeded=True, failed=[], omitted=["test_x"])), "test_x"),
        (replace(TRIED, summary=replace(SUMMARY, failed=list("abcdef"))), "a, b, c, d, e …;"),
    ],
)
def test_a_failure_is_one(tested: SuiteResult, said: str) -> None:
    with pytest.raises(MismatchError, match=said) as caught:
        tested.raise_for_failure()
    assert caught.value.status == 1
