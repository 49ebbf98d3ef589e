"""A job's log: every line goes into the file, and to who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO

# A line has a limit: a recipe gone wild shall not fill this machine's memory.
_LONGEST = 1 << 16


def follow(pieces: Iterable[bytes], log: IO[bytes], on_line: Callable[[str], None]) -> None:
    """Write what comes, in whatever pieces it does, and say each line once it is whole."""
    rest = b""
    for piece in pieces:
        log.write(piece)
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            on_line(line.decode("utf-8", "replace"))
        if len(rest) > _LONGEST:
            on_line(rest.decode("utf-8", "replace"))
            rest = b""
    if rest:
        on_line(rest.decode("utf-8", "replace"))
