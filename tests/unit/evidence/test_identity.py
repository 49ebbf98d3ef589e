"""Attestations by an identity: the unmodified client of Sigstore, against a private one that can lie."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.checking import TODAY
from tests.program import Ended, run_in_process
from tests.rebuilders import ALICE, RELEASE, remember, statement, write_policy
from tests.sigstore import Lie, Outage, PrivateSigstore, Service
from verbatim.commands.check import ReleaseChecked, Trust, check_release
from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.evidence.attestation import add_attestation, check_made
from verbatim.evidence.identity import TOKEN_VARIABLE, sign_with_identity, verify_with_identity
from verbatim.evidence.policy import Rebuilder, SigstoreIdentity
from verbatim.evidence.statement import file_name
from verbatim.store import Store

_ISSUER = "https://accounts.example.com"
_PAYLOAD = statement().encode()
#: What was built here.
_MADE = statement({"Python-3.13.99.tgz": sha256_bytes(b"made")})


@pytest.fixture(params=["v1", "v2"])
def sigstore(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PrivateSigstore]:
    with PrivateSigstore(tmp_path, rekor=request.param) as running:
        yield running


@pytest.fixture(autouse=True)
def token(sigstore: PrivateSigstore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, sigstore.token("dora@example.com", issuer=_ISSUER))


def _dora(subject: str = "dora@example.com", issuer: str = _ISSUER, **lapses: object) -> Rebuilder:
    identity = SigstoreIdentity.model_validate({"subject": subject, "issuer": issuer, **lapses})
    return Rebuilder(kind="hosted", identities=(identity,))


def _signed(sigstore: PrivateSigstore) -> bytes:
    return sign_with_identity(_PAYLOAD, sigstore.trust_config)[1]


def test_what_an_identity_signed_is_known_to_be_its_own(sigstore: PrivateSigstore) -> None:
    who, bundle = sign_with_identity(_PAYLOAD, sigstore.trust_config)
    assert who == "dora@example.com"
    identity, payload = verify_with_identity(bundle, "x", _dora(), sigstore.trust_config)
    assert (identity.subject, payload) == ("dora@example.com", _PAYLOAD)


@pytest.mark.parametrize(
    "other",
    [
        _dora("alice@example.com"),
        _dora(issuer="https://accounts.example.org"),
        Rebuilder.model_validate(ALICE.entry),
    ],
    ids=["subject", "issuer", "none"],
)
def test_what_another_identity_signed_is_refused(other: Rebuilder, sigstore: PrivateSigstore) -> None:
    with pytest.raises(IntegrityError, match="is not signed by any identity of that rebuilder"):
        verify_with_identity(_signed(sigstore), "x", other, sigstore.trust_config)


def _other_payload(bundle: bytes) -> bytes:
    content = json.loads(bundle)
    content["dsseEnvelope"]["payload"] = "e30="
    return json.dumps(content).encode()


def _envelope(bundle: bytes, **changes: object) -> bytes:
    content = json.loads(bundle)
    return json.dumps({**content, "dsseEnvelope": {**content["dsseEnvelope"], **changes}}).encode()


def _of_version(bundle: bytes, version: int) -> bytes:
    """With a certificate of another version of X.509 than 1, 2 or 3."""
    content = json.loads(bundle)
    certificate = content["verificationMaterial"]["certificate"]
    der = base64.b64decode(certificate["rawBytes"])
    # The version stands first: [0] EXPLICIT INTEGER 2, which is the third.
    certificate["rawBytes"] = base64.b64encode(
        der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01%c" % version, 1)
    ).decode()
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_other_payload, "is not signed by any identity of that rebuilder"),
        (lambda _: b"{}", "is not a bundle of Sigstore: dsseEnvelope"),
        (lambda _: b"[]", "is not a bundle of Sigstore"),
        (lambda _: b"\xff", "is not the expected JSON"),
        (lambda bundle: bundle[:-9], "is not the expected JSON"),
        (lambda bundle: _envelope(bundle, signatures=[]), "has no signatures, expected one"),
        (
            lambda bundle: _envelope(bundle, signatures=[{"sig": "AAAA"}] * 2),
            "has 2 signatures, expected one",
        ),
        (lambda bundle: _envelope(bundle, signatures=None), "is not a DSSE envelope"),
        (lambda bundle: _envelope(bundle, payloadType="text/plain"), "has the payload type 'text/plain'"),
        (lambda bundle: _envelope(bundle, payload="\ud800"), "the payload is not base64"),
        (lambda bundle: bundle.replace(b"{", b'{"a":9,', 1), "it has the number 9, expected none"),
        (lambda bundle: _of_version(bundle, 9), "is not a bundle of Sigstore|is not signed by any identity"),
    ],
)
def test_a_spoiled_bundle_is_refused(
    spoil: Callable[[bytes], bytes], reason: str, sigstore: PrivateSigstore
) -> None:
    bundle = spoil(_signed(sigstore))
    with pytest.raises(IntegrityError, match=reason):
        verify_with_identity(bundle, "x", _dora(), sigstore.trust_config)


def test_what_another_sigstore_certified_is_refused(sigstore: PrivateSigstore, tmp_path: Path) -> None:
    bundle = _signed(sigstore)
    other = tmp_path / "other"
    other.mkdir()
    with PrivateSigstore(other, rekor="v1") as another, pytest.raises(IntegrityError):
        verify_with_identity(bundle, "x", _dora(), another.trust_config)


@pytest.mark.parametrize("lie", [Lie.FULCIO_KEY, Lie.NO_SCT, Lie.CT_KEY, Lie.REKOR_KEY, Lie.INCLUSION_PROOF])
def test_a_sigstore_that_lies_gives_nothing_that_counts(lie: Lie, sigstore: PrivateSigstore) -> None:
    """Some lies are noticed at once, others when somebody checks."""
    sigstore.lie = lie
    with pytest.raises((NetworkError, IntegrityError)):
        verify_with_identity(_signed(sigstore), "x", _dora(), sigstore.trust_config)


@pytest.mark.parametrize("service", [Service.FULCIO, Service.REKOR])
def test_a_sigstore_that_is_down_is_said_to_be(service: Service, sigstore: PrivateSigstore) -> None:
    sigstore.down[service] = Outage.FAILS
    with pytest.raises(NetworkError, match="Sigstore did not sign"):
        _signed(sigstore)


@pytest.mark.parametrize(
    "token",
    [{"expires": timedelta(minutes=-5)}, {"audience": "elsewhere"}],
    ids=["expired", "for another audience"],
)
def test_a_token_that_does_not_fit_is_refused(
    token: dict[str, object], sigstore: PrivateSigstore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, sigstore.token("dora@example.com", **token))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="the token is refused"):
        _signed(sigstore)
    monkeypatch.setenv(TOKEN_VARIABLE, "no token")
    with pytest.raises(UsageError, match="the token is refused"):
        _signed(sigstore)
    assert sigstore.asked == []


@pytest.mark.parametrize("content", [None, "{}", "no JSON", "[" * 100_000, "9" * 5000, "link", "folder"])
def test_a_trust_configuration_that_is_none_is_refused(
    content: str | None, sigstore: PrivateSigstore, tmp_path: Path
) -> None:
    path = tmp_path / "other.json"
    if content == "link":
        path.symlink_to("/dev/zero")
    elif content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match="is not a trust configuration"):
        sign_with_identity(_PAYLOAD, path)
    with pytest.raises(UsageError, match="is not a trust configuration"):
        verify_with_identity(_signed(sigstore), "x", _dora(), path)


def _checked(folder: Path, sigstore: PrivateSigstore, **dora: object) -> ReleaseChecked:
    write_policy(
        folder,
        (ALICE,),
        rebuilders={
            "alice": ALICE.entry,
            "dora": {
                "kind": "hosted",
                "identities": [{"subject": "dora@example.com", "issuer": _ISSUER, **dora}],
            },
        },
    )
    trust = Trust.load(folder / "policy.toml", sigstore.trust_config)
    return check_release(RELEASE, folder, trust, today=TODAY)


def test_an_identity_counts_beside_a_key(sigstore: PrivateSigstore, tmp_path: Path) -> None:
    folder = tmp_path / "attestations"
    ALICE.attest(folder)
    add_attestation(folder / "3.13.99", "dora", "source", "sigstore", _signed(sigstore))
    assert {row.result for row in _checked(folder, sigstore).matrix.rows} == {"quorum"}
    lapsed = _checked(folder, sigstore, revoked=TODAY)
    assert {(row.result, row.voices) for row in lapsed.matrix.rows} == {("short", 1)}


@pytest.fixture
def attest(
    sigstore: PrivateSigstore,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[], Ended]:
    """Dora attests to what was built here."""
    monkeypatch.chdir(tmp_path)
    built = tmp_path / "dist" / "3.13.99"
    built.mkdir(parents=True)
    (built / "Python-3.13.99.tgz").write_bytes(b"made")
    (built / file_name("source")).write_bytes(_MADE.encode())
    remember(store, _MADE)
    signing = ["attest", "--version", "3.13.99", "--as", "dora", "--identity"]
    signing += ["--trust-config", str(sigstore.trust_config)]
    return lambda: run_in_process(signing, monkeypatch, capsys)


def _list_dora(folder: Path, **entry: object) -> None:
    dora = {"subject": "dora@example.com", "issuer": _ISSUER, **entry}
    emil = {"subject": "emil@example.com", "issuer": _ISSUER}
    hosted = {
        name: {"kind": "hosted", "identities": [each]} for name, each in (("dora", dora), ("emil", emil))
    }
    write_policy(folder / "attestations", rebuilders=hosted)


@pytest.mark.usefixtures("interrupts")
def test_the_command_signs_with_an_identity(
    sigstore: PrivateSigstore, attest: Callable[[], Ended], tmp_path: Path
) -> None:
    _list_dora(tmp_path)
    done = attest()
    assert done.status == 0, done.err
    assert "signed as dora@example.com" in done.err
    found = _checked(tmp_path / "attestations", sigstore).found
    assert [each.statement for each in found.attestations] == [_MADE]
    assert found.attestations[0].signed.file == "dora.source.sigstore.json"


@pytest.mark.usefixtures("interrupts")
def test_without_a_policy_it_signs_too(attest: Callable[[], Ended]) -> None:
    done = attest()
    assert done.status == 0
    assert "neither the name nor the key is checked" in done.err


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize(
    ("entry", "token", "why"),
    [
        (
            {},
            {"identity": "emil@example.com"},
            "emil@example.com belongs to emil in attestations/policy.toml",
        ),
        (
            {},
            {"identity": "frank@example.com"},
            "frank@example.com is not listed in attestations/policy.toml",
        ),
        ({"issuer": "https://accounts.example.org"}, {}, "is not listed in attestations/policy.toml"),
        ({"revoked": TODAY}, {}, "of dora was revoked on"),
    ],
    ids=["anothers", "nobodys", "issuer", "revoked"],
)
def test_nothing_is_signed_with_an_identity_that_would_not_count(
    entry: dict[str, object],
    token: dict[str, str],
    why: str,
    sigstore: PrivateSigstore,
    attest: Callable[[], Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even Sigstore is asked: its log forgets nothing."""
    _list_dora(tmp_path, **entry)
    who = token.get("identity", "dora@example.com")
    monkeypatch.setenv(TOKEN_VARIABLE, sigstore.token(who, issuer=_ISSUER))
    done = attest()
    assert done.status == 2
    assert why in done.complaint
    assert sigstore.asked == []
    assert not (tmp_path / "attestations" / "3.13.99").exists()


@pytest.mark.usefixtures("interrupts")
def test_what_a_workflow_signed_is_compared_with_the_policy_before_it_is_written(
    sigstore: PrivateSigstore, attest: Callable[[], Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its token does not show what the certificate will say."""
    _list_dora(tmp_path)
    monkeypatch.setenv(
        TOKEN_VARIABLE, sigstore.token("example/rebuilds/a.yml@refs/heads/main", issuer=_ISSUER)
    )
    done = attest()
    assert done.status == 2, done.err
    assert "attestations/policy.toml does not list this identity for dora" in done.complaint
    assert "nothing was written" in done.complaint
    assert not (tmp_path / "attestations" / "3.13.99").exists()


def test_a_bundle_names_the_statement_that_can_be_withdrawn(
    sigstore: PrivateSigstore, tmp_path: Path
) -> None:
    folder = tmp_path / "attestations" / "3.13.99"
    add_attestation(folder, "dora", "source", "sigstore", _signed(sigstore))
    check_made(folder, "dora", sha256_bytes(_PAYLOAD))
    with pytest.raises(UsageError, match="dora made no statement"):
        check_made(folder, "dora", "0" * 64)
