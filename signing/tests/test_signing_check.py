"""What is checked before anything is signed: what enough rebuilders agree on, and the program itself."""

from __future__ import annotations

import runpy
from collections.abc import Callable

import pytest
from release_maker import (
    COMMIT,
    TARBALL,
    VERSION,
    MadeRelease,
    artifacts_of,
    canonical,
    other,
    sha256,
    statement,
)
from verbatim_sign import command
from verbatim_sign.command import main

Output = pytest.CaptureFixture[str]
Check = Callable[..., str]


def test_what_enough_rebuilders_agree_on_is_shown_on_one_screen(made: MadeRelease, check: Check) -> None:
    out = check(0)
    assert COMMIT in out
    assert sha256(made.policy_path.read_bytes()) in out
    for name, data in artifacts_of(VERSION).items():
        assert f"{sha256(data)[:16]}  {name}  (2 of 2: alice, bob)" in out
    assert "unusual" not in out
    assert len(out.splitlines()) <= 24
    assert made.signatures() == []


def test_what_is_beside_the_artifacts_and_unsigned_is_left_alone(made: MadeRelease, check: Check) -> None:
    (made.dist / "buildinfo" / "odd\nname").symlink_to("/")
    check(0)


@pytest.mark.parametrize("end", [".sigstore", ".asc", ".ed25519"])
def test_signatures_that_are_there_are_unusual(end: str, made: MadeRelease, check: Check) -> None:
    for name in (*made.names, "SHA256SUMS"):
        (made.dist / f"{name}{end}").touch()
        assert f"unusual: {name}{end} already exists" in check(0)


def test_several_stages_may_be_signed_together(made: MadeRelease, check: Check) -> None:
    page = {"python-3.13.99-docs-text.zip": b"made with sphinx"}
    made.signing["artifacts"]["docs"] = sorted(page)
    made.policy["threshold"]["python-*"] = 2
    made.write_policy()
    (made.dist / "python-3.13.99-docs-text.zip").write_bytes(b"made with sphinx")
    assert "lacks docs.intoto.json" in check(6)
    said = canonical(statement(page, stage="docs"))
    (made.dist / "docs.intoto.json").write_bytes(said)
    assert "SHA256SUMS does not list what the statements say" in check(6)
    everything = artifacts_of(VERSION) | page
    made.sums(everything)
    made.add("alice.docs", said, "alice")
    assert "python-3.13.99-docs-text.zip: too few confirm it: 1 of 2 (alice)" in check(1)
    made.add("bob.docs", said, "bob")
    out = check(0)
    for name, data in everything.items():
        assert f"{sha256(data)[:16]}  {name}  (2 of 2: alice, bob)" in out


_TREE = {"cpython-3.13.99-x86_64-linux-gnu.tar.xz": b"made with gcc"}


def _of_a_tree(tarball: str = TARBALL) -> bytes:
    return canonical(statement(_TREE, stage="linux-x86_64", kind="tarball", tarball=tarball))


@pytest.fixture
def tree(made: MadeRelease) -> MadeRelease:
    """With an artifact that was built from one of the tarballs."""
    made.signing["artifacts"]["linux-x86_64"] = list(_TREE)
    made.policy["threshold"]["cpython-*"] = 2
    made.write_policy()
    for name, data in _TREE.items():
        (made.dist / name).write_bytes(data)
    (made.dist / "linux-x86_64.intoto.json").write_bytes(_of_a_tree())
    made.sums(artifacts_of(VERSION) | _TREE)
    for name in ("alice", "bob"):
        made.add(f"{name}.linux-x86_64", _of_a_tree(), name)
    return made


def test_what_was_built_from_a_tarball_that_is_signed_as_well_is_signed(
    tree: MadeRelease, check: Check
) -> None:
    out = check(0)
    assert f"{sha256(b'made with gcc')[:16]}  {next(iter(_TREE))}  (2 of 2: alice, bob)" in out
    assert tree.signatures() == []


def test_what_was_built_from_another_tarball_is_not(tree: MadeRelease, check: Check) -> None:
    tree.add("bob.linux-x86_64", _of_a_tree("d" * 64), "bob")
    assert (
        f"too few confirm it: 1 of 2 (alice); bob does not count: it was built from the tarball {'d' * 64}"
        in check(1)
    )
    (tree.dist / "linux-x86_64.intoto.json").write_bytes(_of_a_tree("d" * 64))
    assert (
        f"linux-x86_64.intoto.json: it was built from the tarball {'d' * 64}, expected git, or a tarball"
        in check(7)
    )


def test_a_tarball_that_nobody_may_sign_yet_is_no_ground(tree: MadeRelease, check: Check) -> None:
    """Who objects to the tarball objects to all that was built from it."""
    tree.attest("carol", other(statement(), "f" * 64))
    assert "Python-3.13.99.tar.xz is blocked: carol got" in check(1)


def test_a_stage_comes_after_what_it_is_built_from(tree: MadeRelease, check: Check) -> None:
    source = tree.signing["artifacts"].pop("source")
    tree.signing["artifacts"]["source"] = source
    tree.write_policy()
    assert "linux-x86_64.intoto.json: it was built from the tarball" in check(7)


@pytest.mark.parametrize("version", ["3.13", "3.13.99 ", "../3.13.99", "", "2.7.18", "3.14.0rc0"])
def test_what_is_no_version_is_refused(version: str, check: Check) -> None:
    assert "is not a version of CPython 3" in check(2, version=version)


def test_a_version_that_the_policy_does_not_name_is_refused(check: Check) -> None:
    why = check(7, version="3.14.0rc1")
    assert "the policy does not allow 3.14.0rc1 to be signed" in why
    assert "add what `./invoke policy --version 3.14.0rc1` prints" in why


# Behind an air gap


def test_only_the_hashes_are_needed_to_sign_their_list(made: MadeRelease, check: Check) -> None:
    for name in made.names:
        assert f"also holds {', '.join(made.names)}" in check(6, "--digests-only")
        (made.dist / name).unlink()
        made.names.remove(name)
        break
    (made.dist / made.names[1]).unlink()
    out = check(0, "--digests-only")
    assert f"{sha256((made.dist / 'SHA256SUMS').read_bytes())[:16]}  SHA256SUMS  (the list of these)" in out
    assert "lacks" in check(6)


# The program


def test_wrong_use_is_one_line(capsys: Output) -> None:
    assert main(["check"]) == 2
    assert capsys.readouterr().err.startswith("refused: the following arguments are required")


def test_the_systems_refusals_and_interrupts_are_one_line(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(error: BaseException) -> Callable[..., None]:
        def raise_it(*_: object, **__: object) -> None:
            raise error

        return raise_it

    monkeypatch.setattr(command, "checked", fail(PermissionError(13, "Permission denied", "/x")))
    assert check(3) == "refused: Permission denied: /x\n"
    monkeypatch.setattr(command, "checked", fail(OSError("odd")))
    assert check(3) == "refused: odd: a file\n"
    monkeypatch.setattr(command, "checked", fail(KeyboardInterrupt()))
    assert "interrupted" in check(130)


def test_it_runs_as_a_module(made: MadeRelease, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["sign", "check", "--version", VERSION, "--policy", str(made.policy_path), str(made.release)]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as left:
        runpy.run_module("verbatim_sign", run_name="__main__")
    assert left.value.code == 0


def test_what_is_unusual_is_red_where_it_is_seen(
    made: MadeRelease, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.attest("mallory")
    assert "\033" not in check(0)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "\033[1;31m  unusual: mallory" in check(0)
