"""What is printed is what was read by eye: the overview, each command's help, and each wrong use."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from invoke.collection import Collection
from invoke.loader import FilesystemLoader

from tests.golden import FOLDER, prepare, shown
from tests.program import run_in_process
from verbatim.paths import PROJECT

_MODULE, _ = FilesystemLoader(start=str(PROJECT)).load("tasks")
_SHOWN = shown(sorted(Collection.from_module(_MODULE).task_names))


def test_there_is_a_file_of_each_and_no_other() -> None:
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.txt")}
    assert there == _SHOWN.keys(), "run ./invoke reference"


@pytest.mark.parametrize("path", _SHOWN)
def test_it_prints_what_was_read_by_eye(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    texts = []
    for arguments in _SHOWN[path]:
        ended = run_in_process(arguments, monkeypatch, capsys)
        # Notes and warnings come before what is printed as the result.
        words = shlex.join(["./invoke", *arguments])
        texts.append(f"$ {words}\n{ended.err}{ended.out}[{ended.status}]\n")
    assert "\n".join(texts) == (FOLDER / path).read_text("utf-8"), "run ./invoke reference"
