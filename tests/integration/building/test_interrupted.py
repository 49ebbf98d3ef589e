"""Builds that are stopped in the middle: nothing goes on, nothing looks finished, and the next one tidies up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command import verbatim
from tests.integration.conftest import Built
from tests.integration.processes import in_namespace, wait_until_gone
from tests.integration.releases import SMALL, small_tarball
from tests.integration.stopped import STOPS, Running, Stop, on_a_terminal
from verbatim.paths import PROJECT

pytestmark = pytest.mark.integration

_ALL_AT_WORK = {"bash", "gzip", "xz"}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


@pytest.fixture
def running(built: Built, cache: Path, output: Path) -> Iterator[Running]:
    """A build of 3.13.5 whose bar stands at one per cent or more: in the middle of compressing."""
    tarball = built.folder / "Python-3.13.5.tar.xz"
    arguments = ["build", "--version", "3.13.5", "--source", str(tarball), "--output", str(output)]
    with on_a_terminal(arguments, PROJECT, cache, r"building[^\r\n]*\D[1-9]\d?%") as running:
        yield running


@pytest.mark.parametrize(("stop", "status"), STOPS)
def test_a_build_that_is_stopped_leaves_nothing_that_goes_on_or_looks_finished(
    running: Running, stop: Stop, status: int, output: Path, cache: Path, tmp_path: Path
) -> None:
    assert {process.name for process in running.started} >= _ALL_AT_WORK
    inside = {process.mounts for process in running.started if process.name in _ALL_AT_WORK}
    stop(running)
    said = running.read_to_the_end()
    assert running.process.wait() == status
    assert wait_until_gone(running.started) == []
    assert len(inside) == 1
    assert in_namespace(inside.pop()) == []
    assert str(output) not in Path("/proc/self/mountinfo").read_text()
    left = [entry.name for entry in output.iterdir()]
    if status == 130:
        assert "error: interrupted; nothing was left behind" in said
        assert left == []
        assert _left_in(cache) == []
    else:
        assert [name for name in left if not name.startswith(".")] == []
        assert _left_in(cache) != []
    # What SIGKILL left, the next build removes.
    tarball = small_tarball(tmp_path / "small.tgz")
    finished = verbatim(
        *("build", "--version", SMALL, "--source", str(tarball), "--output", str(output), "--json")
    )
    assert finished.result["unchanged"] is False
    assert [entry.name for entry in output.iterdir()] == [SMALL]
    assert _left_in(cache) == []


def _left_in(cache: Path) -> list[str]:
    return [entry.name for entry in (cache / "work").iterdir()]
