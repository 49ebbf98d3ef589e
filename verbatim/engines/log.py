"""A job's log: every line goes into the file, and to a listener."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO

# A line has a limit, so that a runaway recipe cannot fill this machine's memory.
_LONGEST = 1 << 16


def follow(pieces: Iterable[bytes], log: IO[bytes], on_line: Callable[[str], None]) -> None:
    """Write the pieces to the log, and call ``on_line`` with each line once it is whole, or too long."""
    for line in _lines(pieces, log):
        on_line(line.decode("utf-8", "replace"))


def _lines(pieces: Iterable[bytes], log: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        log.write(piece)
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield from _cut(line)
        *begun, rest = _cut(rest)
        yield from begun
    if rest:
        yield rest


def _cut(line: bytes) -> list[bytes]:
    return [line[start : start + _LONGEST] for start in range(0, len(line), _LONGEST)] or [b""]
