"""What is printed: results apart from remarks, errors in one line, no tricks on a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbatim import console

_ESCAPE = "\x1b[2J\x07\u202e"


@given(st.text())
def test_what_is_printed_holds_no_control_characters(text: str) -> None:
    shown = console.printable(text)
    assert len(shown) == len(text)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert console.printable(shown) == shown


@given(st.text().filter(str.isprintable))
def test_what_is_printable_is_printed_as_it_is(text: str) -> None:
    assert console.printable(text) == text


def test_results_and_remarks_go_separate_ways(capsys: pytest.CaptureFixture[str]) -> None:
    console.note("a note")
    console.warn("a warning")
    console.result("a result")
    console.result_json({"b": 1, "a": [2]})
    console.error("an error")
    captured = capsys.readouterr()
    assert captured.err == "a note\nwarning: a warning\nerror: an error\n"
    assert captured.out == 'a result\n{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n'


def test_json_is_read_back_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": f"größer\n[bold]{_ESCAPE}", "size": 1 << 60, "none": None}
    console.result_json(value)
    assert json.loads(capsys.readouterr().out) == value


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.error("first\n  second\r\n\tthird")
    assert capsys.readouterr().err.splitlines() == ["error: first second third"]


@pytest.mark.parametrize("say", [console.note, console.warn, console.error, console.result])
def test_nothing_is_wrapped_styled_or_read_as_markup(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    text = "[bold]x[/bold] [/] :smile: 12 'quoted' https://example.org/" + "long" * 100
    say(text)
    captured = capsys.readouterr()
    assert (captured.out + captured.err).removeprefix("warning: ").removeprefix("error: ") == f"{text}\n"


@pytest.mark.parametrize("say", [console.note, console.warn, console.error, console.result])
def test_escape_sequences_are_not_passed_on(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    say(f"a{_ESCAPE}b")
    captured = capsys.readouterr()
    assert (captured.out + captured.err).endswith("a�[2J��b\n")


def test_in_a_log_progress_is_two_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress(f"fetching {_ESCAPE}[/]", 10) as bar:
        for _ in range(10):
            bar(1)
        bar.reach(5, 20)
    first, last = capsys.readouterr().err.splitlines()
    assert first == "fetching �[2J��[/] …"
    assert last.startswith("fetching �[2J��[/]: done in 0.")


def test_what_failed_is_not_said_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), console.progress("fetching"):
        raise ZeroDivisionError
    assert re.fullmatch(r"fetching …\nfetching: failed after 0\.\d s\n", capsys.readouterr().err)
    with pytest.raises(KeyboardInterrupt), console.progress("fetching"):
        raise KeyboardInterrupt
    assert "fetching: stopped after 0." in capsys.readouterr().err


_SHOW = """
import sys
from verbatim import console
label, unit = sys.argv[1:]
with console.progress(label, 2_000_000, unit=unit) as bar:
    bar(500_000)
    bar.reach(1_000_000, 2_000_000)
    bar(1_000_000)
console.result("the result")
"""


def on_a_terminal(label: str, unit: str, columns: int = 120) -> tuple[str, str]:
    """What a terminal is sent, and what goes to standard output, which is none."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-X", "utf8", "-c", _SHOW, label, unit]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 1 << 16):
                shown += piece
        except OSError:
            pass  # A terminal that nobody has open any longer ends so.
        finally:
            os.close(ours)
        output = process.communicate(timeout=30)[0]
    assert process.returncode == 0, shown
    return shown.decode(), output.decode()


@pytest.mark.parametrize(("unit", "amount"), [("bytes", "2.0/2.0 MB"), ("things", "100%")])
def test_on_a_terminal_progress_is_a_bar(unit: str, amount: str) -> None:
    shown, output = on_a_terminal("fetching a file", unit)
    assert "fetching a file" in shown
    assert "━" in shown
    assert amount in shown
    assert output == "the result\n"


def test_a_narrow_terminal_has_the_time_in_place_of_the_bar() -> None:
    shown, _ = on_a_terminal("building source (sandbox)", "things", columns=40)
    assert "building source (sandbox)" in shown
    assert "━" not in shown
    assert "0:00:0" in shown


def test_on_a_terminal_a_label_is_no_markup() -> None:
    shown, _ = on_a_terminal("fetching [/from] [bold]here[/bold]", "bytes")
    assert "fetching [/from] [bold]here[/bold]" in shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0.0 kB"), (999, "1.0 kB"), (12_345, "12.3 kB"), (1_000_000, "1.0 MB"), (232_181_760, "232.2 MB")],
)
def test_sizes_are_as_people_read_them(size: int, shown: str) -> None:
    assert console.human_size(size) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0.0 s"), (4.26, "4.3 s"), (60, "1 min 0 s"), (725.9, "12 min 5 s")]
)
def test_times_are_as_people_read_them(seconds: float, shown: str) -> None:
    assert console.human_time(seconds) == shown
