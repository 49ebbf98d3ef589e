"""What every test has: a home of its own, and no way out of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from release_maker import MadeRelease


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No setting from outside, and the umask as it was before."""
    for name in os.environ:
        if name.startswith(("SIGSTORE_", "XDG_", "GNUPGHOME")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(folder))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    before = os.umask(0o022)
    yield folder
    os.umask(before)


@pytest.fixture
def made(tmp_path: Path) -> MadeRelease:
    return MadeRelease(tmp_path)
