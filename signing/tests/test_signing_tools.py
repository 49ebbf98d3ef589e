"""What signs: the identity's token, Sigstore and GPG, and what each may not do."""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sigstore.models
import sigstore.oidc
import sigstore.sign
from gpg_keys import Keys
from release_maker import IDENTITY, ISSUER
from signer import Signing, one_rekor
from verbatim_sign import bundles
from verbatim_sign.bundles import TOKEN_VARIABLE
from verbatim_sign.errors import SigstoreError
from verbatim_sign.policy import Policy

from tests.sigstore import Lie, Outage, Service
from tests.sigstore.faults import Version

Output = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


# The token


@one_rekor()
@pytest.mark.parametrize(
    ("token", "why"),
    [
        ({"identity": "mallory@example.com"}, f"the token is for 'mallory@example.com', expected {IDENTITY}"),
        (
            {"issuer": "https://evil.example.com"},
            "the token is issued by 'https://evil.example.com', expected",
        ),
        (
            {"federated_claims": {"connector_id": "https://evil.example.com"}},
            "the token is issued by 'https://evil.example.com', expected",
        ),
        ({"audience": "elsewhere"}, "the token is for the audience 'elsewhere', expected sigstore"),
        ({"audience": "sigstore-not"}, "the token is for the audience 'sigstore-not', expected sigstore"),
        ({"aud": ["elsewhere", "there"]}, "the token is for the audience ['elsewhere', 'there']"),
        ({"expires": timedelta(minutes=-5)}, "the token has expired"),
        ({"nbf": 2**40}, "the token is refused"),
        ({"exp": "never"}, "the token is not valid"),
        ({"federated_claims": "x"}, "the token is refused: 'unexpected claim type"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(token: dict[str, Any], why: str, signing: Signing) -> None:
    signing.give(signing.sigstore.token(**{"identity": IDENTITY, "issuer": ISSUER} | token))
    assert why in signing.refused(status=5)
    assert signing.sigstore.asked == []


@one_rekor()
@pytest.mark.parametrize("token", ["none", "a.b.c", "a.e30.c", "a.W10.c", "a.\xe4.c"])
def test_what_is_no_token_is_refused(token: str, signing: Signing) -> None:
    signing.give(token)
    with pytest.MonkeyPatch.context() as patch:
        # Its text is in other words, too.
        patch.setattr(signing, "token", "")
        patch.setenv(TOKEN_VARIABLE, token)
        assert "the token is not valid" in signing.refused(status=5)


@one_rekor()
def test_a_token_for_several_is_as_good(signing: Signing) -> None:
    signing.give(signing.sigstore.token(IDENTITY, issuer=ISSUER, aud=["x", "sigstore"]))
    signing.run("--only", "sigstore")


@one_rekor()
def test_a_token_may_come_through_a_descriptor(signing: Signing) -> None:
    reading, writing = os.pipe()
    os.write(writing, signing.token.encode() + b"\n")
    os.close(writing)
    signing.give("")
    assert "Bad file descriptor" in signing.refused("--token-fd", "999", status=3)
    signing.run("--token-fd", str(reading), "--only", "sigstore")


@one_rekor()
def test_what_comes_through_it_may_be_no_token(signing: Signing) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"a.\xff.c")
    os.close(writing)
    assert "the token is not valid" in signing.refused("--token-fd", str(reading), status=5)


@one_rekor()
def test_without_one_the_browser_is_asked(signing: Signing, monkeypatch: Patch) -> None:
    token, asked = signing.token, []

    class Browser:
        def __init__(self, url: str) -> None:
            asked.append(url)

        def identity_token(self) -> sigstore.oidc.IdentityToken:
            if len(asked) == 1:
                raise sigstore.oidc.IssuerError("no browser")
            return sigstore.oidc.IdentityToken(token)

    monkeypatch.setattr(bundles, "Issuer", Browser)
    monkeypatch.setattr(sigstore.models.SigningConfig, "get_oidc_url", lambda _: "https://oidc.example.com")
    signing.give("")
    assert "the token is refused: 'no browser'" in signing.refused(status=5)
    signing.run("--only", "sigstore")
    assert asked == ["https://oidc.example.com"] * 2


@one_rekor()
def test_a_token_is_no_argument(signing: Signing) -> None:
    assert "unrecognized arguments: --token" in signing.refused("--token", "x", status=2, types=None)


# Sigstore


VERSIONS: tuple[Version, ...] = ("v1", "v2")


def lies() -> pytest.MarkDecorator:
    told = [
        pytest.param(version, lie, id=f"{version}-{lie.name}")
        for lie in Lie
        for version in VERSIONS
        if lie.is_told_by(version)
    ]
    return pytest.mark.parametrize(("sigstore", "lie"), told, indirect=["sigstore"])


SAID = {
    Lie.FULCIO_KEY: "signature does not match",
    Lie.OTHER_IDENTITY: "mallory@example.com",
    Lie.NO_SCT: "did not give a certificate: 'Certificate does not contain a signed certificate timestamp",
    Lie.CT_KEY: "did not give a certificate: 'SCT verify failed",
    Lie.REKOR_KEY: "checkpoint: invalid signature",
    Lie.PROMISE_KEY: "SET: invalid inclusion promise",
    Lie.INCLUSION_PROOF: "inclusion proof contains invalid root hash",
    Lie.OTHER_TREE: "invalid root hash signature",
    Lie.REPLAYED_ENTRY: "",
    Lie.TSA_KEY: "not enough sources of verified time",
    Lie.OTHER_MESSAGE: "not enough sources of verified time",
    Lie.LATE: "cert is not valid at validation time",
}


@lies()
def test_no_lie_of_sigstores_is_signed_with(lie: Lie, signing: Signing) -> None:
    if lie is Lie.REPLAYED_ENTRY:
        # What was logged before, for somebody else.
        config = sigstore.models.ClientTrustConfig.from_json(signing.sigstore.trust_config.read_text())
        with sigstore.sign.SigningContext.from_trust_config(config).signer(
            sigstore.oidc.IdentityToken(signing.token)
        ) as signer:
            signer.sign_artifact(b"something else")
    signing.sigstore.lie = lie
    said = signing.refused(status=4)
    assert SAID[lie] in said
    assert "the signature was discarded" in said
    assert not signing.log.read_text() or {entry["event"] for entry in signing.entries} == {"signing"}
    signing.sigstore.lie = None
    signing.run("--only", "sigstore")


@one_rekor("v2")
@pytest.mark.parametrize("outage", Outage)
@pytest.mark.parametrize("service", Service)
def test_nothing_is_signed_while_a_service_is_down(
    service: Service, outage: Outage, signing: Signing, monkeypatch: Patch
) -> None:
    if outage is Outage.SILENT:
        monkeypatch.setattr(bundles, "TIMEOUT", 0.5)
    signing.sigstore.down[service] = outage
    assert "Sigstore did not give" in signing.refused(status=4)
    signing.sigstore.down.clear()
    monkeypatch.setattr(bundles, "TIMEOUT", 60)
    signing.run("--only", "sigstore")


@one_rekor("v1")
@pytest.mark.parametrize("outage", [Outage.FAILS, Outage.HANGS_UP])
def test_nothing_is_signed_while_the_other_rekor_is_down(outage: Outage, signing: Signing) -> None:
    signing.sigstore.down[Service.REKOR] = outage
    assert "Sigstore did not give the signature" in signing.refused(status=4)


def test_the_client_has_so_long_and_no_alarm_rings_later() -> None:
    with bundles._limited("it"):
        assert 50 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


@one_rekor()
@pytest.mark.parametrize("content", ["{}", "no JSON", "[" * 100_000, "9" * 5000])
def test_a_trust_configuration_that_is_none_is_refused(content: str, signing: Signing) -> None:
    signing.sigstore.trust_config.write_text(content)
    assert "Sigstore's trust configuration cannot be read" in signing.refused(status=7, types=None)


@one_rekor()
def test_so_is_one_that_others_can_write_to(signing: Signing) -> None:
    signing.sigstore.trust_config.chmod(0o666)
    assert "others can write to" in signing.refused(status=7, types=None)


@one_rekor()
def test_the_public_sigstore_is_used_unless_another_is_named(signing: Signing, monkeypatch: Patch) -> None:
    config = sigstore.models.ClientTrustConfig.from_json(signing.sigstore.trust_config.read_text())
    monkeypatch.setattr(sigstore.models.ClientTrustConfig, "production", lambda: config)
    policy = Policy.load(signing.made.policy_path)
    used = bundles.Sigstore(policy.signing(signing.made.version), None, None)
    assert used.command("x")[:5] == ["python3", "-m", "sigstore", "verify", "identity"]

    def fails() -> NoReturn:
        raise OSError("no route")

    monkeypatch.setattr(sigstore.models.ClientTrustConfig, "production", fails)
    with pytest.raises(SigstoreError, match="Sigstore did not give the trusted root: 'no route'"):
        bundles.Sigstore(policy.signing(signing.made.version), None, None)


@one_rekor()
def test_without_its_client_nothing_is_signed(signing: Signing, monkeypatch: Patch) -> None:
    monkeypatch.setitem(sys.modules, "verbatim_sign.bundles", None)
    said = signing.refused(status=3, types=None)
    assert "there is no module verbatim_sign.bundles; install requirements/run.txt" in said


# GPG


@one_rekor()
@pytest.mark.parametrize(("kind", "why"), [("expired", "has expired"), ("revoked", "was revoked")])
def test_a_key_that_is_not_valid_is_refused_before_anything_is_signed(
    kind: str, why: str, signing: Signing, keys: Keys
) -> None:
    signing.made.signing["gpg"] = getattr(keys, kind)
    signing.made.write_policy()
    assert f"the GPG key {getattr(keys, kind)} {why}" in signing.refused(status=5)
    assert Service.REKOR not in signing.sigstore.asked


@one_rekor()
def test_so_is_one_that_is_not_there(signing: Signing, keys: Keys) -> None:
    signing.made.signing["gpg"] = "0" * 40
    signing.made.write_policy()
    assert f"gpg has no public key {'0' * 40}" in signing.refused("--only", "gpg", status=5, types=None)
    signing.made.signing["gpg"] = keys.of_somebody_else
    signing.made.write_policy()
    assert f"gpg has no secret key {keys.of_somebody_else}" in signing.refused("--only", "gpg", status=5)


@one_rekor()
def test_a_key_is_not_mistaken_for_its_subkey(signing: Signing, keys: Keys) -> None:
    keys.gpg("--passphrase", "", "--quick-add-key", keys.other, "ed25519", "sign", "never")
    listed = keys.gpg("--with-colons", "--list-keys", keys.other).decode()
    primary, subkey = [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")]
    signing.made.signing["gpg"] = subkey
    signing.made.write_policy()
    assert f"gpg has no secret key {subkey}" in signing.refused("--only", "gpg", status=5)
    signing.made.signing["gpg"] = primary
    signing.made.write_policy()
    signing.run("--only", "gpg")


@one_rekor()
@pytest.mark.parametrize("missing", ["gpg", "gpgv"])
def test_without_gpg_there_is_no_signature_of_its(
    missing: str, signing: Signing, tmp_path: Path, monkeypatch: Patch
) -> None:
    (tmp_path / "bin").mkdir()
    for name in {"gpg", "gpgv"} - {missing}:
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert f"{missing} is missing; install it" in signing.refused("--only", "gpg", status=3)


@one_rekor()
def test_what_gpg_says_is_said(signing: Signing, tmp_path: Path, monkeypatch: Patch) -> None:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "gpg"
    fake.write_text(
        '#!/bin/sh\ncase "$*" in *detach*) printf "no pinentry on $GPG_TTY \\377" >&2; exit 2;; esac\n'
        'exec /usr/bin/gpg "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    terminal = os.ttyname(signing.typist.stdin.fileno())
    said = signing.refused("--only", "gpg", status=5)
    assert f"gpg did not sign: 'no pinentry on {terminal} \\ufffd'" in said


@one_rekor()
def test_without_a_terminal_gpg_is_told_of_none(signing: Signing, monkeypatch: Patch) -> None:
    signing.run("--only", "gpg")
    with open(os.devnull, encoding="utf-8") as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        signing.run("--only", "gpg", types=None)


@one_rekor()
def test_what_was_signed_before_has_to_hold_now(signing: Signing, keys: Keys) -> None:
    signing.run("--only", "gpg")
    signing.made.signing["gpg"] = keys.other
    signing.made.write_policy()
    assert "is not a valid one by the GPG key" in signing.run("--only", "gpg", status=5, types=None)
