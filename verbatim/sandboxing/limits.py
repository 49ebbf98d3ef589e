"""What a job may take of this machine, if what it reads may be hostile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from verbatim.errors import BuildError


class LimitError(BuildError):
    """A job was ended, since it had taken all that it might."""


@dataclass(frozen=True)
class JobLimits:
    """A job that has limits writes to memory only, below ``/build``: its result is what it prints."""

    #: Seconds until everything in the sandbox is killed.
    seconds: float
    #: Bytes that it may print.
    output_bytes: int
    #: Bytes that it may write below ``/build``, and in how many files and folders.
    space: int
    files: int

    def counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """What it prints; raises LimitError once that is too much."""
        rest = self.output_bytes
        for piece in pieces:
            rest -= len(piece)
            if rest < 0:
                raise LimitError(f"it printed more than {self.output_bytes:,} bytes")
            yield piece

    @contextmanager
    def timed(self, kill: Callable[[], Any]) -> Iterator[None]:
        """Kill the job if it takes too long; raises LimitError then, once the block has seen its end."""
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
