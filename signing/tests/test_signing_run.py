"""Signing: what is signed holds for everybody else's tools, and whatever is wrong leaves nothing signed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sigstore.models
import sigstore.oidc
import sigstore.sign
from gpg_keys import Keys
from release_maker import IDENTITY, ISSUER, MadeRelease, artifacts_of, sha256, statement
from signer import Signing, Typist, one_rekor
from verbatim_sign import bundles, run, screen
from verbatim_sign.bundles import TOKEN_VARIABLE
from verbatim_sign.errors import SigstoreError
from verbatim_sign.files import Folder, OpenFile, opened
from verbatim_sign.log import Log, opened_log
from verbatim_sign.policy import Policy

from tests.sigstore import Lie, Outage, PrivateSigstore, Service
from tests.sigstore.faults import Version

Output = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def test_what_was_checked_is_signed_and_verified(signing: Signing, keys: Keys) -> None:
    made = signing.made
    out = signing.run()
    assert made.signatures() == sorted(f"{name}{end}" for name in made.names for end in (".asc", ".sigstore"))
    assert f"to be signed 2 × FILE.sigstore, by {IDENTITY} ({ISSUER})" in out
    assert f"to be signed 2 × FILE.asc, by the GPG key {keys.good}" in out
    assert f"Type {made.version} to sign:" in out
    assert "4 signatures are there, and hold" in out
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
    assert "there is nothing to sign 3.14.0rc1 with" in signing.refused("--only", "gpg", status=7, types=None)
    signing.run()
    assert made.signatures() == [f"{name}.sigstore" for name in made.names]


@one_rekor()
def test_before_that_the_policy_has_to_name_a_gpg_key(signing: Signing) -> None:
    del signing.made.signing["gpg"]
    signing.made.write_policy()
    assert "3.13.99 is to be signed with GPG; name the key in the policy" in signing.refused(
        status=7, types=None
    )


@one_rekor()
def test_each_half_can_be_done_on_a_host_of_its_own(signing: Signing) -> None:
    signing.run("--only", "gpg")
    assert {name[-4:] for name in signing.made.signatures()} == {".asc"}
    assert signing.sigstore.asked == []
    assert "unusual: there is Python-3.13.99.tgz.asc already" in signing.run("--only", "sigstore")
    assert len(signing.made.signatures()) == 4


# Nothing is signed without being checked, and read


@one_rekor()
def test_what_is_refused_when_checked_is_not_signed(signing: Signing) -> None:
    (signing.made.attestations / "bob.source.dsse.json").unlink()
    assert "1 of 2 confirm it" in signing.refused(status=1, types=None)
    assert signing.sigstore.asked == []
    assert not signing.log.exists()


@one_rekor()
@pytest.mark.parametrize("typed", ["yes", "3.13.9", "3.13.99x", " "])
def test_the_version_has_to_be_typed(typed: str, signing: Signing) -> None:
    assert "is not 3.13.99: nothing was signed" in signing.refused(status=2, types=typed)
    assert signing.sigstore.asked == []


@one_rekor()
def test_somebody_has_to_be_there(signing: Signing, monkeypatch: Patch) -> None:
    with open(os.devnull, encoding="utf-8") as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        assert "nobody is there to read this; run it in a terminal" in signing.refused(status=2, types=None)


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
        ({"exp": "never"}, "the token is none"),
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
        assert "the token is none" in signing.refused(status=5)


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
    assert "the token is none" in signing.refused("--token-fd", str(reading), status=5)


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
    assert "nothing is kept of it" in said
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
        monkeypatch.setattr(bundles, "PATIENCE", 0.5)
    signing.sigstore.down[service] = outage
    assert "Sigstore did not give" in signing.refused(status=4)
    signing.sigstore.down.clear()
    monkeypatch.setattr(bundles, "PATIENCE", 60)
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
    assert "what Sigstore is to be trusted for cannot be read" in signing.refused(status=7, types=None)


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
    assert f"there is no {missing}; install it" in signing.refused("--only", "gpg", status=3)


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
    assert "is not a good one by the GPG key" in signing.run("--only", "gpg", status=5, types=None)


# Interrupted, and run again


@pytest.fixture
def interrupted(signing: Signing, monkeypatch: Patch) -> Callable[[int], None]:
    """Interrupts a run before it writes its so-many-th signature."""
    write, count = Folder.write, [0]

    def before(number: int) -> None:
        def stop(folder: Folder, name: str, data: bytes) -> None:
            count[0] += 1
            if count[0] == number:
                raise KeyboardInterrupt
            write(folder, name, data)

        monkeypatch.setattr(Folder, "write", stop)
        assert "interrupted; run it again to go on where it was" in signing.run(status=130)
        monkeypatch.setattr(Folder, "write", write)

    return before


@one_rekor("v2")
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_an_interrupted_run_goes_on_where_it_was(
    number: int, signing: Signing, interrupted: Callable[[int], None]
) -> None:
    interrupted(number)
    before = {name: (signing.made.dist / name).read_bytes() for name in signing.made.signatures()}
    assert len(before) == number - 1
    signing.run()
    after = {name: (signing.made.dist / name).read_bytes() for name in signing.made.signatures()}
    assert len(after) == 4
    assert after | before == after
    assert len([entry for entry in signing.entries if entry["event"] == "signed"]) == 5
    assert "4 signatures are there, and hold" in signing.run(types=None)


@one_rekor()
def test_nothing_is_signed_in_two_states(signing: Signing, interrupted: Callable[[int], None]) -> None:
    """Not even if the rebuilders agree on the other one as well."""
    interrupted(1)
    made = signing.made
    made.tgz.write_bytes(b"made, again.")
    other = artifacts_of(made.version) | {made.tgz.name: b"made, again."}
    said = statement(other, version=made.version)
    made.put(said)
    made.sums(other)
    for name in ("alice", "bob"):
        made.attest(name, said)
    # Of the other artifact, nothing was about to be signed yet.
    signing.run()
    made.tgz.write_bytes(artifacts_of(made.version)[made.tgz.name])
    for name in made.signatures():
        (made.dist / name).unlink()
    made.put(statement(version=made.version))
    made.sums()
    for name in ("alice", "bob"):
        made.attest(name)
    message = signing.refused(status=6, types=None)
    line = re.search(rf"{made.tgz.name} of {made.version} was signed before .*, line (\d+)\)", message)
    assert line is not None
    entry = signing.entries[int(line[1]) - 1]
    said_first = ("signing", made.tgz.name, sha256(b"made, again."))
    assert (entry["event"], entry["file"], entry["sha256"]) == said_first


@one_rekor()
def test_a_signature_from_elsewhere_is_refused(signing: Signing) -> None:
    path = signing.made.dist / f"{signing.made.tgz.name}.sigstore"
    path.write_text("{}")
    said = signing.run(status=6, types=None)
    assert f"{path.name} is there, but the log does not have it" in said
    assert signing.made.signatures() == [path.name]


@one_rekor()
def test_so_is_one_from_here_in_anothers_place(signing: Signing) -> None:
    signing.run("--only", "gpg")
    first, second = (signing.made.dist / f"{name}.asc" for name in signing.made.names)
    second.write_bytes(first.read_bytes())
    said = signing.run("--only", "gpg", status=6, types=None)
    assert f"{second.name} is there, but the log does not have it" in said


@one_rekor()
def test_nor_is_one_overwritten_that_comes_meanwhile(signing: Signing, monkeypatch: Patch) -> None:
    confirm = screen.confirm
    path = signing.made.dist / f"{signing.made.names[0]}.sigstore"

    def meanwhile(version: str) -> None:
        confirm(version)
        path.write_text("{}")

    monkeypatch.setattr("verbatim_sign.run.confirm", meanwhile)
    assert "is there already, and not from here" in signing.run(status=6)
    assert path.read_text() == "{}"


@one_rekor()
def test_what_cannot_be_written_whole_is_not_left_there(signing: Signing, monkeypatch: Patch) -> None:
    fsync = os.fsync

    def full(descriptor: int) -> None:
        if ".sigstore" in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in signing.refused(status=3)


@one_rekor()
def test_what_is_written_is_on_the_disk_before_anything_else_happens(
    signing: Signing, monkeypatch: Patch
) -> None:
    fsync, synced = os.fsync, list[tuple[str, bytes]]()

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        synced.append((path.name, b"" if path.is_dir() else path.read_bytes()))

    monkeypatch.setattr(os, "fsync", noted)
    signing.run("--only", "gpg")
    lines = signing.log.read_bytes().splitlines(keepends=True)
    log = [(signing.log.name, b"".join(lines[:number])) for number in range(1, 5)]
    dist = signing.made.dist
    first, second = ((path.name, path.read_bytes()) for path in sorted(dist.glob("*.asc")))
    folder = (dist.name, b"")
    assert synced == [log[0], log[1], first, folder, log[2], log[3], second, folder]


# The log


def _following(lines: list[bytes], time: object) -> bytes:
    return json.dumps({"previous": sha256(lines[-1]), "time": time}).encode() + b"\n"


@one_rekor()
@pytest.mark.parametrize(
    ("spoil", "number"),
    [
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: [lines[0].replace(b"3.13.99", b"3.13.98"), *lines[1:]], 2),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], 4),
        (lambda lines: [*lines, b"{}\n"], 5),
        (lambda lines: [*lines, b"[]\n"], 5),
        (lambda lines: [*lines, b"x\n"], 5),
        (lambda lines: [*lines, json.dumps({"previous": sha256(lines[-1])}).encode() + b"\n"], 5),
        (lambda lines: [*lines, b"[" * 100_000 + b"\n"], 5),
        (lambda lines: [*lines, _following(lines, 5)], 5),
        (lambda lines: [*lines, _following(lines, None)], 5),
        (lambda lines: [*lines, _following(lines, ["x"])], 5),
    ],
)
def test_a_log_that_was_altered_is_refused(
    spoil: Callable[[list[bytes]], list[bytes]], number: int, signing: Signing
) -> None:
    signing.run("--only", "gpg")
    signing.log.write_bytes(b"".join(spoil(signing.log.read_bytes().splitlines(keepends=True))))
    said = signing.run("--only", "gpg", status=6, types=None)
    assert f"{signing.log}, line {number} does not follow from the line before" in said


@one_rekor()
def test_a_log_that_others_can_write_to_or_that_is_a_link_is_refused(signing: Signing) -> None:
    signing.run("--only", "gpg")
    signing.log.chmod(0o622)
    assert "others can write to" in signing.run("--only", "gpg", status=7, types=None)
    signing.log.rename(signing.log.with_name("elsewhere"))
    signing.log.symlink_to("elsewhere")
    assert "Too many levels of symbolic links" in signing.run("--only", "gpg", status=3, types=None)


@one_rekor()
@pytest.mark.parametrize("path", ["/dev/zero", "fifo"])
def test_a_log_that_is_no_file_is_refused(path: str, signing: Signing, tmp_path: Path) -> None:
    """It would be read without end, or waited for."""
    os.mkfifo(tmp_path / "fifo", 0o600)
    log = tmp_path / path
    said = signing.run("--only", "gpg", "--log", str(log), status=7, types=None)
    assert f"{log} is no plain file" in said


@one_rekor()
def test_a_log_may_be_the_first_in_its_folders(signing: Signing) -> None:
    signing.log = signing.made.folder / "new" / "state" / "log.jsonl"
    signing.run("--only", "gpg")
    assert signing.log.parent.stat().st_mode & 0o777 == 0o700


@one_rekor()
def test_a_clock_that_goes_backwards_is_refused(signing: Signing) -> None:
    signing.log.parent.mkdir()
    previous = "0" * 64
    for year in (2000, 2001, 2999):
        line = json.dumps({"previous": previous, "time": f"{year}-01-01T00:00:00+00:00"}).encode() + b"\n"
        with signing.log.open("ab") as log:
            log.write(line)
        previous = sha256(line)
    assert "the clock says" in signing.refused(status=3)


@one_rekor()
def test_nobody_signs_at_the_same_time(signing: Signing) -> None:
    with opened_log(signing.log):
        assert signing.log.stat().st_mode & 0o777 == 0o600
        assert signing.log.parent.stat().st_mode & 0o777 == 0o700
        assert "somebody signs already" in signing.refused(status=2, types=None)


def test_a_new_file_is_there_for_all_whom_the_umask_lets(made: MadeRelease) -> None:
    with opened(made.dist) as folder:
        folder.write("new", b"made")
    assert (made.dist / "new").stat().st_mode & 0o777 == 0o644


def test_an_open_file_is_read_from_its_start_each_time(made: MadeRelease) -> None:
    made.tgz.write_bytes(bytes(range(256)) * (10 << 10))
    with opened(made.dist) as folder:
        file = OpenFile.of(folder, made.tgz.name)
        assert file.read() == file.read() == made.tgz.read_bytes()
        file.close()
