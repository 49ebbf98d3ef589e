"""The commands that the documentation shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *PROJECT.glob("*.md"),
        *PROJECT.glob("docs/**/*.md"),
        *PROJECT.glob("nix/*.md"),
        *PROJECT.glob("signing/*.md"),
    ]
)

#: CI runs these; a test that runs the tests would not end.
RUN_BY_CI = ("lint", "test", "benchmark")

#: Pages to follow from top to bottom: test_whole_pages.py runs their commands in order, in one folder.
WHOLE_PAGES = (PROJECT / "docs" / "tutorial.md",)

#: What ends a command's arguments.
_ENDS = {">", "2>", "|", "&&", "||"}
_SHOWN = re.compile(r"^(?P<run>\$ |    )\./invoke (?P<arguments>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """One command on a page; those behind a ``$`` are to be run as they stand."""

    page: Path
    arguments: tuple[str, ...]
    is_run: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(PROJECT)}: {' '.join(self.arguments)}"


def shown_commands() -> list[Shown]:
    """All of them, page by page, in their order."""
    return [
        Shown(page, tuple(_words(match["arguments"])), match["run"] == "$ ")
        for page in PAGES
        for match in _SHOWN.finditer(page.read_text(encoding="utf-8"))
    ]


def _words(line: str) -> Iterator[str]:
    """The arguments in a line of shell, up to where its output goes elsewhere, or another command begins."""
    return takewhile(lambda word: word not in _ENDS, shlex.split(line, comments=True))
