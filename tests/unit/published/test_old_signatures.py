"""Sigstore's signatures of former years: of other versions, and those that only its log completes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.signatures import CONTENT, TGZ, Scene, bundle
from tests.sigstore import Lie, Outage, PrivateSigstore, Service
from verbatim.paths import PROJECT
from verbatim.published.bundles import verify_bundle
from verbatim.published.detached import Detached
from verbatim.published.signatures import Anchors
from verbatim.published.signers import Signers
from verbatim.release import Published, Release


@pytest.fixture
def sigstore(tmp_path: Path) -> Iterator[PrivateSigstore]:
    with PrivateSigstore(tmp_path, rekor="v1") as running:
        yield running


def of_version(signed: bytes, version: str) -> bytes:
    """A bundle as it was in that version: the first ones had a chain of certificates, and no checkpoint."""
    parts = json.loads(signed)
    parts["mediaType"] = f"application/vnd.dev.sigstore.bundle+json;version={version}"
    material = parts["verificationMaterial"]
    if version != "0.3":
        material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    if version == "0.1":
        del material["tlogEntries"][0]["inclusionProof"]["checkpoint"]
    return json.dumps(parts).encode()


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_bundles_of_all_versions_are_read(scene: Scene, sigstore: PrivateSigstore, version: str) -> None:
    scene.serve(f"{TGZ}.sigstore", of_version(bundle(sigstore), version))
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state == "good", signature.text


def test_a_bundle_of_a_later_version_is_not_an_alarm(scene: Scene, sigstore: PrivateSigstore) -> None:
    scene.serve(f"{TGZ}.sigstore", bundle(sigstore).replace(b"bundle.v0.3+json", b"bundle.v0.9+json"))
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state == "doubtful"
    assert "bundle.v0.9+json'; use a newer Verbatim" in signature.text


def detached(
    scene: Scene, sigstore: PrivateSigstore, content: bytes = CONTENT, *, twice: bool = False
) -> None:
    """Serve a signature and its certificate, as before there were bundles."""
    parts = json.loads(bundle(sigstore, content))
    der = base64.b64decode(parts["verificationMaterial"]["certificate"]["rawBytes"])
    pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    scene.serve(f"{TGZ}.crt", base64.b64encode(pem) if twice else pem)
    scene.serve(f"{TGZ}.sig", parts["messageSignature"]["signature"].encode())


@pytest.mark.parametrize("twice", [False, True], ids=["PEM", "base64 of PEM"])
def test_a_signature_from_before_bundles_is_looked_up_in_the_log(
    scene: Scene, sigstore: PrivateSigstore, twice: bool
) -> None:
    detached(scene, sigstore, twice=twice)
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert (signature.state, signature.where) == ("good", f"{scene.site.url}/3.13.5/{TGZ}.sig"), (
        signature.text
    )


def test_one_of_another_file_is_never_good(scene: Scene, sigstore: PrivateSigstore) -> None:
    detached(scene, sigstore, b"another file")
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state in ("wrong", "unchecked")


def test_an_incomplete_bundle_of_another_file_is_an_alarm(scene: Scene, sigstore: PrivateSigstore) -> None:
    scene.serve(f"{TGZ}.sigstore", of_version(bundle(sigstore, b"another file"), "0.1"))
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert (signature.state, "it is the signature of another file" in signature.text) == ("wrong", True)


def serve_either(scene: Scene, sigstore: PrivateSigstore, kind: str) -> None:
    if kind == "bundle":
        scene.serve(f"{TGZ}.sigstore", of_version(bundle(sigstore), "0.1"))
    else:
        detached(scene, sigstore)


either = pytest.mark.parametrize("kind", ["bundle", "detached"])


@either
def test_a_log_that_lies_is_not_believed(scene: Scene, sigstore: PrivateSigstore, kind: str) -> None:
    serve_either(scene, sigstore, kind)
    bundle(sigstore, b"the entry that is replayed")
    sigstore.lie = Lie.REPLAYED_ENTRY
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert (signature.state, "it is not valid" in signature.text) == ("wrong", True), signature.text


@either
@pytest.mark.parametrize("outage", [Outage.FAILS, Outage.HANGS_UP])
def test_a_log_that_is_down_proves_nothing(
    scene: Scene, sigstore: PrivateSigstore, kind: str, outage: Outage
) -> None:
    serve_either(scene, sigstore, kind)
    sigstore.down[Service.REKOR] = outage
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state == "unchecked"
    assert "lacks what only Sigstore's log has: the log http://127.0.0.1" in signature.text


def test_offline_the_log_is_not_asked(scene: Scene, sigstore: PrivateSigstore) -> None:
    beside = scene.path.with_name(f"{TGZ}.sigstore")
    beside.write_bytes(of_version(bundle(sigstore), "0.1"))
    asked = len(sigstore.asked)
    [signature] = scene.check(Anchors(sigstore.trust_config), offline=True)
    assert (signature.state, len(sigstore.asked)) == ("unchecked", asked)
    assert (
        signature.text == f"not checked: {beside} lacks what only Sigstore's log has; run without --offline"
    )


@pytest.mark.parametrize("spoiled", ["sig", "crt"])
def test_what_is_not_a_signature_or_a_certificate_is_wrong_or_unchecked(
    scene: Scene, sigstore: PrivateSigstore, spoiled: str
) -> None:
    detached(scene, sigstore)
    scene.serve(f"{TGZ}.{spoiled}", b"\xff<html>")
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state in ("wrong", "unchecked")


def test_a_signature_without_its_certificate_is_missing(scene: Scene, sigstore: PrivateSigstore) -> None:
    scene.serve(f"{TGZ}.sig", b"MEUC")
    [signature] = scene.check(Anchors(sigstore.trust_config))
    assert signature.state == "missing"


# What python.org itself published.

OLD = Release.parse("3.12.5")
BUNDLE = (PROJECT / "tests" / "python_org" / f"{OLD.folder}.tgz.sigstore").read_bytes()
PUBLISHED = Published.of(OLD).hashes[f"{OLD.folder}.tgz"]


def test_a_bundle_of_python_org_is_by_the_manager_in_the_data_of_the_file_in_the_data() -> None:
    """Without the log's entry, which cannot be asked for here: the signature, and the name in the certificate."""
    incomplete = Detached.of_incomplete(BUNDLE, PUBLISHED)
    assert incomplete is not None
    key = incomplete.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(incomplete.signature, bytes.fromhex(PUBLISHED), ec.ECDSA(Prehashed(SHA256())))
    named = incomplete.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    identity = Signers(OLD).identity
    assert identity is not None
    assert [name.value for name in named.value] == [identity.identity]
    assert identity.issuer.encode() in incomplete.certificate.public_bytes(Encoding.DER)


def test_it_signs_no_other_file() -> None:
    assert Detached.of_incomplete(BUNDLE, "0" * 64) is None
    signer = verify_bundle("0" * 64, BUNDLE, [], None)
    assert signer.reason == f"it is the signature of another file, with SHA-256 {PUBLISHED}"


def test_each_series_has_its_manager_and_each_exception_its_source() -> None:
    text = (PROJECT / "releases" / "signers.toml").read_text(encoding="utf-8")
    assert text.count("[[known]]") == text.count('\nsource = "https://github.com/python/')
    for minor in range(7, 18):
        signers = Signers(Release.parse(f"3.{minor}.0"))
        assert signers.manager
        assert signers.identity is not None
        assert bool(signers.fingerprints) == (minor < 14)
