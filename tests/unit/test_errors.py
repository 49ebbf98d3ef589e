"""Errors: each kind has an exit status of its own and ends in one line; mistakes of ours are not hidden."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from invoke.exceptions import Exit

from verbatim import errors
from verbatim.errors import VerbatimError
from verbatim.program import framed

# A task that is run in this process takes the signals over.
pytestmark = pytest.mark.usefixtures("interrupts")


_STATUSES = {
    "MismatchError": 1,
    "UsageError": 2,
    "CapabilityError": 3,
    "NetworkError": 4,
    "BuildError": 5,
    "IntegrityError": 6,
    "UndecidedError": 7,
}


def error_classes() -> list[type[VerbatimError]]:
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, VerbatimError) and kind is not VerbatimError
    ]


def test_each_error_has_an_exit_status_of_its_own() -> None:
    assert {kind.__name__: kind.status for kind in error_classes()} == _STATUSES
    assert len(set(_STATUSES.values()) | {0, 130}) == len(_STATUSES) + 2


@pytest.mark.parametrize("kind", error_classes())
def test_an_error_ends_in_one_line_and_its_status(
    kind: type[VerbatimError], capsys: pytest.CaptureFixture[str]
) -> None:
    @framed
    def task() -> None:
        raise kind("what was\ngot\x1b[31m", "the remedy")

    with pytest.raises(Exit) as caught:
        task()
    assert caught.value.code == _STATUSES[kind.__name__]
    assert capsys.readouterr().err == "error: what was got�[31m; the remedy\n"


def test_what_the_system_refuses_is_a_missing_capability(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @framed
    def task(output: str) -> None:
        (Path(output) / "file").write_text("something")

    with pytest.raises(Exit) as caught:
        task(output=str(tmp_path / "missing"))
    assert caught.value.code == 3
    said = capsys.readouterr().err
    assert said.startswith(f"error: No such file or directory: {tmp_path}/missing/file; ")
    assert said.count("\n") == 1


def test_a_mistake_of_ours_is_not_hidden() -> None:
    @framed
    def task() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        task()


def test_a_path_that_only_we_can_have_got_wrong_is_a_mistake_of_ours(tmp_path: Path) -> None:
    @framed
    def task(output: str) -> None:
        (tmp_path / "missing" / output).write_text("something")

    with pytest.raises(FileNotFoundError):
        task(output="file")
