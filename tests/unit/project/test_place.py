"""``VERBATIM_VENV``: where ``./invoke`` sets itself up if the checkout may only be read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.project.bootstrap import Checkout, started


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    venv = tmp_path / "a cache" / "venv"
    monkeypatch.setenv("VERBATIM_VENV", str(venv))
    return venv


def test_it_is_set_up_where_the_variable_says_and_nothing_is_written_to_the_checkout(
    with_pip: Checkout, named: Path
) -> None:
    before = sorted(with_pip.folder.rglob("*"))
    done = with_pip.run("doctor")
    assert started(done)["prefix"] == str(named)
    assert done.stderr == f"setting up {named} (once; about half a minute)\n"
    assert sorted(path for path in with_pip.folder.rglob("*") if "__pycache__" not in path.parts) == before
    assert with_pip.run("doctor").stderr == ""
    assert len(with_pip.set_ups) == 1


@pytest.mark.usefixtures("named")
def test_two_starts_at_once_set_up_once(with_pip: Checkout) -> None:
    both = [
        subprocess.Popen(with_pip.command(), cwd=with_pip.programs, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(with_pip.set_ups) == 1


def test_a_folder_with_something_else_in_it_is_refused_and_stays(with_pip: Checkout, named: Path) -> None:
    named.mkdir(parents=True)
    (named / "thesis.txt").write_text("precious")
    done = with_pip.run("doctor")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"error: VERBATIM_VENV: {named} exists, and Verbatim was not set up there; "
        "name a new folder, or remove that one\n"
    )
    assert (named / "thesis.txt").read_text() == "precious"


def test_an_empty_folder_is_used(with_pip: Checkout, named: Path) -> None:
    named.mkdir(parents=True)
    assert started(with_pip.run())["prefix"] == str(named)


def test_it_is_set_up_again_there_when_a_requirement_changes(with_pip: Checkout, named: Path) -> None:
    with_pip.run()
    with (with_pip.folder / "requirements" / "runtime.txt").open("a") as file:
        file.write("# one more\n")
    assert f"setting up {named}" in with_pip.run().stderr


def test_a_checkout_that_may_only_be_read_names_the_variable(with_pip: Checkout) -> None:
    path = with_pip.programs / "sitecustomize.py"
    path.write_text(path.read_text() + "import os\nos.access = lambda *_: False\n")
    done = with_pip.run("doctor")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"error: {with_pip.folder} cannot be written to, so Verbatim cannot be set up in {with_pip.folder}/.venv; "
        "set VERBATIM_VENV to a folder of your own\n"
    )
    assert not os.path.lexists(with_pip.folder / ".venv.lock")


def test_an_error_that_cannot_be_printed_has_its_status(with_pip: Checkout, named: Path) -> None:
    named.mkdir(parents=True)
    (named / "thesis.txt").touch()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, str(with_pip.folder / "invoke")], stderr=full, check=False)
    assert done.returncode == 3
