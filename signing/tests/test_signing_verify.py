"""What a downstream does: the program's own way, and the plain commands that it prints."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from gpg_keys import THEN, Keys
from release_maker import IDENTITY, ISSUER
from signer import Signing, one_rekor
from verbatim_sign.errors import CredentialError
from verbatim_sign.files import OpenFile, opened
from verbatim_sign.gpg import Gpg

pytestmark = one_rekor()


@pytest.fixture
def signed(signing: Signing) -> Signing:
    signing.run()
    return signing


def verified(signing: Signing, *options: str) -> str:
    return signing.run(*options, name="verify", types=None)


def refused(signing: Signing, *options: str, status: int) -> str:
    return signing.run(*options, name="verify", types=None, status=status)


def test_what_was_signed_holds_without_attestations(signed: Signing) -> None:
    made = signed.made
    made.attestations.rename(made.folder / "elsewhere")
    (made.dist / "source.intoto.json").unlink()
    out = verified(signed)
    assert f"all signatures of {made.version} are valid" in out
    client = f"python3 -m sigstore --trust-config {signed.sigstore.trust_config} verify identity"
    whose = f"--cert-identity {IDENTITY} --cert-oidc-issuer {ISSUER}"
    assert out.splitlines()[1:] == [
        "  sha256sum --check SHA256SUMS",
        *(f"  {client} --bundle {name}.sigstore {whose} {name}" for name in made.names),
        *(f"  gpgv --keyring ./keyring.gpg {name}.asc {name}" for name in made.names),
    ]


@pytest.mark.integration
def test_so_it_does_for_the_plain_commands(
    signed: Signing, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = verified(signed)
    (signed.made.dist / "keyring.gpg").write_bytes(keys.gpg("--export", keys.good))
    monkeypatch.chdir(signed.made.dist)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    for line in out.splitlines()[1:]:
        done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_another_policy_wants_another_issuer(signed: Signing) -> None:
    signed.made.signing["issuer"] = "https://other.example.com"
    signed.made.write_policy()
    assert "other.example.com" in refused(signed, status=4)


def test_another_policy_wants_another_identity(signed: Signing) -> None:
    signed.made.signing["identity"] = "bob@example.com"
    signed.made.write_policy()
    assert f"SANs do not match bob@example.com; actual SANs: {{'{IDENTITY}'}}" in refused(
        signed, status=4
    ).replace("\\'", "'")


@pytest.mark.parametrize(
    ("spoil", "status", "why"),
    [
        (lambda made: made.tgz.write_bytes(b"made by them"), 6, "SHA256SUMS is not the list of these files"),
        (lambda made: (made.dist / "SHA256SUMS").unlink(), 6, "SHA256SUMS cannot be read"),
        (lambda made: (made.dist / f"{made.tgz.name}.sigstore").write_text("{}"), 4, "is not valid"),
        (lambda made: (made.dist / f"{made.tgz.name}.sigstore").unlink(), 6, "cannot be read"),
        (lambda made: (made.dist / f"{made.tgz.name}.asc").unlink(), 6, "cannot be read"),
        (
            lambda made: (made.dist / f"{made.tgz.name}.asc").write_text("x"),
            5,
            "is not a valid one by the GPG key",
        ),
        (
            lambda made: (made.dist / f"{made.tgz.name}.asc").write_bytes(
                (made.dist / f"{made.names[0]}.asc").read_bytes()
            ),
            5,
            "is of other bytes",
        ),
        (
            lambda made: (made.dist / f"{made.tgz.name}.sigstore").write_bytes(
                (made.dist / f"{made.names[0]}.sigstore").read_bytes()
            ),
            4,
            "is not valid",
        ),
    ],
)
def test_what_does_not_hold_is_refused(
    spoil: Callable[[object], None], status: int, why: str, signed: Signing
) -> None:
    spoil(signed.made)
    assert why in refused(signed, status=status)


@pytest.mark.parametrize("version", [0, 9, 255])
def test_a_certificate_of_an_unknown_version_is_refused(version: int, signed: Signing) -> None:
    """What its parser raises is no error of Sigstore's client."""
    path = signed.made.dist / f"{signed.made.tgz.name}.sigstore"
    bundle = json.loads(path.read_text())
    certificate = bundle["verificationMaterial"]["certificate"]
    der = base64.b64decode(certificate["rawBytes"])
    # The version stands first: [0] EXPLICIT INTEGER 2, which is the third.
    other = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01%c" % version, 1)
    certificate["rawBytes"] = base64.b64encode(other).decode()
    path.write_text(json.dumps(bundle))
    assert other != der
    assert "is not valid" in refused(signed, status=4)


