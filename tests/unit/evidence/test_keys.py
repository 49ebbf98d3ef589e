"""Keys: each is its owner's alone, and what is none is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from verbatim.errors import UsageError
from verbatim.evidence.keys import check_name, create_key, is_protected, load_signer, public_half


def test_a_key_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    public = create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_half(load_signer(path)) == public
    with pytest.raises(UsageError, match="already exists"):
        create_key(path)


def test_a_key_may_have_a_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    public = create_key(path, "correct horse")
    assert is_protected(path)
    assert public_half(load_signer(path, "correct horse")) == public
    for wrong in ("", "battery staple"):
        with pytest.raises(UsageError, match="cannot be opened"):
            load_signer(path, wrong)


def _readable(path: Path) -> None:
    create_key(path)
    path.chmod(0o640)


def _rsa(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)


def _unknown(path: Path) -> None:
    """An ed25519 key, but that the number of its algorithm (RFC 8410) begins with another byte."""
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    body = base64.b64decode(b"".join(key.splitlines()[1:-1])).replace(b"\x2b\x65\x70", b"\x17\x65\x70")
    path.write_bytes(
        b"-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(body) + b"\n-----END PRIVATE KEY-----\n"
    )
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _path: None, "there is no key"),
        (_unknown, "cannot be opened: Unknown key type"),
        (_readable, "can be read by others"),
        (_rsa, "is another kind of key, expected ed25519"),
        (lambda path: (path.write_text("no key"), path.chmod(0o600)), "cannot be opened"),
        (lambda path: path.mkdir(), "is not a regular file"),
    ],
)
def test_what_is_no_key_of_ones_own_is_refused(
    make: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "key.pem"
    make(path)
    with pytest.raises(UsageError, match=reason):
        load_signer(path)


@pytest.mark.parametrize("name", ["", "Alice", "a.b", "../a", "a" * 40, "-a", "a b", "é"])
def test_a_name_that_could_be_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)
