"""Wrong use of the command line: one line that says what was meant, and help wherever it is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.program import Ended, run_in_process
from verbatim.usage import in_invokes_order, repeated


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    return lambda *arguments: run_in_process(list(arguments), monkeypatch, capsys)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["bulid"], "'bulid' is not a command; did you mean build?"),
        (["zzz"], "'zzz' is not a command;"),
        (["build", "--ofline"], "'--ofline' is not an option of build; did you mean --offline?"),
        (["build", "--zzz"], "'--zzz' is not an option of build;"),
        (["--zzz"], "'--zzz' is not an option;"),
        (["build", "--version"], "--version needs a value;"),
        (["verify", "--against"], "--against needs a value;"),
        (["compare", "a"], "compare also needs SECOND;"),
        (["build", "--version", "3.13.5", "--jobs", "many"], "--jobs: 'many' is not a number;"),
        (["build", "--jobs=4 or 5"], "--jobs: '4 or 5' is not a number;"),
        (["build", "--jobs="], "--jobs is empty; give it a value, or leave it out;"),
        (["build", "--version="], "--version is empty; give it a value, or leave it out;"),
        (
            ["build", "--version", "3.13.5", "--output", ""],
            "--output is empty; give it a value, or leave it out;",
        ),
        (["--help", "bulid"], "'bulid' is not a command; did you mean build?"),
        (["--print-completion-script", "nosh"], 'Completion for shell "nosh" not supported'),
        (["build", "--version", "3.13.5", "--version=3.13.4"], "--version appears twice;"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_it_says_what_is_wrong_and_what_comes_nearest(
    run: Callable[..., Ended], arguments: list[str], complaint: str
) -> None:
    ended = run(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {complaint} ")
    assert len(ended.err.splitlines()) == 1
    assert ended.err.endswith("see ./invoke --list and ./invoke COMMAND --help\n")


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", ["build", "compare", "sign"])
def test_help_may_be_asked_for_behind_a_command(run: Callable[..., Ended], command: str, option: str) -> None:
    asked_before = run("--help", command)
    assert asked_before.status == 0
    assert f"Usage: ./invoke {command} " in asked_before.out
    assert run(command, option) == asked_before


def test_arguments_of_other_shapes_stay_as_they_are() -> None:
    for arguments in (
        ["invoke"],
        ["invoke", "--help"],
        ["invoke", "build", "--json"],
        ["invoke", "--help", "build"],
    ):
        assert in_invokes_order(arguments) == arguments
    asked = ["invoke", "verify", "a file", "another", "--json"]
    assert in_invokes_order(asked) == [
        *("invoke", "verify", "--against", "a file", "--against", "another", "--json")
    ]
    assert repeated(in_invokes_order(asked)) is None
    assert repeated(["invoke", "build", "--json", "--output", "--"]) is None
