"""The only module that prints: bars on a terminal, plain lines in a log.

Progress and remarks go to standard error, results to standard output, so that ``--json`` can be piped.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from verbatim.errors import UsageError

#: In characters: a terminal that has room for a bar beside what is being done.
_WIDE_ENOUGH = 60

#: Advances a bar by a number of its units.
Advance = Callable[[int], None]


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError; Rich would end the program with the status of a mismatch."""
        raise  # noqa: PLE0704 - Rich calls this where it handles the error.


# Broken at words on a terminal, and not at all in a log.
_error = _Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())
_output = _Console(highlight=False, soft_wrap=not sys.stdout.isatty())

#: Gets all that is printed except JSON; at level DEBUG also what is not printed: see `verbatim.log`.
LOGGER = logging.getLogger("verbatim")
LOGGER.setLevel(logging.DEBUG)
LOGGER.propagate = False
LOGGER.addHandler(logging.NullHandler())


def detail(text: str) -> None:
    """Record what only the log and ``--debug`` show."""
    LOGGER.debug(text)


def show_detail(text: str) -> None:
    """Print lines for ``--debug``."""
    _error.print(Text("\n".join(printable(line) for line in text.splitlines()), style="dim"))


def note(text: str) -> None:
    """Print what is being done."""
    LOGGER.info(text)
    _error.print(Text(printable(text)))


def note_path(path: Path) -> None:
    """Print a path to be copied: on a line of its own, which a narrow terminal does not break."""
    LOGGER.info(str(path))
    _error.print(Text(printable(str(path))), soft_wrap=True)


def warn(text: str) -> None:
    """Print what a reader should know: a fall-back, a skip, a cached file that was altered."""
    LOGGER.warning(text)
    _error.print(Text(f"warning: {printable(text)}", style="yellow"))


def error(text: str) -> None:
    """Print in one line why the command failed."""
    LOGGER.error(text)
    _error.print(Text(f"error: {printable(' '.join(text.split()))}", style="bold red"))


def result(text: str, style: str = "") -> None:
    """Print a line of the result itself; on a terminal, in a style of Rich's."""
    LOGGER.info(text)
    _output.print(Text(printable(text), style=style))


def result_lines(text: str) -> None:
    """Print a result of several lines as it is: for a program to read."""
    sys.stdout.write(text + "\n")
    # Before anything that is printed to standard error.
    sys.stdout.flush()


def secret(prompt: str) -> str:
    """Ask for a secret without showing it; raises UsageError without a terminal."""
    if not sys.stdin.isatty():
        raise UsageError(f"there is no terminal to ask for {prompt.strip(': ')}", "start it from a terminal")
    return getpass(printable(prompt))


def new_secret(prompt: str) -> str:
    """Ask twice for a new secret; raises UsageError if it is empty, or not the same twice."""
    given = secret(prompt)
    if not given or secret("once more: ") != given:
        raise UsageError("the two differ, or are empty", "try again")
    return given


def result_json(value: object) -> None:
    """Print the result as JSON."""
    result_lines(json.dumps(value, indent=2, sort_keys=True))


def result_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a part of the result as columns, as narrow as possible."""
    lines = [heads, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        result("  ".join(cells).rstrip())


class Bar:
    """One piece of work on the screen. Calling it, from any thread, adds to what is done."""

    def __init__(self, bars: Progress | None, label: str, total: int | None) -> None:
        self._bars = bars
        self._task = bars.add_task(printable(label), total=total) if bars else None

    def __call__(self, amount: int) -> None:
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, advance=amount)

    def expect(self, total: int) -> None:
        """Set how much work there is."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, total=total)

    def rename(self, label: str) -> None:
        """Say something else of the work."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, description=printable(label))

    def finish(self) -> None:
        """Fill the bar, however coarsely the work was measured."""
        if self._bars is not None and self._task is not None:
            task = self._bars.tasks[0]
            self._bars.update(
                self._task,
                total=task.total or task.completed or 1,
                completed=task.total or task.completed or 1,
            )

    def reach(self, done: int, total: int) -> None:
        """Set how much is done, and of how much."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, total=total)


@contextmanager
def progress(
    label: str, total: int | None = None, *, unit: Literal["bytes", "things"] = "bytes"
) -> Iterator[Bar]:
    """Show a bar (in a log: lines) for the work that the block does."""
    if not _error.is_terminal:
        started = time.monotonic()
        note(f"{label} …")
        try:
            yield Bar(None, label, total)
        except BaseException as failure:
            note(f"{label}: {_ended(failure)} after {time.monotonic() - started:.1f} s")
            raise
        note(f"{label}: done in {time.monotonic() - started:.1f} s")
        return
    LOGGER.info(label)
    amount: ProgressColumn = DownloadColumn() if unit == "bytes" else TaskProgressColumn()
    # On a narrow terminal the time that is left matters more than a bar.
    bar_itself = [BarColumn()] if _error.width >= _WIDE_ENOUGH else []
    columns = (
        TextColumn("{task.description}", markup=False),
        *bar_itself,
        amount,
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=_error) as bars:
        bar = Bar(bars, label, total)
        try:
            yield bar
        except BaseException as failure:
            bar.rename(f"{label}: {_ended(failure)}")
            raise
        bar.finish()


def _ended(failure: BaseException) -> str:
    """How work ended that did not come to its end."""
    return "stopped" if isinstance(failure, KeyboardInterrupt) else "failed"


def printable(text: str) -> str:
    """The text without control characters: logs and file names may hold escape sequences."""
    return "".join(character if character.isprintable() else "�" for character in text)


def human_time(seconds: float) -> str:
    """A duration, such as ``4.3 s`` or ``12 min 5 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def human_size(size: int) -> str:
    """A size in bytes in decimal units, such as ``1.5 MB``."""
    if size < 1_000_000:
        return f"{size / 1_000:.1f} kB"
    if size < 1_000_000_000:
        return f"{size / 1_000_000:.1f} MB"
    return f"{size / 1_000_000_000:.1f} GB"
