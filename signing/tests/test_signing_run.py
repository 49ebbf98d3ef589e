"""Signing: what is signed holds for everybody else's tools, and whatever is wrong leaves nothing signed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gpg_keys import Keys
from release_maker import IDENTITY, ISSUER, MadeRelease, sha256
from signer import Signing, Typist, one_rekor
from verbatim_sign import run, screen
from verbatim_sign.bundles import TOKEN_VARIABLE
from verbatim_sign.log import Log

from tests.sigstore import PrivateSigstore, Service

Output = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def test_what_was_checked_is_signed_and_verified(signing: Signing, keys: Keys) -> None:
    made = signing.made
    out = signing.run()
    assert made.signatures() == sorted(f"{name}{end}" for name in made.names for end in (".asc", ".sigstore"))
    assert f"to be signed 2 × FILE.sigstore, by {IDENTITY} ({ISSUER})" in out
    assert f"to be signed 2 × FILE.asc, by the GPG key {keys.good}" in out
    assert f"Type {made.version} to sign:" in out
    assert "valid signatures: 4" in out
    assert set(made.signatures()) <= {line.strip() for line in out.splitlines()}
    assert TOKEN_VARIABLE not in os.environ
    (made.folder / "keyring.gpg").write_bytes(keys.gpg("--export", keys.good))
    for name in made.names:
        path = made.dist / name
        bundle = json.loads((made.dist / f"{name}.sigstore").read_bytes())
        signed = base64.b64decode(bundle["messageSignature"]["messageDigest"]["digest"])
        assert signed.hex() == sha256(path.read_bytes())
        gpgv = ["gpgv", "--keyring", str(made.folder / "keyring.gpg"), f"{path}.asc", str(path)]
        assert subprocess.run(gpgv, capture_output=True, check=False).returncode == 0


def test_what_was_signed_when_and_by_whom_is_in_the_log(signing: Signing) -> None:
    out = signing.run()
    made = signing.made
    lines = signing.log.read_bytes().splitlines(keepends=True)
    assert [entry["event"] for entry in signing.entries] == ["signing", "signed"] * 4
    previous = "0" * 64
    for line in lines:
        entry = json.loads(line)
        assert entry["previous"] == previous
        assert (entry["version"], entry["user"]) == (made.version, os.getuid())
        assert entry["sha256"] == sha256((made.dist / entry["file"]).read_bytes())
        previous = hashlib.sha256(line).hexdigest()
    assert f"write down the log's head: {previous}" in out
    first, second = signing.entries[:2]
    assert first["commit"] == made.signing["commit"]
    assert first["policy"] == sha256(made.policy_path.read_bytes())
    assert first["by"] == f"{IDENTITY} ({ISSUER})"
    assert second["signature"] == sha256((made.dist / f"{made.names[0]}.sigstore").read_bytes())
    assert signing.log.stat().st_mode & 0o777 == 0o600


@one_rekor()
def test_from_3_14_on_there_is_no_gpg(
    tmp_path: Path, sigstore: PrivateSigstore, typist: Typist, monkeypatch: Patch, capsys: Output
) -> None:
    (tmp_path / "new").mkdir(mode=0o700)
    made = MadeRelease(tmp_path / "new", "3.14.0rc1")
    signing = Signing(made, sigstore, typist, monkeypatch, capsys)
    assert "no key or identity may sign 3.14.0rc1" in signing.refused("--only", "gpg", status=7, types=None)
    signing.run()
    assert made.signatures() == [f"{name}.sigstore" for name in made.names]


@one_rekor()
def test_before_that_the_policy_has_to_name_a_gpg_key(signing: Signing) -> None:
    del signing.made.signing["gpg"]
    signing.made.write_policy()
    assert "3.13.99 must be signed with GPG; name the key in the policy" in signing.refused(
        status=7, types=None
    )


@one_rekor()
def test_each_half_can_be_done_on_a_host_of_its_own(signing: Signing) -> None:
    signing.run("--only", "gpg")
    assert {name[-4:] for name in signing.made.signatures()} == {".asc"}
    assert signing.sigstore.asked == []
    assert "unusual: Python-3.13.99.tgz.asc already exists" in signing.run("--only", "sigstore")
    assert len(signing.made.signatures()) == 4


# Nothing is signed without being checked, and read


@one_rekor()
def test_what_is_refused_when_checked_is_not_signed(signing: Signing) -> None:
    (signing.made.attestations / "bob.source.dsse.json").unlink()
    assert "too few confirm it: 1 of 2" in signing.refused(status=1, types=None)
    assert signing.sigstore.asked == []
    assert not signing.log.exists()


@one_rekor()
@pytest.mark.parametrize("typed", ["yes", "3.13.9", "3.13.99x", " "])
def test_the_version_has_to_be_typed(typed: str, signing: Signing) -> None:
    assert "expected 3.13.99: nothing was signed" in signing.refused(status=2, types=typed)
    assert signing.sigstore.asked == []


@one_rekor()
def test_somebody_has_to_be_there(signing: Signing, monkeypatch: Patch) -> None:
    with open(os.devnull, encoding="utf-8") as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        assert "there is no terminal to confirm on; run it in a terminal" in signing.refused(
            status=2, types=None
        )


def _replace(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)


def _link(path: Path) -> None:
    """To the very file that was checked."""
    path.rename(path.parent.parent / path.name)
    path.symlink_to(f"../{path.name}")


def _alter(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"M")


@one_rekor()
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_replace, "was replaced since it was checked"),
        (_link, "was replaced since it was checked"),
        (Path.unlink, "was replaced since it was checked"),
        (_alter, "was altered since it was checked"),
    ],
)
def test_a_file_that_changes_between_check_and_signing_is_refused(
    change: Callable[[Path], None], why: str, signing: Signing, monkeypatch: Patch
) -> None:
    confirm = screen.confirm

    def meanwhile(version: str) -> None:
        confirm(version)
        change(signing.made.tgz)

    monkeypatch.setattr("verbatim_sign.run.confirm", meanwhile)
    assert f"{signing.made.tgz} {why}" in signing.refused(status=6)
    assert Service.REKOR not in signing.sigstore.asked


@one_rekor()
def test_a_file_that_changes_while_gpg_signs_is_not_signed_by_it(
    signing: Signing, monkeypatch: Patch
) -> None:
    append = Log.append

    def meanwhile(log: Log, **said: object) -> None:
        append(log, **said)
        _alter(signing.made.dist / str(said["file"]))

    monkeypatch.setattr(Log, "append", meanwhile)
    assert "was altered since it was checked" in signing.refused("--only", "gpg", status=6)


@one_rekor()
def test_a_file_that_changes_at_the_end_is_noticed(signing: Signing, monkeypatch: Patch) -> None:
    sign = run._sign

    def meanwhile(*arguments: Any) -> None:
        sign(*arguments)
        if len(signing.made.signatures()) == 4:
            _replace(signing.made.tgz)

    monkeypatch.setattr(run, "_sign", meanwhile)
    assert "was replaced since it was checked" in signing.run(status=6)
