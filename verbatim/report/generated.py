"""The mark in each page that Verbatim writes: it may write over its own pages, and over no other file."""

from __future__ import annotations

from pathlib import Path

from verbatim.errors import UsageError
from verbatim.files import check_new, open_regular

#: As in https://html.spec.whatwg.org/multipage/semantics.html#meta-generator
MARK = '<meta name="generator" content="Verbatim">'
#: In bytes: the mark is in a page's head, before what the page shows.
_HEAD = 1024


def check_page(path: Path) -> None:
    """Raise UsageError if a page cannot be written to a path: no folder, not a regular file, or a file of somebody else."""
    check_new(path, "--html")
    if path.exists() and not _is_generated(path):
        raise UsageError(
            f"--html {path} exists, and Verbatim did not write it", "name a new file, or move that one away"
        )


def _is_generated(path: Path) -> bool:
    with open_regular(path) as file:
        return MARK.encode() in file.read(_HEAD)
