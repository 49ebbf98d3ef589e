"""The policy: who can change it, and what it must say."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from release_maker import VERSION, MadeRelease, public_of
from verbatim_sign import command
from verbatim_sign.errors import PolicyError
from verbatim_sign.files import read_trusted
from verbatim_sign.policy import Policy


def refused(made: MadeRelease) -> str:
    """Why the policy is refused."""
    made.write_policy()
    with pytest.raises(PolicyError) as caught:
        Policy.load(made.policy_path)
    return str(caught.value)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o1666])
def test_a_policy_that_others_can_write_to_is_refused(mode: int, made: MadeRelease) -> None:
    made.policy_path.chmod(mode)
    with pytest.raises(
        PolicyError, match=rf"others can write to .*policy.toml \(mode {mode:04o}\); chmod go-w"
    ):
        Policy.load(made.policy_path)


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o1777])
def test_so_is_one_in_a_folder_that_others_can_write_to(mode: int, made: MadeRelease) -> None:
    """Sticky or not: unless it is root's, its owner can still put another in its place."""
    if os.geteuid() == 0 and mode & 0o1000:
        os.chown(made.policy_path.parent, 65534, -1)
    made.policy_path.parent.chmod(mode)
    with pytest.raises(PolicyError, match=r"others can write to .*/mine|belongs to user 65534"):
        Policy.load(made.policy_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("of", ["policy.toml", "."])
def test_so_is_one_of_somebody_elses(of: str, made: MadeRelease) -> None:
    os.chown(made.policy_path.parent / of, 65534, -1)
    with pytest.raises(PolicyError, match="belongs to user 65534, expected root or you"):
        Policy.load(made.policy_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_roots_files_are_as_good_as_ones_own(made: MadeRelease, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    Policy.load(made.policy_path)
    os.chown(made.policy_path, 65534, -1)
    Policy.load(made.policy_path)
    os.chown(made.policy_path, 65533, -1)
    with pytest.raises(PolicyError, match="belongs to user 65533, expected root or you"):
        Policy.load(made.policy_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's sticky folders are trusted")
def test_a_sticky_folder_of_roots_is_as_good_as_any(made: MadeRelease) -> None:
    made.policy_path.parent.chmod(0o1777)
    Policy.load(made.policy_path)


def test_a_policy_that_is_reached_through_a_link_is_refused(made: MadeRelease) -> None:
    link = made.folder / "link"
    link.symlink_to(made.policy_path)
    with pytest.raises(PolicyError, match="cannot be used: it is a link; name the file itself"):
        Policy.load(link)
    link.unlink()
    link.symlink_to(made.policy_path.parent)
    with pytest.raises(PolicyError, match="cannot be used: it is a link; name the file itself"):
        Policy.load(link / "policy.toml")


def test_what_is_no_file_is_refused(made: MadeRelease) -> None:
    nowhere = made.folder / "nowhere" / "policy.toml"
    with pytest.raises(PolicyError, match=f"there is no policy {nowhere}; write one: `./invoke policy --ver"):
        Policy.load(nowhere)
    with pytest.raises(PolicyError, match=f"{nowhere.parent} cannot be used: No such file or directory"):
        read_trusted(nowhere)
    with pytest.raises(
        PolicyError, match=f"x: {made.policy_path} cannot be used: Not a directory; name the file"
    ):
        read_trusted(made.policy_path / "x")
    for path in (made.folder, Path("/")):
        with pytest.raises(PolicyError, match="is not a regular file; name the file itself"):
            Policy.load(path)
    os.mkfifo(made.folder / "fifo", 0o600)
    with pytest.raises(PolicyError, match="is not a regular file"):
        Policy.load(made.folder / "fifo")


def test_a_relative_path_is_below_the_current_folder(
    made: MadeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.folder)
    assert read_trusted(Path("mine/../mine/policy.toml")) == made.policy_path.read_bytes()
    size = made.policy_path.stat().st_size
    assert len(read_trusted(made.policy_path, size)) == size
    with pytest.raises(PolicyError, match=f"has more than {size - 1:,} bytes"):
        read_trusted(made.policy_path, size - 1)
    made.policy_path.write_bytes(b"#" * (1 << 20))
    read_trusted(made.policy_path)
    made.policy_path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(PolicyError, match="has more than 1,048,576 bytes"):
        read_trusted(made.policy_path)


def test_where_it_is_by_default(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        command._own("XDG_CONFIG_HOME", ".config", "policy.toml")
        == home / ".config" / "verbatim-sign" / "policy.toml"
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/x")
    assert command._own("XDG_CONFIG_HOME", ".config", "policy.toml") == Path(
        "/etc/x/verbatim-sign/policy.toml"
    )


TODAY_REALLY = command._today


def test_a_day_is_one_of_utc() -> None:
    assert TODAY_REALLY() == datetime.now(UTC).date()


_DEEP, _HUGE = b"a = " + b"[" * 5000, b"a = " + b"9" * 5000


@pytest.mark.parametrize("data", [b"\xff", b"threshold = ", b"a = 1\na = 2", b"a\rb = 1", _DEEP, _HUGE])
def test_what_is_no_toml_is_refused(data: bytes) -> None:
    with pytest.raises(PolicyError, match="is not TOML"):
        Policy.parse(data, "policy.toml")


_NAMES = [f"Python-{VERSION}.tar.xz", f"Python-{VERSION}.tgz"]


def _key(**lapses: object) -> dict[str, object]:
    return {"kind": "own", "keys": [{"ed25519": public_of("alice"), **lapses}]}


_IDENTITY: dict[str, object] = {"subject": "x", "issuer": "y"}


def _override(**entries: str) -> dict[str, str]:
    names = ("version", "by", "reason")
    return {**dict.fromkeys(names, "x"), "rebuilder": "alice", "statement": "0" * 64, **entries}


@pytest.mark.parametrize(
    ("entry", "value", "why"),
    [
        ("threshold", {}, "threshold: expected a table with entries"),
        ("threshold", "x", "threshold: expected a table with entries"),
        ("threshold", {"*": 0}, r"threshold.*: expected a number from 1 to 1000, got 0"),
        ("threshold", {"*": 1001}, "expected a number from 1 to 1000, got 1001"),
        ("threshold", {"*": True}, "expected a number from 1 to 1000, got True"),
        ("threshold", {"*": 2.0}, "expected a number from 1 to 1000, got 2.0"),
        ("sources", "git", "sources: expected a list"),
        ("sources", ["tarball"], "sources lacks 'git'"),
        ("kinds", {"own": "twice"}, "kinds.own: expected a text like each|once, got 'twice'"),
        ("rebuilders", {}, "rebuilders: expected a table with entries"),
        ("rebuilders", {"Alice": _key()}, "rebuilders.Alice: expected"),
        ("rebuilders", {"alice": _key(expires="2027-01-01")}, "keys.expires: expected a date"),
        ("rebuilders", {"alice": _key(expires=datetime(2027, 1, 1))}, "keys.expires: expected a date"),
        ("rebuilders", {"alice": _key(revoked=1)}, "keys.revoked: expected a date"),
        ("rebuilders", {"alice": _key(name="x")}, "keys: expected the entries ed25519"),
        ("rebuilders", {"alice": _key(ed25519="A" * 64)}, "keys.ed25519: expected"),
        ("rebuilders", {"alice": {"kind": "odd"}}, "alice.kind: expected a text like own|hosted, got 'odd'"),
        (
            "rebuilders",
            {"alice": {"kind": "own", "keys": [{"ed25519": public_of("alice")}] * 2}},
            "expected keys or identities, each once",
        ),
        ("rebuilders", {"alice": {"kind": "own", "identities": [{"subject": "x"}]}}, "subject, issuer"),
        ("override", [{}], "override: expected the entries version, rebuilder, statement, by, reason"),
        ("override", [_override(statement="x")], "override.statement: expected 64 hexadecimal digits"),
        ("override", [_override(by="")], "override.by: expected 1 to 1000 printable"),
        (
            "override",
            [_override(rebuilder="dora")],
            "override.rebuilder: expected a text like alice|bob|carol",
        ),
        ("threshold", {"": 2}, "threshold: expected 1 to 1000 printable"),
        ("sources", [], "sources: expected at least one"),
        ("sources", ["git", "svn"], "sources: expected a text like git|tarball, got 'svn'"),
        ("kinds", {"Own": "each"}, "kinds: expected a text like"),
        ("rebuilders", {"alice": {"kind": "own"}}, "alice: expected keys or identities, each once, got []"),
        ("rebuilders", {"alice": {"kind": "own", "identities": [_IDENTITY] * 2}}, "each once"),
        ("rebuilders", {"alice": {"kind": "own", "identities": [_IDENTITY | {"expires": "x"}]}}, "a date"),
        ("signing", {}, "signing: expected a table with entries"),
        ("signing", {VERSION: {}}, "expected the entries commit, artifacts, inputs, identity, issuer"),
        ("more", {}, "policy: expected the entries"),
    ],
)
def test_a_policy_of_another_shape_is_refused(entry: str, value: object, why: str, made: MadeRelease) -> None:
    made.policy[entry] = value
    assert why in refused(made)


@pytest.mark.parametrize(
    ("entry", "value", "why"),
    [
        ("commit", "v3.13.99", "commit: expected"),
        ("commit", 1, "commit: expected"),
        ("identity", "", "identity: expected"),
        ("identity", "a\x1bb", "identity: expected"),
        ("issuer", [], "issuer: expected"),
        ("gpg", "0" * 39, "gpg: expected"),
        ("ed25519", "0", "ed25519: expected"),
        ("artifacts", {}, "artifacts: expected a table with entries"),
        ("artifacts", {"source": []}, "artifacts: expected at least one, got []"),
        ("artifacts", {"source": _NAMES, "docs": _NAMES}, "expected each artifact once"),
        ("artifacts", {"source": ["../x"]}, "artifacts: expected a text like"),
        ("artifacts", {"../x": _NAMES}, "artifacts: expected a text like"),
        ("artifacts", {"source": "x"}, "artifacts: expected a list"),
        ("inputs", {}, "inputs: expected a table with entries"),
        ("inputs", {"recipe/source": "0"}, "inputs: expected"),
        ("more", "x", "expected the entries"),
    ],
)
def test_what_may_be_signed_has_its_shape_too(entry: str, value: object, why: str, made: MadeRelease) -> None:
    made.signing[entry] = value
    assert why in refused(made)


#: That these are all there are is seen in the project's tests (tests/unit/evidence/test_weak_keys.py).
_OF_ORDER_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
_WEAK = [
    f"{first}{between * 30}{last}"
    for first, between, lasts in (("00", "00", ("00", "80")), ("01", "00", ("00", "80")))
    for last in lasts
]
_WEAK += [f"{first}{'ff' * 30}{last}" for first in ("ec", "ed", "ee", "ff") for last in ("7f", "ff")]
_WEAK += [_OF_ORDER_8, _OF_ORDER_8[:-2] + "85"]


@pytest.mark.parametrize("weak", _WEAK)
def test_a_key_for_which_anybody_could_sign_is_refused(weak: str, made: MadeRelease) -> None:
    made.policy["rebuilders"]["alice"] = {"kind": "own", "keys": [{"ed25519": weak}]}
    assert "keys.ed25519: expected a key that is not a point of small order" in refused(made)
    made.policy["rebuilders"]["alice"] = _key()
    made.signing["ed25519"] = weak
    assert "ed25519: expected a key" in refused(made)


@pytest.mark.parametrize("lapses", [{}, {"revoked": date(2026, 1, 1)}])
def test_a_key_of_two_rebuilders_is_refused(lapses: dict[str, object], made: MadeRelease) -> None:
    """Revoked for one of them, it would still count for the other."""
    made.rebuilder("bob", **_key(**lapses))
    why = f"rebuilders.bob: expected a credential that is not alice's, got '{public_of('alice')}'"
    assert why in refused(made)


def test_an_identity_of_two_rebuilders_is_refused(made: MadeRelease) -> None:
    for name in ("alice", "carol"):
        made.rebuilder(name, identities=[_IDENTITY])
    assert "rebuilders.carol: expected a credential that is not alice's, got 'y x'" in refused(made)


def test_a_folder_may_be_called_as_the_file(made: MadeRelease) -> None:
    path = made.folder / "policy.toml" / "policy.toml"
    path.parent.mkdir(mode=0o700)
    made.policy_path.rename(path)
    Policy.load(path)


def test_an_artifact_that_needs_nobody_is_refused(made: MadeRelease) -> None:
    made.policy["threshold"] = {"python-*": 2}
    made.write_policy()
    with pytest.raises(PolicyError, match="the policy has no threshold for Python-3"):
        Policy.load(made.policy_path).needed("Python-3.13.99.tgz")


def test_what_is_said_is_kept(made: MadeRelease) -> None:
    made.signing["gpg"] = "0123456789ABCDEF" * 2 + "01234567"
    made.signing["ed25519"] = public_of("alice")
    identity = {"subject": "x@example.com", "issuer": "https://example.com", "expires": date(2027, 1, 1)}
    made.rebuilder("alice", **_key(expires=date(2027, 1, 1)), identities=[identity])
    made.policy["threshold"]["*.zip"] = 1000
    made.write_policy()
    policy = Policy.load(made.policy_path)
    assert policy.needed("Python-3.13.99.zip") == 1000
    assert policy.signing(VERSION).gpg == made.signing["gpg"]
    assert policy.signing(VERSION).ed25519 == made.signing["ed25519"]
    assert policy.rebuilders["alice"].keys[public_of("alice")].expires == date(2027, 1, 1)


def test_the_order_of_names_makes_no_difference(
    made: MadeRelease, capsys: pytest.CaptureFixture[str]
) -> None:
    made.signing["artifacts"]["source"].reverse()
    made.write_policy()
    arguments = ["check", "--version", VERSION, "--policy", str(made.policy_path), str(made.release)]
    assert command.main(arguments) == 0
    capsys.readouterr()
