"""What every test has: a home of its own, and no way out of this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpg_keys import Keys
from release_maker import TODAY, VERSION, MadeRelease
from signer import Signing, Typist
from verbatim_sign import command
from verbatim_sign.command import main

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


@pytest.fixture
def check(made: MadeRelease, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Check the release, which shall be refused with that status; gives the one line that says why."""

    def run(status: int, *options: str, version: str = VERSION) -> str:
        before = made.signatures()
        arguments = [
            "check",
            "--version",
            version,
            "--policy",
            str(made.policy_path),
            *options,
            str(made.release),
        ]
        open_before = os.listdir("/proc/self/fd")
        assert main(arguments) == status
        assert os.listdir("/proc/self/fd") == open_before
        out, err = capsys.readouterr()
        assert made.signatures() == before
        assert "Traceback" not in err
        if status == 0:
            assert err == ""
            return out
        assert re.fullmatch(r"refused: [^\n]+\n", err), err
        return err

    return run
