"""The release manager's signatures: right, missing, wrong in each way, and wrong as is known of old."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.openpgp_keys import THEN, Keys
from tests.signatures import CONTENT, ISSUER, MANAGER, TGZ, Scene, bundle
from tests.sigstore import Lie, PrivateSigstore
from verbatim.digest import sha256_bytes
from verbatim.errors import UsageError
from verbatim.published.openpgp import read_keyring
from verbatim.published.signatures import Anchors


@pytest.fixture(scope="module", params=["v1", "v2"])
def sigstore(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrivateSigstore]:
    with PrivateSigstore(tmp_path_factory.mktemp("sigstore"), rekor=request.param) as running:
        yield running


def test_a_bundle_beside_the_file_is_checked_and_named(scene: Scene, sigstore: PrivateSigstore) -> None:
    beside = scene.path.with_name(f"{TGZ}.sigstore")
    beside.write_bytes(bundle(sigstore))
    [signature] = scene.check(Anchors(sigstore.trust_config), offline=True)
    assert (signature.kind, signature.state, signature.where) == ("Sigstore", "good", str(beside))
    assert signature.text == f"signed by {MANAGER} (issuer {ISSUER}), The Manager, who manages 3.13"


def test_it_keeps_its_name_where_a_browser_renamed_the_file(scene: Scene, sigstore: PrivateSigstore) -> None:
    renamed = scene.path.rename(scene.path.with_name("Python-3.13.5 (1).tgz"))
    scene.path.with_name(f"{TGZ}.sigstore").write_bytes(bundle(sigstore))
    [signature] = scene.check(Anchors(sigstore.trust_config), path=renamed, offline=True)
    assert signature.state == "good"


def test_otherwise_it_is_fetched_from_python_org(scene: Scene, sigstore: PrivateSigstore) -> None:
    scene.serve(f"{TGZ}.sigstore", bundle(sigstore))
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert (signature.state, signature.where) == ("good", f"{scene.site.url}/3.13.5/{TGZ}.sigstore")


def test_what_lies_beside_a_download_of_ours_is_not_taken_for_its_signature(
    scene: Scene, sigstore: PrivateSigstore
) -> None:
    scene.path.with_name(f"{TGZ}.sigstore").write_bytes(bundle(sigstore))
    [signature] = scene.check(Anchors(sigstore.trust_config), users=False)
    assert signature.state == "missing"


WRONG: dict[str, tuple[Callable[[PrivateSigstore], bytes], str]] = {
    "another file": (lambda s: bundle(s, b"else"), "it is the signature of another file, with SHA-256"),
    "another identity": (
        lambda s: bundle(s, name="mallory@example.com"),
        f"it is by somebody else, mallory@example.com; expected {MANAGER} ({ISSUER})",
    ),
    "another issuer": (
        lambda s: bundle(s, issuer="https://evil.example.com"),
        f"{MANAGER} is certified by another issuer, expected {ISSUER}",
    ),
    "no bundle": (lambda _: b"<html>not found</html>", "it is not a bundle of Sigstore"),
    "nothing of what a bundle has": (lambda _: b'{"messageSignature": []}', "it is not a bundle of Sigstore"),
    "JSON without end": (lambda _: b"[" * 100_000, "it is not a bundle of Sigstore"),
    "a spoiled signature": (lambda s: spoiled(bundle(s)), "it is not valid"),
}


def spoiled(content: bytes) -> bytes:
    """With another certificate's worth of a signature: one bit is wrong."""
    said = json.loads(content)
    signature = said["messageSignature"]["signature"]
    said["messageSignature"]["signature"] = (
        signature[:20] + ("B" if signature[20] == "A" else "A") + signature[21:]
    )
    return json.dumps(said).encode()


