"""What every test has: a home of its own, and no way out of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpg_keys import Keys
from release_maker import TODAY, MadeRelease
from signer import Signing, Typist
from verbatim_sign import command

from tests.sigstore import PrivateSigstore


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No setting from outside, one day of all days, and the umask as it was before."""
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
    monkeypatch.setattr(command, "_today", lambda: TODAY)
    before = os.umask(0o022)
    yield folder
    os.umask(before)


@pytest.fixture
def made(tmp_path: Path) -> MadeRelease:
    return MadeRelease(tmp_path)


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typist]:
    sitting = Typist(monkeypatch)
    yield sitting
    sitting.close()


@pytest.fixture(scope="session")
def every_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    keys = Keys(tmp_path_factory.mktemp("gpg"))
    yield keys
    keys.close()


@pytest.fixture
def keys(every_key: Keys, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """GPG keys that are good, expired and revoked, in gpg's home."""
    monkeypatch.setenv("GNUPGHOME", str(every_key.home))
    return every_key


@pytest.fixture(params=["v1", "v2"])
def sigstore(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PrivateSigstore]:
    folder = tmp_path / "sigstore"
    folder.mkdir(mode=0o700)
    with PrivateSigstore(folder, rekor=request.param) as running:
        yield running


@pytest.fixture
def signing(
    made: MadeRelease,
    sigstore: PrivateSigstore,
    typist: Typist,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Signing:
    made.signing["gpg"] = keys.good
    made.write_policy()
    return Signing(made, sigstore, typist, monkeypatch, capsys)
