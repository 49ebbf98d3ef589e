"""No settings of Docker's from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of Docker's."""
    for name in os.environ:
        if name.startswith("DOCKER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
