"""``./invoke doctor``: what is there, what is missing, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.conftest import Run

# A task that is run in this process takes the signals over.
pytestmark = pytest.mark.usefixtures("interrupts", "elsewhere")


@pytest.mark.usefixtures("unanswered")
def test_the_doctor_says_what_is_there_and_what_is_not(run: Run) -> None:
    ended = run("doctor", "--offline")
    lines = ended.out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "MISSING", "no", "this"}
    for what in ("Python 3.11 or newer", "user namespaces", "git", "environment source"):
        assert any(what in line for line in lines)
    if any(line.startswith("MISSING") for line in lines):
        assert ended.status == 3
        assert "this machine cannot build yet" in ended.complaint
    else:
        assert (ended.status, ended.err) == (0, "")


@pytest.mark.usefixtures("unanswered")
def test_the_doctor_says_what_to_do_about_what_is_missing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    (line,) = (line for line in run("doctor", "--offline").out.splitlines() if "git, " in line)
    assert line.startswith("no ")
    assert line.endswith("not on PATH; install git")
