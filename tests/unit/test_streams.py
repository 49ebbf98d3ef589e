"""Standard streams that cannot be written to: a closed pipe ends it quietly, a full disk with the system's status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from verbatim.errors import CapabilityError

#: What prints by Invoke, by the console, and as JSON; and what ends with an error.
RESULTS = {
    "list": ("--list",),
    "overview": (),
    "environments": ("environments",),
    "compare": ("compare", "one", "two"),
    "json": ("compare", "one", "two", "--json"),
}
ERRORS = {"usage": ("build", "--version", "3"), "unknown": ("bulid",)}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one").write_bytes(b"1")
    Path("two").write_bytes(b"2")


@pytest.fixture(autouse=True, params=["buffered", "unbuffered"])
def buffering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python may write at once, or at its end."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1" if request.param == "unbuffered" else "")


@pytest.fixture
def full() -> Iterator[IO[bytes]]:
    with open("/dev/full", "wb") as device:
        yield device


@pytest.fixture
def closed() -> Iterator[int]:
    """A pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def start(
    arguments: tuple[str, ...],
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: IO[bytes] | int = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "utf8", "-m", "verbatim", *arguments]
    return subprocess.run(
        command,
        encoding="utf-8",
        check=False,
        timeout=60,
        stdout=stdout,
        stderr=stderr,
    )


@pytest.mark.parametrize("arguments", RESULTS.values(), ids=RESULTS)
def test_a_result_that_nobody_reads_ends_it_as_sigpipe_does(arguments: tuple[str, ...], closed: int) -> None:
    ended = start(arguments, stdout=closed)
    assert (ended.returncode, ended.stderr) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("arguments", ERRORS.values(), ids=ERRORS)
def test_an_error_that_nobody_reads_ends_it_as_sigpipe_does(arguments: tuple[str, ...], closed: int) -> None:
    ended = start(arguments, stderr=closed)
    assert (ended.returncode, ended.stdout) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("arguments", RESULTS.values(), ids=RESULTS)
def test_a_result_on_a_full_disk_is_one_line_and_not_a_verdict(
    arguments: tuple[str, ...], full: IO[bytes]
) -> None:
    ended = start(arguments, stdout=full)
    assert ended.returncode == CapabilityError.status
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        "error: standard output cannot be written to: No space left on device; free some space, or send it elsewhere"
    )


@pytest.mark.parametrize("arguments", ERRORS.values(), ids=ERRORS)
def test_an_error_on_a_full_disk_is_said_on_the_other_stream(
    arguments: tuple[str, ...], full: IO[bytes]
) -> None:
    ended = start(arguments, stderr=full)
    assert ended.returncode == CapabilityError.status
    assert ended.stdout == (
        "error: standard error cannot be written to: No space left on device; free some space, or send it elsewhere\n"
    )


def test_both_on_a_full_disk_still_have_the_status(full: IO[bytes]) -> None:
    assert start(RESULTS["compare"], stdout=full, stderr=full).returncode == CapabilityError.status


def test_closed_streams_are_not_written_to() -> None:
    closing = (
        "import os, sys; os.close(1); os.close(2); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", closing, "-X", "utf8", "-m", "verbatim", "compare", "one", "one"]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0