def test_a_keyring_may_take_the_place_of_gpgs_own(
    signed: Signing, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = signed.made.folder / "keyring.gpg"
    keyring.write_bytes(keys.gpg("--export", keys.good))
    monkeypatch.setenv("GNUPGHOME", str(signed.made.folder / "home"))
    verified(signed, "--keyring", str(keyring))
    assert "gpg has no public key" in refused(signed, status=5)
    keyring.write_bytes(keys.gpg("--export", keys.other))
    assert "is not a valid one by the GPG key" in refused(signed, "--keyring", str(keyring), status=5)


def _resigned(signed: Signing, keys: Keys, key: str, *when: str) -> None:
    """Another's signature in the place of a good one."""
    data = signed.made.tgz.read_bytes()
    made = keys.gpg(*when, "--local-user", key, "--armor", "--detach-sign", data=data)
    (signed.made.dist / f"{signed.made.tgz.name}.asc").write_bytes(made)


def test_another_key_in_the_same_keyring_is_not_the_one(signed: Signing, keys: Keys) -> None:
    keyring = signed.made.folder / "keyring.gpg"
    keyring.write_bytes(keys.gpg("--export", keys.good, keys.other))
    _resigned(signed, keys, keys.other)
    assert "is not a valid one by the GPG key" in refused(signed, "--keyring", str(keyring), status=5)


def test_two_signatures_are_one_too_many(signed: Signing, keys: Keys) -> None:
    keyring = signed.made.folder / "keyring.gpg"
    keyring.write_bytes(keys.gpg("--export", keys.good, keys.other))
    data = signed.made.tgz.read_bytes()
    both = keys.gpg(
        "--local-user", keys.good, "--local-user", keys.other, "--armor", "--detach-sign", data=data
    )
    (signed.made.dist / f"{signed.made.tgz.name}.asc").write_bytes(both)
    assert "is not a valid one by the GPG key" in refused(signed, "--keyring", str(keyring), status=5)


def test_nor_is_one_good_signature_beside_one_of_nobody_knows_whom(signed: Signing, keys: Keys) -> None:
    keyring = signed.made.folder / "keyring.gpg"
    keyring.write_bytes(keys.gpg("--export", keys.good))
    data = signed.made.tgz.read_bytes()
    both = keys.gpg(
        "--local-user", keys.good, "--local-user", keys.other, "--armor", "--detach-sign", data=data
    )
    (signed.made.dist / f"{signed.made.tgz.name}.asc").write_bytes(both)
    assert "is not a valid one by the GPG key" in refused(signed, "--keyring", str(keyring), status=5)


@pytest.mark.parametrize("name", ["SHA256", "SHA384", "SHA512"])
def test_a_strong_hash_is_as_good_as_another(name: str, signed: Signing, keys: Keys) -> None:
    _resigned(signed, keys, keys.good, "--digest-algo", name)
    verified(signed)


@pytest.mark.parametrize("text", [b"a\nb\n", b"a\r\nb\r\n"])
def test_a_signature_of_a_text_is_refused(text: bytes, signed: Signing, keys: Keys) -> None:
    """It fits whatever has other ends of lines."""
    made = keys.gpg("--local-user", keys.good, "--armor", "--textmode", "--detach-sign", data=b"a\nb\n")
    path = signed.made.folder / "text"
    path.write_bytes(text)
    gpg = Gpg(keys.good)
    gpg.load()
    with opened(signed.made.folder) as folder, closing(OpenFile.of(folder, "text")) as file:
        with pytest.raises(CredentialError, match="is not a valid one by the GPG key"):
            gpg.verify(file, made)
        gpg.verify(file, keys.gpg("--local-user", keys.good, "--detach-sign", data=text))


def test_a_weak_hash_is_refused(signed: Signing, keys: Keys) -> None:
    _resigned(signed, keys, keys.good, "--digest-algo", "SHA1")
    assert "is not a valid one by the GPG key" in refused(signed, status=5)


@pytest.mark.parametrize(
    ("kind", "why"),
    [("expired", "is by a key that has expired"), ("revoked", "is by a key that was revoked")],
)
def test_a_signature_by_a_key_that_is_not_valid_any_more_is_refused(
    kind: str, why: str, signed: Signing, keys: Keys
) -> None:
    """Though gpgv's status is 0 where the key has expired."""
    made, key = signed.made, getattr(keys, kind)
    made.signing["gpg"] = key
    made.write_policy()
    for name in made.names:
        if kind == "expired":
            data = (made.dist / name).read_bytes()
            signature = keys.gpg(*THEN, "--local-user", key, "--armor", "--detach-sign", data=data)
        else:
            signature = keys.signed_before
        (made.dist / f"{name}.asc").write_bytes(signature)
    assert why in refused(signed, status=5)


def test_a_signature_that_has_expired_is_refused(signed: Signing, keys: Keys) -> None:
    data = (signed.made.dist / signed.made.names[0]).read_bytes()
    when = ("--default-sig-expire", "seconds=1", "--faked-system-time", "20200102T000000!")
    signature = keys.gpg(*when, "--local-user", keys.old, "--armor", "--detach-sign", data=data)
    (signed.made.dist / f"{signed.made.names[0]}.asc").write_bytes(signature)
    signed.made.signing["gpg"] = keys.old
    signed.made.write_policy()
    assert "is a signature that has expired" in refused(signed, status=5)
