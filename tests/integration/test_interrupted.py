"""Builds that are stopped in the middle: nothing goes on, nothing looks finished, and the next one tidies up."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.command import command, verbatim
from tests.integration.conftest import Built
from tests.integration.processes import Process, descendants, in_namespace, wait_until_gone
from tests.integration.releases import SMALL, small_tarball
from verbatim.paths import PROJECT

pytestmark = pytest.mark.integration

_ALL_AT_WORK = {"bash", "gzip", "xz"}


@dataclass(frozen=True)
class Running:
    """A build on a terminal of its own, in the middle of compressing."""

    process: subprocess.Popen[bytes]
    terminal: int
    output: Path
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


@pytest.fixture
def running(built: Built, cache: Path, tmp_path: Path) -> Iterator[Running]:
    """A build of 3.13.5 whose bar has just moved."""
    output = tmp_path / "results"
    output.mkdir()
    ours, theirs = pty.openpty()
    tarball, out = built.folder / "Python-3.13.5.tar.xz", ("--output", str(output))
    with subprocess.Popen(
        ["setsid", "--ctty", *command("build", "--version", "3.13.5", "--source", str(tarball)), *out],
        cwd=PROJECT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "VERBATIM_CACHE": str(cache), "TERM": "xterm", "COLUMNS": "200"},
    ) as process:
        os.close(theirs)
        try:
            _await_progress(ours)
            yield Running(process, ours, output, descendants(process.pid))
        finally:
            process.kill()
            os.close(ours)


def _await_progress(terminal: int) -> None:
    """Read the terminal until the bar of the building stands at one per cent or more."""
    text = ""
    while not re.search(r"building[^\r\n]*\D[1-9]\d?%", text):
        text = text[-1000:] + os.read(terminal, 1 << 16).decode("utf-8", "replace")


def _press_control_c(running: Running) -> None:
    os.write(running.terminal, b"\x03")


def _terminate(running: Running) -> None:
    running.process.terminate()


def _kill(running: Running) -> None:
    running.process.kill()


@pytest.mark.parametrize(
    ("stop", "status"),
    [(_press_control_c, 130), (_terminate, 130), (_kill, -signal.SIGKILL)],
)
def test_a_build_that_is_stopped_leaves_nothing_that_goes_on_or_looks_finished(
    running: Running, stop: Callable[[Running], None], status: int, cache: Path, tmp_path: Path
) -> None:
    assert {process.name for process in running.started} >= _ALL_AT_WORK
    inside = {process.mounts for process in running.started if process.name in _ALL_AT_WORK}
    stop(running)
    said = running.read_to_the_end()
    assert running.process.wait() == status
    assert wait_until_gone(running.started) == []
    assert len(inside) == 1
    assert in_namespace(inside.pop()) == []
    assert str(running.output) not in Path("/proc/self/mountinfo").read_text()
    left = [entry.name for entry in running.output.iterdir()]
    if status == 130:
        assert "error: interrupted; nothing was left behind" in said
        assert left == []
        assert _left_in(cache) == []
    else:
        assert [name for name in left if not name.startswith(".")] == []
        assert len(_left_in(cache)) == 1
    # What SIGKILL left, the next build removes.
    tarball = small_tarball(tmp_path / "small.tgz")
    finished = verbatim(
        *("build", "--version", SMALL, "--source", str(tarball), "--output", str(running.output), "--json")
    )
    assert finished.result["unchanged"] is False
    assert [entry.name for entry in running.output.iterdir()] == [SMALL]
    assert _left_in(cache) == []


def _left_in(cache: Path) -> list[str]:
    return [entry.name for entry in (cache / "work").iterdir()]
