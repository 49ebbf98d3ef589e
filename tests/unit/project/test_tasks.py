"""``tasks.py``, as an Invoke of any environment loads it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from verbatim.paths import PROJECT

#: Loads the tasks as Invoke does, in an environment that ``./invoke`` has not made.
_ELSEWHERE = """
import importlib.util, sys
sys.prefix = sys.argv.pop(1)
spec = importlib.util.spec_from_file_location("tasks", sys.argv.pop(1))
spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
#: In the place of ``./invoke``: what it was given, and where it was started.
_INVOKE = "import os, sys; print([os.getcwd(), *sys.argv[1:]])"


@pytest.mark.parametrize(
    "arguments", [["--list"], ["build", "--version", "3.12.0"], ["--complete", "--", "invoke", "bu"], []]
)
def test_an_invoke_of_another_environment_hands_over(arguments: list[str], tmp_path: Path) -> None:
    checkout, below = tmp_path / "checkout", tmp_path / "checkout" / "a folder"
    below.mkdir(parents=True)
    shutil.copy(PROJECT / "tasks.py", checkout)
    (checkout / "invoke").write_text(_INVOKE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _ELSEWHERE, tmp_path, checkout / "tasks.py", *arguments],
        cwd=below,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{[str(below), *arguments]}\n", "")
