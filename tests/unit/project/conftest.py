"""A checkout that sets itself up with a stand-in for pip."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.project.bootstrap import PACKAGE, PIP, PYTHON, Checkout
from verbatim.paths import PROJECT


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    folder = tmp_path / "a checkout"
    shutil.copytree(PROJECT / "requirements", folder / "requirements", ignore=lambda *_: ["development.txt"])
    shutil.copy(PROJECT / "invoke", folder)
    (folder / "verbatim").mkdir()
    (folder / "verbatim" / "__main__.py").write_text(PACKAGE)
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PYTHONPATH", str(programs))
    return Checkout(folder, programs)


@pytest.fixture
def with_pip(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Checkout:
    """A machine that has what is needed, and no settings for pip."""
    calls = str(checkout.programs / "calls")
    checkout.program("python3", PYTHON.format(python=sys.executable, pip=PIP, calls=calls))
    checkout.module("sitecustomize", f"import sys\nsys.executable = {str(checkout.programs / 'python3')!r}\n")
    for name in os.environ:
        if name.startswith(("PIP_", "XDG_CONFIG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "nowhere"))
    return checkout
