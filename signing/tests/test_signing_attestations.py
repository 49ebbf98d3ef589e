"""What rebuilders have signed: each file that is not as it should be is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from release_maker import (
    MadeRelease,
    canonical,
    envelope,
    other,
    statement,
    withdrawal,
)
from verbatim_sign import attestations

Output = pytest.CaptureFixture[str]
Check = Callable[..., str]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"payload": base64.b64encode(canonical(statement())).decode()}, "is not signed by any key"),
        ({"payloadType": "text/plain"}, "payloadType: expected application/vnd.in-toto+json"),
        ({"signatures": []}, "signatures: expected one, got 0"),
        ({"signatures": [{"sig": "AAAA"}, {"sig": "AAAA"}]}, "signatures: expected one, got 2"),
        ({"signatures": [{"sig": "AAAA"}]}, "is not signed by any key"),
        ({"signatures": [{"sig": "A"}]}, "sig: expected a text like"),
        ({"signatures": [{"sig": "A?=="}]}, "sig: expected a text like"),
        ({"signatures": [{"sig": "AA==AAAA"}]}, "sig: expected a text like"),
        ({"signatures": [{"sig": "AAAA", "cert": "x"}]}, "signatures: expected the entries sig"),
        ({"payload": None}, "payload: expected a text like"),
        ({"more": ""}, "envelope: expected the entries"),
    ],
)
def test_an_envelope_that_is_not_as_it_should_be_is_refused(
    change: dict[str, Any], why: str, made: MadeRelease, check: Check
) -> None:
    path = made.attestations / "carol.source.dsse.json"
    sealed = envelope(canonical(statement(commit="3" * 40)), "carol")
    path.write_text(json.dumps(sealed | change))
    assert why in check(6)


def test_an_attestation_that_is_too_large_is_refused(made: MadeRelease, check: Check) -> None:
    path = made.attest("carol")
    path.write_bytes(path.read_bytes().ljust(2 << 20))
    check(0)
    path.write_bytes(path.read_bytes() + b" ")
    assert "carol.source.dsse.json has more than 2,097,152 bytes" in check(6)


def test_what_another_signed_is_refused(made: MadeRelease, check: Check) -> None:
    made.attest("carol", signer="mallory")
    assert "carol.source.dsse.json is not signed by any key of that rebuilder" in check(6)
    made.attest("carol", signer="alice")
    assert "carol.source.dsse.json is not signed by any key of that rebuilder" in check(6)


@pytest.mark.parametrize(
    "stem", ["README", "alice.source.1", "alice.source.01", "Alice.source", "alice", "alice.source.100"]
)
def test_a_file_of_no_name_for_an_attestation_is_refused(stem: str, made: MadeRelease, check: Check) -> None:
    made.add(stem, canonical(statement()), "alice")
    assert f"{stem}.dsse.json is not a valid attestation name" in check(6)


@pytest.mark.parametrize("said", [statement(version="3.13.98"), statement(stage="docs")])
def test_an_attestation_to_another_version_or_stage_is_refused(
    said: object, made: MadeRelease, check: Check
) -> None:
    made.attest("carol", said)
    assert "carol.source.dsse.json is a statement of" in check(6)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (canonical(statement()), "predicateType: expected a text like urn:verbatim:withdrawal:v1"),
        (withdrawal(b"", reason=""), "reason: expected 1 to 1000 printable"),
        (withdrawal(b"").replace(b'"statement"', b'"something"'), "subject: expected one, called statement"),
        (withdrawal(b"") + b" ", "is not in canonical JSON"),
        (
            withdrawal(b"").replace(b'{"reason"', b'{"a":"","reason"'),
            "predicate: expected the entries reason",
        ),
        (withdrawal(b"").replace(b'"predicate":{', b'"predicate":[{').replace(b'."},', b'."}],'), "a table"),
    ],
)
def test_a_withdrawal_that_is_none_is_refused(
    payload: bytes, why: str, made: MadeRelease, check: Check
) -> None:
    made.add("carol.withdrawal", payload, "carol")
    assert why in check(6)


# What identities signed, which is not verified here


def _bundle(made: MadeRelease, stem: str, payload: bytes, **change: object) -> None:
    bundle = {"dsseEnvelope": envelope(payload, "whoever"), "verificationMaterial": {}}
    (made.attestations / f"{stem}.sigstore.json").write_text(json.dumps(bundle | change))


def test_an_identity_never_confirms_and_can_object(made: MadeRelease, check: Check) -> None:
    (made.attestations / "bob.source.dsse.json").unlink()
    _bundle(made, "bob.source", canonical(statement()))
    assert "bob does not count: it is signed by an identity, which is not verified here" in check(1)
    made.attest("carol")
    check(0)
    _bundle(made, "bob.source", canonical(other(statement(), "f" * 64)))
    assert f"is blocked: bob got {'f' * 64} (it is signed by an identity" in check(1)


def test_an_identity_takes_nothing_back(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    _bundle(made, "carol.withdrawal", withdrawal(canonical(said)))
    assert "is blocked: carol got" in check(1)
    made.attest("carol")
    assert "withdraws nothing: it is signed with an identity" in check(0)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"dsseEnvelope": None}, "envelope: expected a table"),
        ({"dsseEnvelope": {}}, "envelope: expected the entries"),
        ({"dsseEnvelope": {**envelope(b"{}", "x"), "signatures": []}}, "signatures: expected one, got 0"),
        (
            {"dsseEnvelope": {**envelope(b"{}", "x"), "signatures": [{"sig": "AAAA"}] * 2}},
            "signatures: expected one, got 2",
        ),
    ],
)
def test_a_bundle_that_is_none_is_refused(
    change: dict[str, Any], why: str, made: MadeRelease, check: Check
) -> None:
    _bundle(made, "bob.source", canonical(statement()), **change)
    assert why in check(6)
    (made.attestations / "bob.source.sigstore.json").write_text('{"messageSignature":{}}')
    assert "envelope: expected a table, got None" in check(6)


def test_the_encoding_that_is_signed_is_that_of_dsse() -> None:
    """The example in https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md, with our type."""
    assert attestations.pre_authentication_encoding(b"hello world") == (
        b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    )


def test_what_is_quoted_cannot_act_on_a_terminal(made: MadeRelease, check: Check) -> None:
    made.policy_path.write_text(made.policy_path.read_text() + '["\\u001b[2J\\n"]\n')
    assert "\x1b" not in check(7)
    made.write_policy()
    assert check(2, version="\x1b[2J\n").startswith("refused: '\\x1b[2J\\n' is not a version")
