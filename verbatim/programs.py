"""Runs programs of this machine so that an interrupt also ends what they have started."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any


def run_program(
    command: Sequence[str], *, given: bytes | None = None, seconds: float | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, in its own process group, all of which an interrupt or a time-out kills.

    ``given`` is its standard input, and ``options`` are those of `subprocess.Popen`. Raises
    `subprocess.TimeoutExpired` after ``seconds``, FileNotFoundError if there is no such program.
    """
    if given is not None:
        options["stdin"] = subprocess.PIPE
    with ExitStack() as held:
        # Between its start and the `try`, an interrupt would leave it running.
        held.enter_context(_interrupts_held())
        with subprocess.Popen(command, process_group=0, **options) as process:
            try:
                held.close()
                output, errors = process.communicate(given, timeout=seconds)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


@contextmanager
def readable(content: bytes) -> Iterator[int]:
    """A descriptor from which a program that inherits it can read the content."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file.fileno()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Delay interrupts that arrive while the block runs to its end."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread is ever interrupted.
        yield
        return
    came: list[int] = []

    def hold(number: int, _: FrameType | None) -> None:
        came.append(number)

    former = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    for interrupt in came:
        signal.raise_signal(interrupt)
