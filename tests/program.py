"""The program, run in this process, which is the faster way."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence

import pytest


def run_in_process(
    arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """The exit status, and what went to standard output and to standard error."""
    status = 0
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["invoke", *arguments])
    try:
        runpy.run_module("verbatim", run_name="__main__")
    except SystemExit as leaving:
        assert isinstance(leaving.code, int)
        status = leaving.code
    return (status, *capsys.readouterr())
