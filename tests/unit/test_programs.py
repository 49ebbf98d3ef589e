"""Programs that are started here end with the call, whatever interrupts it and when."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from typing import Any

import pytest

from verbatim.programs import run_program

#: Two processes, of which the second is not started by us.
_WAITS = ["sh", "-c", "sleep 1000 & sleep 1000"]


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_a_program_is_being_started_ends_it(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(os.pidfd_open(self.pid))
            signal.raise_signal(number)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    reader, writer = os.pipe()
    with pytest.raises(KeyboardInterrupt):
        run_program(_WAITS, stdout=writer)
    assert select.select(started, [], [], 5)[0] == started
    os.close(writer)
    # The end of the pipe is the end of all that held it.
    assert os.read(reader, 1) == b""
    for descriptor in (reader, *started):
        os.close(descriptor)


def test_a_program_that_takes_too_long_ends_with_all_that_it_started() -> None:
    reader, writer = os.pipe()
    with pytest.raises(subprocess.TimeoutExpired):
        run_program(_WAITS, seconds=0.05, stdout=writer)
    os.close(writer)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_what_is_given_is_read_and_what_is_said_comes_back() -> None:
    done = run_program(["sh", "-c", "cat; echo >&2 oh; exit 3"], given=b"text", stdout=-1, stderr=-1)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"text", b"oh\n")
