"""Behind an air gap: only the hashes come in, and only signatures of their list go out."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from release_maker import MadeRelease, key_of, public_of
from signer import Signing, one_rekor
from verbatim_sign.command import main

pytestmark = one_rekor()
Output = pytest.CaptureFixture[str]


def pem(key: Ed25519PrivateKey | X25519PrivateKey, secret: bytes = b"") -> bytes:
    protection = BestAvailableEncryption(secret) if secret else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def unknown() -> bytes:
    """An ed25519 key, but that the number of its algorithm (RFC 8410) begins with another byte."""
    body = b64decode(b"".join(pem(key_of("dora")).splitlines()[1:-1])).replace(
        b"\x2b\x65\x70", b"\x17\x65\x70"
    )
    return b"-----BEGIN PRIVATE KEY-----\n" + b64encode(body) + b"\n-----END PRIVATE KEY-----\n"


class Gap:
    """The release is whole on this side; behind the gap it is a copy without the artifacts."""

    def __init__(self, signing: Signing, capsys: Output) -> None:
        self.signing, self.made, self._capsys = signing, signing.made, capsys
        self.made.signing["ed25519"] = public_of("dora")
        self.made.write_policy()
        self.key = self.made.folder / "mine" / "key.pem"
        self.key.write_bytes(pem(key_of("dora")))
        self.behind = self.made.folder / "behind"
        shutil.copytree(
            self.made.release,
            self.behind,
            ignore=shutil.ignore_patterns("Python-*.t*", "*.sigstore", "*.asc"),
        )

    @property
    def there(self) -> Path:
        return self.behind / "dist" / self.made.version

    def command(self, name: str, *options: str, status: int = 0) -> str:
        ended = main([name, "--version", self.made.version, "--policy", str(self.made.policy_path), *options])
        out, err = self._capsys.readouterr()
        assert ended == status, err
        return out + err

    def sign(self, *options: str, status: int = 0, types: bool = True) -> str:
        if types:
            self.signing.typist.types(self.made.version)
        log = ("--log", str(self.signing.log))
        return self.command("run", "--digests-only", *log, *options, str(self.behind), status=status)

    def join(self, *options: str, status: int = 0) -> str:
        return self.command("join", *options, str(self.behind), str(self.made.release), status=status)


@pytest.fixture
def gap(signing: Signing, capsys: Output) -> Gap:
    return Gap(signing, capsys)


def test_the_list_of_hashes_is_signed_and_joined_with_the_artifacts(gap: Gap) -> None:
    out = gap.sign("--key", str(gap.key))
    assert "to be signed 1 × FILE.asc" in out
    assert f"to be signed 1 × FILE.ed25519, by the ed25519 key {public_of('dora')}" in out
    assert sorted(path.name for path in gap.there.iterdir()) == [
        "SHA256SUMS",
        "SHA256SUMS.asc",
        "SHA256SUMS.ed25519",
        "buildinfo",
        "source.intoto.json",
    ]
    assert gap.join() == "  SHA256SUMS.asc\n  SHA256SUMS.ed25519\n"
    assert gap.made.signatures() == ["SHA256SUMS.asc", "SHA256SUMS.ed25519"]
    public = key_of("dora").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (gap.made.folder / "ed25519.pem").write_bytes(public)
    gap.signing.run()
    out = gap.signing.run(name="verify", types=None)
    [line] = [line for line in out.splitlines() if "openssl" in line]
    command = line.replace("./ed25519.pem", str(gap.made.folder / "ed25519.pem"))
    done = subprocess.run(command.split(), cwd=gap.made.dist, capture_output=True, check=False)
    assert done.returncode == 0


def test_what_is_there_already_is_not_overwritten(gap: Gap) -> None:
    gap.sign("--key", str(gap.key))
    gap.join()
    assert "exists, and this run did not write it" in gap.join(status=6)


def test_signatures_of_another_list_are_not_joined(gap: Gap) -> None:
    gap.sign("--key", str(gap.key))
    other = key_of("dora").sign(b"something else")
    (gap.there / "SHA256SUMS.ed25519").write_bytes(other)
    assert "the signature of SHA256SUMS is not by the ed25519 key" in gap.join(status=6)
    assert gap.made.signatures() == []


def test_what_is_missing_is_not_joined(gap: Gap) -> None:
    gap.sign("--key", str(gap.key))
    (gap.there / "SHA256SUMS.asc").unlink()
    assert "SHA256SUMS.asc cannot be read" in gap.join(status=6)
    assert gap.made.signatures() == []


def test_nothing_is_joined_with_what_does_not_pass(gap: Gap) -> None:
    gap.sign("--key", str(gap.key))
    gap.made.tgz.write_bytes(b"made by them")
    assert "was altered" in gap.join(status=6)


def test_without_gpg_in_the_policy_the_other_key_is_enough(gap: Gap) -> None:
    del gap.made.signing["gpg"]
    gap.made.write_policy()
    gap.sign("--key", str(gap.key))
    assert (gap.there / "SHA256SUMS.ed25519").stat().st_size == 64


def test_with_neither_there_is_nothing_to_sign_with(gap: Gap) -> None:
    del gap.made.signing["gpg"], gap.made.signing["ed25519"]
    gap.made.write_policy()
    assert "no key or identity may sign 3.13.99" in gap.sign(status=7, types=False)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "--key is missing"),
        (b"x", "cannot be opened"),
        (unknown(), "cannot be opened"),
        (pem(key_of("mallory")), "does not hold the ed25519 key"),
        (pem(X25519PrivateKey.generate()), "does not hold the ed25519 key"),
    ],
)
def test_another_key_is_refused(content: bytes | None, why: str, gap: Gap) -> None:
    if content is not None:
        gap.key.write_bytes(content)
    assert why in gap.sign(*(["--key", str(gap.key)] if content else []), status=5)
    assert not (gap.there / "SHA256SUMS.asc").exists()


def test_a_key_may_have_a_passphrase(gap: Gap, monkeypatch: pytest.MonkeyPatch) -> None:
    gap.key.write_bytes(pem(key_of("dora"), b"secret"))
    monkeypatch.setattr("getpass.getpass", lambda _: "wrong")
    assert "cannot be opened" in gap.sign("--key", str(gap.key), status=5)
    monkeypatch.setattr("getpass.getpass", lambda _: "secret")
    gap.sign("--key", str(gap.key))


def test_a_key_that_others_can_write_to_is_refused(gap: Gap) -> None:
    gap.key.chmod(0o620)
    assert "others can write to" in gap.sign("--key", str(gap.key), status=7)


def test_an_artifact_behind_the_gap_is_one_too_many(gap: Gap, made: MadeRelease) -> None:
    shutil.copy(made.tgz, gap.there)
    assert f"also holds {made.tgz.name}" in gap.sign(status=6, types=False)