@pytest.mark.parametrize(("made", "why"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_bundle_is_an_alarm_that_names_what_is_wrong(
    scene: Scene, sigstore: PrivateSigstore, made: Callable[[PrivateSigstore], bytes], why: str
) -> None:
    scene.serve(f"{TGZ}.sigstore", made(sigstore))
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert (signature.state, signature.is_alarm) == ("wrong", True)
    assert signature.text.startswith("WRONG: ")
    assert why in signature.text


@pytest.mark.parametrize(
    "lie", [Lie.FULCIO_KEY, Lie.REKOR_KEY, Lie.INCLUSION_PROOF, Lie.OTHER_TREE, Lie.LATE]
)
def test_a_lying_sigstore_is_not_believed(scene: Scene, sigstore: PrivateSigstore, lie: Lie) -> None:
    sigstore.lie = lie
    try:
        scene.serve(f"{TGZ}.sigstore", bundle(sigstore))
    finally:
        sigstore.lie = None
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state == "wrong"
    assert "it is not valid" in signature.text


def test_another_sigstore_is_not_believed(scene: Scene, sigstore: PrivateSigstore, tmp_path: Path) -> None:
    with PrivateSigstore(tmp_path, rekor=sigstore.speaks) as other:
        scene.serve(f"{TGZ}.sigstore", bundle(other))
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state == "wrong"


def test_a_private_signature_is_not_one_of_the_public_sigstore(
    scene: Scene, sigstore: PrivateSigstore
) -> None:
    scene.serve(f"{TGZ}.sigstore", bundle(sigstore))
    [signature] = scene.check(Anchors())
    assert signature.state == "wrong"


def test_offline_nothing_is_asked(scene: Scene, sigstore: PrivateSigstore) -> None:
    [signature] = scene.check(Anchors(sigstore.trust_config), offline=True)
    assert (signature.state, signature.text) == (
        "unchecked",
        f"not checked: {TGZ}.sigstore as it is served now was not fetched",
    )


def test_a_server_that_fails_proves_nothing(scene: Scene, sigstore: PrivateSigstore) -> None:
    scene.serve(f"{TGZ}.sigstore", b"")
    scene.site.pages[f"/3.13.5/{TGZ}.sigstore"].failures = -1
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state == "unchecked"


def test_a_signature_without_end_is_not_taken(scene: Scene, sigstore: PrivateSigstore) -> None:
    scene.serve(f"{TGZ}.sigstore", b" " * (2 << 20))
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state == "unchecked"
    assert "more than the expected 1048576 bytes" in signature.text


def test_no_link_is_followed(scene: Scene, sigstore: PrivateSigstore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bundle(sigstore))
    scene.path.with_name(f"{TGZ}.sigstore").symlink_to(tmp_path / "secret")
    [signature] = scene.check(Anchors(sigstore.trust_config), offline=True)
    assert signature.state == "unchecked"


def test_a_release_that_others_signed_at_first_is_known_and_no_alarm(
    scene: Scene, sigstore: PrivateSigstore, keys: Keys
) -> None:
    known = (
        '[[known]]\nversion = "3.13.5"\nwhat = "a stand-in signed"\nsource = "https://example.com/1"\n'
        'sigstore = { identity = "stand-in@example.com", issuer = "https://accounts.example.com" }\n'
        f'[[known]]\nversion = "3.13.5"\nwhat = "too"\nsource = "https://example.com/2"\nopenpgp = "{keys.other}"\n'
    )
    scene.sign_by(keys.good, known)
    scene.serve(f"{TGZ}.sigstore", bundle(sigstore, name="stand-in@example.com"))
    scene.serve(f"{TGZ}.asc", keys.sign(keys.other, CONTENT))
    one, two = scene.check(Anchors(sigstore.trust_config, keys.exported()))
    assert (one.state, two.state) == ("known", "known")
    assert "a stand-in signed (https://example.com/1)" in one.text
    assert "too (https://example.com/2)" in two.text


def test_a_file_that_is_known_to_be_wrong_is_excused_and_no_other(scene: Scene, keys: Keys) -> None:
    wrong = keys.sign(keys.good, b"another file")
    known = (
        f'[[known]]\nversion = "3.13.5"\nname = "{TGZ}"\nsha256 = "{sha256_bytes(wrong)}"\n'
        'what = "it was of another file"\nsource = "https://example.com/3"\n'
    )
    scene.sign_by(keys.good, known)
    scene.serve(f"{TGZ}.asc", wrong)
    _, signature = scene.check(Anchors(None, keys.exported()))
    assert (signature.state, signature.text) == (
        "known",
        "does not count: it was of another file (https://example.com/3)",
    )
    scene.serve(f"{TGZ}.asc", keys.sign(keys.good, b"a third file"))
    _, signature = scene.check(Anchors(None, keys.exported()))
    assert signature.is_alarm


def test_what_was_missing_at_first_is_remarked(scene: Scene, keys: Keys) -> None:
    remark = (
        '[[known]]\nversion = "3.13.5"\nwhat = "it was missing at first"\nsource = "https://example.com/4"\n'
    )
    scene.sign_by(keys.good, remark)
    sigstore, openpgp = scene.check(Anchors(None, keys.exported()))
    assert sigstore.text == f"missing: python.org does not have {TGZ}.sigstore"
    assert openpgp.text.endswith(f"{TGZ}.asc; it was missing at first (https://example.com/4)")


OPENPGP: dict[str, tuple[Callable[[Keys], bytes], str, str]] = {
    "good": (lambda k: k.sign(k.good, CONTENT), "good", "The Manager, who manages 3.13"),
    "of another file": (
        lambda k: k.sign(k.good, b"else"),
        "wrong",
        "WRONG: it is the signature of another file",
    ),
    "by another key": (lambda k: k.sign(k.other, CONTENT), "wrong", "WRONG: it is by another key"),
    "by an expired key": (
        lambda k: k.sign(k.expired, CONTENT, *THEN),
        "doubtful",
        "does not count: the key has expired",
    ),
    "expired": (
        lambda k: k.sign(k.old, CONTENT, *THEN, "--default-sig-expire", "1d"),
        "doubtful",
        "does not count: the signature has expired",
    ),
    "by a revoked key": (lambda k: k.by_revoked, "wrong", "WRONG: the key was revoked"),
    "not one": (lambda _: b"<html>not found</html>", "wrong", "WRONG: it is not one good signature"),
    "of text": (
        lambda k: k.sign(k.good, CONTENT, "--textmode"),
        "wrong",
        "WRONG: it is not one good signature",
    ),
    "twice": (
        lambda k: k.sign(k.good, CONTENT, "--local-user", k.other),
        "wrong",
        "WRONG: it is not one good signature",
    ),
    "by a weak hash": (
        lambda k: k.sign(k.good, CONTENT, "--digest-algo", "SHA1"),
        "doubtful",
        "does not count: it uses a hash function that can be forged (number 2",
    ),
}


@pytest.mark.parametrize(("made", "state", "text"), OPENPGP.values(), ids=OPENPGP.keys())
def test_an_openpgp_signature(
    scene: Scene, keys: Keys, made: Callable[[Keys], bytes], state: str, text: str
) -> None:
    scene.sign_by(keys.good)
    scene.serve(f"{TGZ}.asc", made(keys))
    _, signature = scene.check(Anchors(None, keys.exported()))
    assert (signature.kind, signature.state) == ("OpenPGP", state), signature.text
    assert text in signature.text


def test_a_key_that_is_not_given_proves_nothing(scene: Scene, keys: Keys) -> None:
    scene.sign_by(keys.good)
    scene.serve(f"{TGZ}.asc", keys.sign(keys.good, CONTENT))
    _, signature = scene.check(Anchors(None, keys.exported(keys.other)))
    assert (signature.state, signature.text) == (
        "doubtful",
        "does not count: --keyring does not have the key",
    )
    _, signature = scene.check(Anchors())
    assert (signature.state, signature.text) == (
        "unchecked",
        "not checked: --keyring names a file with the release managers' keys",
    )


def test_armoured_keys_are_read_as_well(keys: Keys, tmp_path: Path) -> None:
    both = keys.exported(keys.good, armored=True) + keys.exported(keys.other, armored=True)
    (tmp_path / "both.asc").write_bytes(both)
    assert read_keyring(tmp_path / "both.asc") == keys.exported(keys.good) + keys.exported(keys.other)


@pytest.mark.parametrize("content", [b"", b"not keys\n", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\nno\n"])
def test_a_file_without_keys_is_refused_before_any_work(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(UsageError, match="does not have OpenPGP keys"):
        Anchors.load(None, tmp_path / "keys")
    with pytest.raises(UsageError, match="cannot be read"):
        Anchors.load(None, tmp_path / "missing")


def test_without_gpgv_it_is_not_checked(
    scene: Scene, keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scene.sign_by(keys.good)
    scene.serve(f"{TGZ}.asc", keys.sign(keys.good, CONTENT))
    given = keys.exported()
    monkeypatch.setenv("PATH", str(tmp_path))
    _, signature = scene.check(Anchors(None, given))
    assert signature.state == "unchecked"
    assert "gpgv is missing; install it" in signature.text
