"""The interpreter as it is released: trained, and the same all the same. Each build takes about half an hour on two CPUs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.trees import run_suite, run_target

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_TARGET = "linux-x86_64"
_OPTIMIZED = ("--optimize", "pgo")


@pytest.fixture(scope="module")
def output(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it was built by the sandbox, with signals ignored, as nohup(1) and shells have it for what they start."""
    folder = tmp_path_factory.mktemp("optimized")
    former = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGHUP, signal.SIGINT)}
    try:
        finished = run_target("build", _TARGET, cache, folder, *_OPTIMIZED)
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
    assert finished.status == 0, finished.err
    return folder


@pytest.fixture
def busy() -> Iterator[None]:
    """A machine that has much else to do."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    yield
    for loop in loops:
        loop.kill()
        loop.wait()


@pytest.mark.usefixtures("busy")
def test_it_is_the_same_from_each_engine_whatever_else_the_machine_does(
    cache: Path, output: Path, tmp_path: Path
) -> None:
    known = run_target("build", _TARGET, cache, output, *_OPTIMIZED)
    finished = run_target("build", _TARGET, cache, tmp_path, "--engine", "docker,nix", *_OPTIMIZED)
    assert finished.result["engines"] == dict.fromkeys(("docker", "nix"), known.hashes)


def test_it_is_the_same_whatever_is_varied(cache: Path, output: Path) -> None:
    rebuilt = run_target("rebuild", _TARGET, cache, output, "--vary", "all", *_OPTIMIZED)
    assert rebuilt.result["identical"] is True
    assert rebuilt.result["not_varied"] == {}


def test_all_its_own_tests_pass(cache: Path, output: Path) -> None:
    [said] = run_suite(_TARGET, output, cache).result["tested"]
    assert said["passed"] is True
    assert said["suite"]["tests"] > 43_000
