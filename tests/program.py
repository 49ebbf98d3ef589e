"""The program, run in this process, which is the faster way."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest


@dataclass
class Ended:
    """What a run came to."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that says why nothing came of it; the last that it says."""
        assert "Traceback" not in self.err
        lines = self.err.splitlines()
        assert [line for line in lines if line.startswith("error: ")] == lines[-1:]
        return lines[-1]


def run_in_process(
    arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ended:
    """Run it to its end."""
    status = 0
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["invoke", *arguments])
    try:
        runpy.run_module("verbatim", run_name="__main__")
    except SystemExit as leaving:
        assert isinstance(leaving.code, int)
        status = leaving.code
    return Ended(status, *capsys.readouterr())
