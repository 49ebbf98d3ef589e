"""The tests' own Sigstore, as Sigstore's client sees it: the client believes it, and none of its lies."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import requests
from sigstore._internal.fulcio.client import FulcioClientError
from sigstore._internal.rekor import RekorClientError
from sigstore.dsse import Statement
from sigstore.errors import VerificationError
from sigstore.models import Bundle, ClientTrustConfig, InvalidBundle
from sigstore.oidc import IdentityError, IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity

from tests.sigstore import Lie, Outage, PrivateSigstore, Service

ALICE = "alice@example.com"
ISSUER = "https://accounts.example.com"
CONTENT = b"what is signed"

Kind = Literal["artifact", "attestation"]
Version = Literal["v1", "v2"]

VERSIONS: tuple[Version, ...] = ("v1", "v2")

both_kinds = pytest.mark.parametrize("kind", ["artifact", "attestation"])


@pytest.fixture(params=VERSIONS)
def sigstore(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PrivateSigstore]:
    with PrivateSigstore(tmp_path, rekor=request.param) as running:
        yield running


def statement(content: bytes) -> bytes:
    """An in-toto statement about some content."""
    said = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": hashlib.sha256(content).hexdigest()}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    }
    return json.dumps(said).encode()


def trust(sigstore: PrivateSigstore) -> ClientTrustConfig:
    return ClientTrustConfig.from_json(sigstore.trust_config.read_text(encoding="utf-8"))


def sign(sigstore: PrivateSigstore, kind: Kind, content: bytes = CONTENT, token: str | None = None) -> Bundle:
    identity = IdentityToken(token or sigstore.token(ALICE, issuer=ISSUER))
    with SigningContext.from_trust_config(trust(sigstore)).signer(identity) as signer:
        if kind == "artifact":
            return signer.sign_artifact(content)
        return signer.sign_dsse(Statement(statement(content)))


def verify(
    sigstore: PrivateSigstore, kind: Kind, bundle: Bundle, *, name: str = ALICE, issuer: str = ISSUER
) -> None:
    """Read the bundle as from a file, and let the client verify it."""
    bundle = Bundle.from_json(bundle.to_json())
    verifier = Verifier(trusted_root=trust(sigstore).trusted_root)
    policy = Identity(identity=name, issuer=issuer)
    if kind == "artifact":
        verifier.verify_artifact(CONTENT, bundle, policy)
    else:
        assert verifier.verify_dsse(bundle, policy) == ("application/vnd.in-toto+json", statement(CONTENT))


@both_kinds
def test_the_client_signs_and_verifies(kind: Kind, sigstore: PrivateSigstore) -> None:
    verify(sigstore, kind, sign(sigstore, kind))
    stamped = [Service.TIMESTAMPS] if sigstore.speaks == "v2" else []
    assert sigstore.asked == [Service.FULCIO, *stamped, Service.REKOR]


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("artifact", {"v1": ("hashedrekord", "0.0.1"), "v2": ("hashedrekord", "0.0.2")}),
        ("attestation", {"v1": ("dsse", "0.0.1"), "v2": ("hashedrekord", "0.0.2")}),
    ],
)
def test_the_entry_is_of_the_version_that_was_asked_for(
    kind: Kind, entry: dict[str, tuple[str, str]], sigstore: PrivateSigstore
) -> None:
    material = json.loads(sign(sigstore, kind).to_json())["verificationMaterial"]
    [logged] = material["tlogEntries"]
    kept = json.loads(base64.b64decode(logged["canonicalizedBody"]))
    assert (kept["kind"], kept["apiVersion"]) == entry[sigstore.speaks]
    assert logged["kindVersion"] == {"kind": kept["kind"], "version": kept["apiVersion"]}
    stamps = material.get("timestampVerificationData", {}).get("rfc3161Timestamps", [])
    assert ("inclusionPromise" in logged, len(stamps)) == (
        (True, 0) if sigstore.speaks == "v1" else (False, 1)
    )


def test_proofs_hold_as_the_log_grows(sigstore: PrivateSigstore) -> None:
    """Trees that are full, that are not, and leaves on either side."""
    token = IdentityToken(sigstore.token(ALICE, issuer=ISSUER))
    with SigningContext.from_trust_config(trust(sigstore)).signer(token) as signer:
        bundles = [signer.sign_artifact(CONTENT) for _ in range(13)]
    proofs = [
        json.loads(each.to_json())["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
        for each in bundles
    ]
    assert [int(proof["treeSize"]) for proof in proofs] == list(range(6, 19))
    assert {len(proof["hashes"]) for proof in proofs} == {1, 2, 3, 4}
    for bundle in bundles:
        verify(sigstore, "artifact", bundle)


@both_kinds
@pytest.mark.parametrize("other", [{"name": "bob@example.com"}, {"issuer": "https://accounts.example.org"}])
def test_the_client_refuses_another_identity(
    other: dict[str, str], kind: Kind, sigstore: PrivateSigstore
) -> None:
    bundle = sign(sigstore, kind)
    with pytest.raises(VerificationError, match=r"do not match|does not match"):
        verify(sigstore, kind, bundle, **other)


@both_kinds
def test_the_client_refuses_other_content(kind: Kind, sigstore: PrivateSigstore) -> None:
    bundle = json.loads(sign(sigstore, kind, b"something else").to_json())
    if kind == "attestation":
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(statement(CONTENT)).decode()
    with pytest.raises(VerificationError):
        verify(sigstore, kind, Bundle.from_json(json.dumps(bundle)))


@both_kinds
def test_the_client_refuses_what_another_sigstore_certified(
    kind: Kind, sigstore: PrivateSigstore, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with PrivateSigstore(folder, rekor=sigstore.speaks) as other:
        bundle = sign(other, kind)
    with pytest.raises(VerificationError):
        verify(sigstore, kind, bundle)


#: The lies that the client notices while it signs. All others it takes, and notices when it verifies.
NOTICED_AT_ONCE = {
    Lie.NO_SCT: "does not contain a signed certificate timestamp",
    Lie.CT_KEY: "SCT verify failed",
}
NOTICED_LATER = {
    Lie.FULCIO_KEY: "signature does not match",
    Lie.OTHER_IDENTITY: "actual SANs: {'mallory@example.com'}",
    Lie.REKOR_KEY: "checkpoint: invalid signature",
    Lie.PROMISE_KEY: "SET: invalid inclusion promise",
    Lie.INCLUSION_PROOF: "inclusion proof contains invalid root hash",
    Lie.OTHER_TREE: "invalid root hash signature",
    Lie.REPLAYED_ENTRY: "inconsistent with other materials|payload hash does not match bundle",
    Lie.TSA_KEY: "not enough sources of verified time",
    Lie.OTHER_MESSAGE: "not enough sources of verified time",
    Lie.LATE: "cert is not valid at validation time",
}


def test_every_lie_is_tried() -> None:
    assert NOTICED_AT_ONCE.keys() | NOTICED_LATER.keys() == set(Lie)


def lies_told(noticed: dict[Lie, str]) -> pytest.MarkDecorator:
    """The Sigstore that tells each of these lies, with either Rekor if it can be told there."""
    told = [
        pytest.param(version, lie, complaint, id=f"{version}-{lie.name}")
        for lie, complaint in noticed.items()
        for version in VERSIONS
        if lie.is_told_by(version)
    ]
    return pytest.mark.parametrize(("sigstore", "lie", "complaint"), told, indirect=["sigstore"])


@both_kinds
@lies_told(NOTICED_AT_ONCE)
def test_the_client_does_not_sign_when_lied_to(
    lie: Lie, complaint: str, kind: Kind, sigstore: PrivateSigstore
) -> None:
    sigstore.lie = lie
    with pytest.raises(VerificationError, match=complaint):
        sign(sigstore, kind)
    assert sigstore.asked == [Service.FULCIO]


@both_kinds
@lies_told(NOTICED_LATER)
def test_the_client_does_not_verify_what_is_a_lie(
    lie: Lie, complaint: str, kind: Kind, sigstore: PrivateSigstore
) -> None:
    sign(sigstore, kind, b"what was signed before, to be replayed")
    sigstore.lie = lie
    bundle = sign(sigstore, kind)
    with pytest.raises(VerificationError, match=complaint):
        verify(sigstore, kind, bundle)
    sigstore.lie = None
    verify(sigstore, kind, sign(sigstore, kind))


def test_a_lie_about_what_is_not_there_cannot_be_told(sigstore: PrivateSigstore) -> None:
    impossible = [lie for lie in Lie if not lie.is_told_by(sigstore.speaks)]
    expected = [Lie.TSA_KEY, Lie.OTHER_MESSAGE] if sigstore.speaks == "v1" else [Lie.PROMISE_KEY]
    assert impossible == expected
    for lie in impossible:
        with pytest.raises(ValueError, match="has no such thing to lie about"):
            sigstore.lie = lie


def test_there_is_nothing_to_replay_at_first(sigstore: PrivateSigstore) -> None:
    sigstore.lie = Lie.REPLAYED_ENTRY
    with pytest.raises(RekorClientError, match="there is no entry yet to replay"):
        sign(sigstore, "artifact")


@both_kinds
@pytest.mark.parametrize("outage", [Outage.FAILS, Outage.HANGS_UP])
@pytest.mark.parametrize(
    ("service", "error"),
    [
        (Service.FULCIO, FulcioClientError),
        (Service.CT_LOG, FulcioClientError),
        (Service.REKOR, RekorClientError),
    ],
)
def test_the_client_does_not_sign_when_a_service_is_down(
    service: Service, error: type[Exception], outage: Outage, kind: Kind, sigstore: PrivateSigstore
) -> None:
    sigstore.down[service] = outage
    hangs_up = outage is Outage.HANGS_UP and service is not Service.CT_LOG
    with pytest.raises(requests.ConnectionError if hangs_up else error):
        sign(sigstore, kind)
    sigstore.down.clear()
    verify(sigstore, kind, sign(sigstore, kind))


@both_kinds
@pytest.mark.parametrize("outage", [Outage.FAILS, Outage.HANGS_UP])
def test_nothing_comes_of_rekor_v2_without_a_timestamp(outage: Outage, kind: Kind, tmp_path: Path) -> None:
    """The client only warns, and asks Rekor all the same; then it has no bundle to make."""
    with PrivateSigstore(tmp_path, rekor="v2") as sigstore:
        sigstore.down[Service.TIMESTAMPS] = outage
        with pytest.raises(InvalidBundle, match="must contain an inclusion promise or signed timestamp"):
            sign(sigstore, kind)
        assert sigstore.asked == [Service.FULCIO, Service.TIMESTAMPS, Service.REKOR]


@pytest.mark.parametrize("path", ["/api/v2/signingCert", "/api/v2/log/entries", "/api/v1/timestamp"])
def test_a_silent_service_does_not_answer_and_does_not_hold_the_server_up(path: str, tmp_path: Path) -> None:
    """Asked here without the client, which waits for most of them without end."""
    with PrivateSigstore(tmp_path, rekor="v2") as sigstore:
        sigstore.down = dict.fromkeys(Service, Outage.SILENT)
        with pytest.raises(requests.ReadTimeout):
            requests.post(sigstore.url + path, data=b"", timeout=0.1)
        assert len(sigstore.asked) == 1


@pytest.mark.parametrize(
    "unfit",
    [{"expires": timedelta(minutes=-5)}, {"audience": "elsewhere"}, {"nbf": 2**40}],
    ids=["expired", "for another audience", "not yet valid"],
)
def test_the_client_refuses_a_token_that_does_not_fit(
    unfit: dict[str, Any], sigstore: PrivateSigstore
) -> None:
    with pytest.raises(IdentityError):
        IdentityToken(sigstore.token(**unfit))


@pytest.mark.parametrize("audience", ["elsewhere", "sigstore"])
def test_fulcio_refuses_a_token_that_does_not_fit(
    audience: str, sigstore: PrivateSigstore, tmp_path: Path
) -> None:
    """One for somebody else, and one that somebody else signed."""
    folder = tmp_path / "other"
    folder.mkdir()
    with PrivateSigstore(folder, rekor="v1") as other:
        token = (sigstore if audience == "elsewhere" else other).token(audience=audience)
    answer = requests.post(
        f"{sigstore.url}/api/v2/signingCert",
        json={},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert (answer.status_code, answer.json()["code"]) == (401, 401)
    assert "the token is not accepted" in answer.json()["message"]


def test_a_workflow_is_an_identity_too(sigstore: PrivateSigstore) -> None:
    name, issuer = "https://example.com/kit/release.yml@refs/tags/v1", "https://token.example.com"
    bundle = sign(sigstore, "artifact", token=sigstore.token(name, issuer=issuer))
    verify(sigstore, "artifact", bundle, name=name, issuer=issuer)


def test_the_issuer_behind_sigstores_own_is_the_one_that_counts(sigstore: PrivateSigstore) -> None:
    token = sigstore.token(
        "Cg0wLTM4NTI4",
        issuer="https://oauth2.sigstore.dev/auth",
        email=ALICE,
        federated_claims={"connector_id": ISSUER},
    )
    read = IdentityToken(token)
    assert (read.identity, read.federated_issuer) == (ALICE, ISSUER)
    verify(sigstore, "artifact", sign(sigstore, "artifact", token=token))


def test_rekor_refuses_a_signature_of_something_else(sigstore: PrivateSigstore) -> None:
    """It is asked again, with what it logged, the digest changed."""
    [logged] = json.loads(sign(sigstore, "artifact").to_json())["verificationMaterial"]["tlogEntries"]
    kept = json.loads(base64.b64decode(logged["canonicalizedBody"]))
    if sigstore.speaks == "v1":
        proposed, path = kept, "/api/v1/log/entries"
        kept["spec"]["data"]["hash"]["value"] = "0" * 64
    else:
        request = kept["spec"]["hashedRekordV002"]
        path = "/api/v2/log/entries"
        proposed = {"hashedRekordRequestV002": {**request, "digest": base64.b64encode(bytes(32)).decode()}}
    answer = requests.post(sigstore.url + path, json=proposed, timeout=10)
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "the signature is not of that digest by that key",
    )


def test_there_is_nothing_at_another_address(sigstore: PrivateSigstore) -> None:
    other = "/api/v2/log/entries" if sigstore.speaks == "v1" else "/api/v1/log/entries"
    assert requests.post(sigstore.url + other, data=b"", timeout=10).status_code == 404
    assert sigstore.asked == []


def command(sigstore: PrivateSigstore, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The client's own command, with no setting from outside, and lines so wide that none is broken."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("SIGSTORE_")}
    return subprocess.run(
        [sys.executable, "-I", "-m", "sigstore", "--trust-config", sigstore.trust_config, *arguments],
        env={**settings, "COLUMNS": "500"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.integration
@both_kinds
def test_the_clients_command_signs_and_verifies(
    kind: Kind, sigstore: PrivateSigstore, tmp_path: Path
) -> None:
    artifact, bundle = tmp_path / "artifact", tmp_path / "artifact.sigstore"
    artifact.write_bytes(CONTENT)
    predicate = tmp_path / "predicate.json"
    definition = {"buildType": "https://example.com/build", "externalParameters": {}}
    predicate.write_text(
        json.dumps({"buildDefinition": definition, "runDetails": {"builder": {"id": "https://example.com"}}})
    )
    doing: tuple[str | Path, ...] = ("sign",)
    if kind == "attestation":
        doing = ("attest", "--predicate", predicate, "--predicate-type", "https://slsa.dev/provenance/v1")
    token = sigstore.token(ALICE, issuer=ISSUER)
    signed = command(sigstore, *doing, "--identity-token", token, "--bundle", bundle, artifact)
    assert signed.returncode == 0, signed.stderr

    whose = ("--cert-oidc-issuer", ISSUER, "--cert-identity")
    verified = command(sigstore, "verify", "identity", "--bundle", bundle, *whose, ALICE, artifact)
    assert (verified.returncode, "OK: " in verified.stderr) == (0, True), verified.stderr
    refused = command(sigstore, "verify", "identity", "--bundle", bundle, *whose, "bob@example.com", artifact)
    assert refused.returncode == 1
    assert "SANs do not match bob@example.com" in refused.stderr
