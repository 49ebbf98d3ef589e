"""Limits for a job whose input may be hostile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from verbatim.errors import BuildError


class LimitError(BuildError):
    """A job was ended because it reached a limit."""


@dataclass(frozen=True)
class JobLimits:
    """A job that has limits writes to memory only, below ``/build``: its result is what it prints."""

    #: Seconds until everything in the sandbox is killed.
    seconds: float
    #: Bytes of output.
    output_bytes: int
    #: Bytes that it may write below ``/build``, and in how many files and folders.
    space: int
    files: int

    def counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pass its output on; raises LimitError once that is too much."""
        rest = self.output_bytes
        for piece in pieces:
            rest -= len(piece)
            if rest < 0:
                raise LimitError(f"it printed more than {self.output_bytes:,} bytes")
            yield piece

    @contextmanager
    def timed(self, kill: Callable[[], Any]) -> Iterator[None]:
        """Kill the job if it takes too long; then raises LimitError, after the block has waited for its end."""
        late = threading.Event()

        def end() -> None:
            late.set()
            kill()

        timer = threading.Timer(self.seconds, end)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():
            raise LimitError(f"it took longer than {self.seconds:,.9g} seconds")
