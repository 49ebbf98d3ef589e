"""Commands on a terminal of their own, and the ways in which they are stopped in the middle."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.command import command
from tests.integration.processes import Process, descendants


@dataclass(frozen=True)
class Running:
    """A command on a terminal of its own, and all that it has started."""

    process: subprocess.Popen[bytes]
    terminal: int
    started: list[Process]

    def read_to_the_end(self) -> str:
        """What it still says; the terminal is gone when nothing that was started has it any more."""
        text = b""
        try:
            while piece := os.read(self.terminal, 1 << 16):
                text += piece
        except OSError:
            pass
        return text.decode()


@contextmanager
def on_a_terminal(arguments: Sequence[str], folder: Path, cache: Path, until: str) -> Iterator[Running]:
    """A task of a project's folder, as far as the terminal shows a pattern; killed afterwards."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", *command(*arguments)],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "VERBATIM_CACHE": str(cache), "TERM": "xterm", "COLUMNS": "200"},
    ) as process:
        os.close(theirs)
        try:
            text = ""
            while not re.search(until, text):
                text = text[-1000:] + os.read(ours, 1 << 16).decode("utf-8", "replace")
            yield Running(process, ours, descendants(process.pid))
        finally:
            process.kill()
            os.close(ours)


Stop = Callable[[Running], None]


def _press_control_c(running: Running) -> None:
    os.write(running.terminal, b"\x03")


def _terminate(running: Running) -> None:
    running.process.terminate()


def _kill(running: Running) -> None:
    running.process.kill()


#: Ways to stop a command, and the exit status that it then has.
STOPS: list[tuple[Stop, int]] = [(_press_control_c, 130), (_terminate, 130), (_kill, -signal.SIGKILL)]
