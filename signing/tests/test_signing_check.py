"""What is checked before anything is signed: each thing that is wrong is refused, with its own message and status."""

from __future__ import annotations

import base64
import json
import os
import re
import runpy
import socket
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from release_maker import (
    COMMIT,
    INPUTS,
    TODAY,
    VERSION,
    MadeRelease,
    artifacts_of,
    canonical,
    envelope,
    other,
    public_of,
    sha256,
    statement,
    withdrawal,
)
from verbatim_sign import attestations, command, files
from verbatim_sign.command import main

Output = pytest.CaptureFixture[str]


@pytest.fixture
def check(made: MadeRelease, capsys: Output) -> Callable[..., str]:
    """Check the release, which shall be refused with that status; gives the one line that says why."""

    def run(status: int, *options: str, version: str = VERSION) -> str:
        before = made.signatures()
        arguments = [
            "check",
            "--version",
            version,
            "--policy",
            str(made.policy_path),
            *options,
            str(made.release),
        ]
        open_before = os.listdir("/proc/self/fd")
        assert main(arguments) == status
        assert os.listdir("/proc/self/fd") == open_before
        out, err = capsys.readouterr()
        assert made.signatures() == before
        assert "Traceback" not in err
        if status == 0:
            assert err == ""
            return out
        assert re.fullmatch(r"refused: [^\n]+\n", err), err
        return err

    return run


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
        assert f"unusual: there is {name}{end} already" in check(0)


def test_several_stages_may_be_signed_together(made: MadeRelease, check: Check) -> None:
    page = {"python-3.13.99-docs-text.zip": b"made with sphinx"}
    made.signing["artifacts"]["docs"] = sorted(page)
    made.policy["threshold"]["python-*"] = 2
    made.write_policy()
    (made.dist / "python-3.13.99-docs-text.zip").write_bytes(b"made with sphinx")
    assert "lacks docs.intoto.json" in check(6)
    said = canonical(statement(page, stage="docs"))
    (made.dist / "docs.intoto.json").write_bytes(said)
    assert "SHA256SUMS is not the list of what the statements say" in check(6)
    everything = artifacts_of(VERSION) | page
    made.sums(everything)
    made.add("alice.docs", said, "alice")
    assert "python-3.13.99-docs-text.zip: 1 of 2 confirm it (alice)" in check(1)
    made.add("bob.docs", said, "bob")
    out = check(0)
    for name, data in everything.items():
        assert f"{sha256(data)[:16]}  {name}  (2 of 2: alice, bob)" in out


_TARBALL = sha256(artifacts_of(VERSION)["Python-3.13.99.tar.xz"])
_TREE = {"cpython-3.13.99-x86_64-linux-gnu.tar.xz": b"made with gcc"}


def _of_a_tree(tarball: str = _TARBALL) -> bytes:
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
    assert f"1 of 2 confirm it (alice); bob does not count: it was built from a tarball, {'d' * 64}" in check(
        1
    )
    (tree.dist / "linux-x86_64.intoto.json").write_bytes(_of_a_tree("d" * 64))
    assert (
        f"linux-x86_64.intoto.json: it was built from a tarball, {'d' * 64}, expected git, or what"
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
    assert "linux-x86_64.intoto.json: it was built from a tarball" in check(7)


@pytest.mark.parametrize("version", ["3.13", "3.13.99 ", "../3.13.99", "", "2.7.18", "3.14.0rc0"])
def test_what_is_no_version_is_refused(version: str, check: Check) -> None:
    assert "is no version of CPython 3" in check(2, version=version)


def test_a_version_that_the_policy_does_not_name_is_refused(check: Check) -> None:
    assert "the policy does not allow 3.14.0rc1 to be signed" in check(7, version="3.14.0rc1")


# The files


def test_one_flipped_bit_is_refused(made: MadeRelease, check: Check) -> None:
    data = bytearray(made.tgz.read_bytes())
    data[3] ^= 1
    made.tgz.write_bytes(data)
    assert f"{made.tgz} was altered: it has SHA-256 {sha256(bytes(data))}, the statement says" in check(6)


def test_an_artifact_in_anothers_place_is_refused(made: MadeRelease, check: Check) -> None:
    xz = made.dist / f"Python-{VERSION}.tar.xz"
    assert xz.stat().st_size == made.tgz.stat().st_size
    made.tgz.write_bytes(xz.read_bytes())
    assert f"{made.tgz} is {xz.name}: it has SHA-256" in check(6)


@pytest.mark.parametrize("name", [f"Python-{VERSION}.tgz", "SHA256SUMS", "source.intoto.json"])
def test_a_missing_file_is_refused(name: str, made: MadeRelease, check: Check) -> None:
    (made.dist / name).unlink()
    assert f"lacks {name}" in check(6)


@pytest.mark.parametrize("name", ["docs.intoto.json", "README", f"Python-{VERSION}.tar.bz2", "README.asc"])
def test_a_file_too_many_is_refused(name: str, made: MadeRelease, check: Check) -> None:
    (made.dist / name).touch()
    assert f"also holds {name}, which the policy does not name" in check(6)


@pytest.mark.parametrize(
    "name", ["a\nb", ".hidden", "-rf", "a b", "ä", "a;b", os.fsdecode(b"\xff"), "x" * 201]
)
@pytest.mark.parametrize("where", ["dist", "attestations"])
def test_an_odd_name_is_refused(name: str, where: str, made: MadeRelease, check: Check) -> None:
    (made.release / where / VERSION / name).touch()
    assert f"has a file with the odd name {name!r}" in check(6)


def _link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.open(path.parent, os.O_RDONLY)
        bound.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


@pytest.mark.parametrize(
    ("make", "what"),
    [(_link, "a link"), (os.mkfifo, "a FIFO"), (_socket, "a socket"), (os.mkdir, "a folder")],
)
@pytest.mark.parametrize("where", ["dist", "attestations"])
def test_what_is_no_plain_file_is_refused(
    make: Callable[[Path], None], what: str, where: str, made: MadeRelease, check: Check
) -> None:
    path = made.tgz if where == "dist" else made.attestations / "alice.source.dsse.json"
    path.unlink()
    make(path)
    assert f"{path} is {what}, expected a plain file" in check(6)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK])
def test_a_device_is_refused(kind: int, made: MadeRelease, check: Check) -> None:
    made.tgz.unlink()
    os.mknod(made.tgz, kind | 0o666, os.makedev(1, 3))
    assert f"{made.tgz} is a device, expected a plain file" in check(6)


def test_a_plain_file_where_a_folder_belongs_is_refused(made: MadeRelease, check: Check) -> None:
    (made.dist / "buildinfo").rmdir()
    check(0)
    (made.dist / "buildinfo").touch()
    assert "is a plain file, expected a folder" in check(6)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_link, "cannot be read: a link"),
        (os.mkfifo, "is a FIFO, expected a plain file"),
        (lambda _: None, "cannot be read: no such file or directory"),
    ],
)
def test_what_is_put_in_a_files_place_after_it_was_listed_is_refused(
    make: Callable[[Path], None], why: str, made: MadeRelease, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = files.Folder.names

    def and_then(folder: files.Folder, **options: Any) -> list[str]:
        found = listed(folder, **options)
        made.tgz.unlink(missing_ok=True)
        make(made.tgz)
        monkeypatch.setattr(files.Folder, "names", listed)
        return found

    monkeypatch.setattr(files.Folder, "names", and_then)
    assert f"{made.tgz} {why}" in check(6)


@pytest.mark.parametrize("part", ["dist", f"dist/{VERSION}", f"attestations/{VERSION}"])
@pytest.mark.parametrize(
    ("put", "why"),
    [
        (lambda path: path.symlink_to(path.parent / "elsewhere"), "Not a directory"),
        (lambda _: None, "No such file or directory"),
        (Path.touch, "Not a directory"),
        (os.mkfifo, "Not a directory"),
    ],
)
def test_a_folder_that_is_a_link_or_missing_is_refused(
    part: str, put: Callable[[Path], None], why: str, made: MadeRelease, capsys: Output
) -> None:
    folder = made.release / part
    folder.rename(folder.parent / "elsewhere")
    put(folder)
    assert main(["check", "--version", VERSION, "--policy", str(made.policy_path), str(made.release)]) == 2
    assert f"{folder} is no folder that can be read: {why}" in capsys.readouterr().err


def test_the_release_itself_may_be_reached_through_a_link(made: MadeRelease, check: Check) -> None:
    made.release.rename(made.folder / "elsewhere")
    made.release.symlink_to("elsewhere")
    check(0)


def test_a_release_that_is_not_there_is_refused(made: MadeRelease, capsys: Output) -> None:
    release = made.folder / "nowhere"
    assert main(["check", "--version", VERSION, "--policy", str(made.policy_path), str(release)]) == 2
    said = f"refused: {release} is no folder that can be read: No such file or directory; name a folder"
    assert capsys.readouterr().err.startswith(said)


def test_a_folder_with_too_many_files_is_refused(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MOST_FILES", 5)
    check(0)
    monkeypatch.setattr(files, "_MOST_FILES", 4)
    assert "holds 5 files, expected at most 4" in check(6)


def test_another_list_of_hashes_is_refused(made: MadeRelease, check: Check) -> None:
    with (made.dist / "SHA256SUMS").open("a") as file:
        file.write("\n")
    assert "SHA256SUMS is not the list of what the statements say" in check(6)


def test_a_file_that_is_too_large_is_refused(made: MadeRelease, check: Check) -> None:
    (made.dist / "SHA256SUMS").write_bytes(b" " * (1 << 20))
    assert "SHA256SUMS is not the list of what the statements say" in check(6)
    (made.dist / "SHA256SUMS").write_bytes(b" " * ((1 << 20) + 1))
    assert "SHA256SUMS has more than 1,048,576 bytes" in check(6)


def test_a_large_artifact_is_hashed_to_its_end(made: MadeRelease, check: Check) -> None:
    large = bytes(range(256)) * (10 << 10)
    artifacts = artifacts_of(VERSION) | {made.tgz.name: large}
    made.tgz.write_bytes(large)
    said = statement(artifacts)
    made.put(said)
    made.sums(artifacts)
    for name in ("alice", "bob"):
        made.attest(name, said)
    check(0)
    with made.tgz.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\0")
    assert "was altered" in check(6)


# The statement


def _with(place: str, value: object) -> dict[str, Any]:
    """A statement, with another value at a place."""
    said = statement()
    *path, last = place.split("/")
    at: Any = said
    for step in path:
        at = at[int(step) if step.isdigit() else step]
    at[int(last) if last.isdigit() else last] = value
    return said


_BUILD = "predicate/buildDefinition"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (statement(version="3.13.98"), "is a statement of source of 3.13.98, expected source of 3.13.99"),
        (statement(stage="docs"), "is a statement of docs of 3.13.99, expected source of 3.13.99"),
        (statement(commit="3" * 40), f"it is of the commit {'3' * 40}, expected {COMMIT}"),
        (
            statement(kind="tarball"),
            f"it was built from a tarball, {'d' * 64}, expected git, or what a stage before it made",
        ),
        (
            statement(kind="tarball", tarball=_TARBALL),
            f"it was built from a tarball, {_TARBALL}, expected git",
        ),
        (
            statement(inputs=INPUTS | {"environment/source/lock.toml": "e" * 64}),
            f"it has environment/source/lock.toml {'e' * 64}, expected {'a' * 64}",
        ),
        (statement(inputs=INPUTS | {"recipe/odd": "e" * 64}), "expected no such input"),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/digest", {"sha256": "a" * 64, "gitCommit": "1" * 40}),
            f"it has environment/source/lock.toml {'1' * 40} {'a' * 64}, expected {'a' * 64}",
        ),
        (statement(inputs={"recipe/source": "c" * 64}), "it does not say which environment was used"),
        (
            statement(inputs={"environment/source/root.tar": "b" * 64}),
            "it does not say which recipe was used",
        ),
        (
            statement({"Python-3.13.99.tgz": b"made"}),
            "is of Python-3.13.99.tgz; the policy has Python-3.13.99.tar.xz, Python-3.13.99.tgz for source",
        ),
    ],
)
def test_a_statement_that_the_policy_does_not_allow_is_refused(
    said: object, why: str, made: MadeRelease, check: Check
) -> None:
    made.put(said)
    assert why in check(7)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([], "statement: expected a table"),
        (_with("more", 1.0), "the number 1.0 has no place in it"),
        (_with("more", float("nan")), "the number NaN has no place"),
        (_with("more", "x"), "expected the entries _type, subject, predicateType, predicate, got"),
        (_with("predicate/more", "x"), "predicate: expected the entries buildDefinition, runDetails, got"),
        (_with(f"{_BUILD}/more", "x"), "buildDefinition: expected the entries buildType"),
        (_with(f"{_BUILD}/externalParameters/more", "x"), "externalParameters: expected the entries"),
        (_with(f"{_BUILD}/externalParameters/source/more", "x"), "source: expected the entries kind"),
        (_with(f"{_BUILD}/externalParameters/formats", "x"), "formats: expected a list"),
        (_with(f"{_BUILD}/externalParameters/version", ""), "version: expected a text"),
        (_with(f"{_BUILD}/externalParameters/artifacts", "../x"), "artifacts: expected a text"),
        (_with(f"{_BUILD}/resolvedDependencies", "x"), "resolvedDependencies: expected a list"),
        (_with(f"{_BUILD}/resolvedDependencies/0/more", "x"), "resolvedDependencies: expected the entries"),
        (_with(f"{_BUILD}/resolvedDependencies/0/digest/gitCommit", "A" * 40), "cpython: expected a text"),
        (_with("subject/0/more", "x"), "subject: expected the entries name, digest"),
        (_with("_type", "x"), "_type: expected a text like"),
        (_with("predicateType", "x"), "predicateType: expected a text like https://slsa"),
        (_with("predicate/runDetails", {}), "runDetails: expected urn:verbatim:builder:v1 alone"),
        (_with(f"{_BUILD}/buildType", "x"), "buildType: expected"),
        (_with(f"{_BUILD}/externalParameters/source/kind", "svn"), "source.kind: expected"),
        (_with(f"{_BUILD}/externalParameters/formats", ["../x"]), "formats: expected"),
        (_with(f"{_BUILD}/externalParameters/optimize", "fast"), "optimize: expected a text like pgo|none"),
        (_with(f"{_BUILD}/resolvedDependencies", []), "expected the source, and what else went in"),
        (
            _with(f"{_BUILD}/resolvedDependencies/0/digest", {"sha256": "a" * 64}),
            "expected gitCommit and gitTree",
        ),
        (_with(f"{_BUILD}/resolvedDependencies/0/digest", {}), "cpython: expected a table with entries"),
        (
            _with(f"{_BUILD}/resolvedDependencies/0/digest", {"md5": "a"}),
            "cpython: expected a text like sha256|gitCommit",
        ),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/digest/sha256", "A" * 64),
            "lock.toml: expected a text like",
        ),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/name", "recipe/source"),
            "resolvedDependencies: expected each once",
        ),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/name", "cpython"),
            "resolvedDependencies: expected each once",
        ),
        (_with(f"{_BUILD}/resolvedDependencies/1/name", "a\x1b[2J"), "resolvedDependencies: expected a text"),
        (_with("subject", "x"), "subject: expected a list"),
        (_with("subject", []), "subject: expected names that are sorted, each once"),
        (_with("subject/0/name", "Python-3.13.99.tgz"), "expected names that are sorted, each once"),
        (_with("subject/0/name", "zzz"), "expected names that are sorted, each once"),
        (_with("subject/0/name", "../../etc/passwd"), "subject.name: expected a text like"),
        (_with("subject/0/name", "Python\n"), "subject.name: expected a text like"),
        (_with("subject/0/digest/sha256", "a" * 63), "subject.Python-3.13.99.tar.xz: expected a text like"),
        (_with("subject/0/digest/sha512", "a" * 128), "expected the entries sha256"),
    ],
)
@pytest.mark.parametrize("where", ["dist", "attestations"])
def test_a_statement_of_another_shape_is_refused(
    said: object, why: str, where: str, made: MadeRelease, check: Check
) -> None:
    if where == "dist":
        made.put(said)
    else:
        made.attest("carol", said)
    assert why in check(6)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is not the JSON that it should be"),
        (b"\xff", "is not the JSON that it should be"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"b":"","a":"","a":""}', "the name 'a' comes twice in one object"),
        (b'{"a":1}', "the number 1 has no place in it"),
        (canonical(statement()) + b"\n", "is not in canonical JSON"),
        (json.dumps(statement()).encode(), "is not in canonical JSON"),
        (json.dumps(statement(), separators=(",", ":")).encode(), "is not in canonical JSON"),
        (
            canonical(_with(f"{_BUILD}/externalParameters/formats", [])).replace(b"[]", b'["\\u0078"]', 1),
            "is not in canonical JSON",
        ),
        (b'{"\\ud800":""}', "expected the entries"),
    ],
)
@pytest.mark.parametrize("where", ["dist", "attestations"])
def test_a_statement_in_another_form_is_refused(
    data: bytes, why: str, where: str, made: MadeRelease, check: Check
) -> None:
    if where == "dist":
        (made.dist / "source.intoto.json").write_bytes(data)
    else:
        made.add("carol.source", data, "carol") if data else (
            made.attestations / "carol.source.dsse.json"
        ).touch()
    assert why in check(6)


# Who says so


def test_one_rebuilder_too_few_is_refused(made: MadeRelease, check: Check) -> None:
    (made.attestations / "bob.source.dsse.json").unlink()
    assert f"Python-{VERSION}.tar.xz: 1 of 2 confirm it (alice)" in check(1)
    (made.attestations / "alice.source.dsse.json").unlink()
    assert f"Python-{VERSION}.tar.xz: 0 of 2 confirm it;" in check(1)


def test_one_key_under_two_names_is_one_voice(made: MadeRelease, check: Check) -> None:
    made.rebuilder("bob", keys=[{"ed25519": public_of("alice")}])
    made.attest("bob", signer="alice")
    why = check(1)
    assert "1 of 2 confirm it (alice, bob)" in why
    assert "those who share a key count once" in why


def test_a_key_in_common_is_enough_to_be_one_voice(made: MadeRelease, check: Check) -> None:
    """Though each signs with another; and whoever ties two together makes them one."""
    keys = {name: [{"ed25519": public_of(name)}] for name in ("alice", "bob", "carol")}
    made.rebuilder("alice", keys=[*keys["alice"], *keys["carol"]])
    made.attest("carol")
    made.rebuilder("bob", keys=keys["bob"])
    check(0)
    made.rebuilder("carol", keys=[*keys["carol"], *keys["bob"]])
    assert "1 of 2 confirm it (alice, bob, carol)" in check(1)
    # Whoever comes later is tied to all of them through any one.
    made.rebuilder("dave", keys=[*keys["alice"], {"ed25519": public_of("dave")}])
    made.attest("dave")
    assert "1 of 2 confirm it (alice, bob, carol, dave)" in check(1)


def test_an_identity_in_common_makes_one_voice(made: MadeRelease, check: Check) -> None:
    same = [{"subject": "x@example.com", "issuer": "https://example.com"}]
    for name in ("alice", "bob"):
        made.rebuilder(name, identities=same)
    assert "1 of 2 confirm it" in check(1)


def test_a_kind_may_count_once(made: MadeRelease, check: Check) -> None:
    for name in ("alice", "bob"):
        made.rebuilder(name, kind="hosted")
    assert "1 of 2 confirm it" in check(1)
    made.attest("carol")
    check(0)


def test_the_highest_threshold_that_fits_counts(made: MadeRelease, check: Check) -> None:
    made.policy["threshold"] = {"*": 1, "*.tgz": 3, "python-*": 9}
    made.write_policy()
    assert f"Python-{VERSION}.tgz: 2 of 3 confirm it" in check(1)
    made.attest("carol")
    assert f"unusual: one rebuilder is enough for Python-{VERSION}.tar.xz" in check(0)


def test_an_objection_blocks(made: MadeRelease, check: Check) -> None:
    made.attest("carol", other(statement(), "f" * 64))
    why = check(1)
    assert f"Python-{VERSION}.tar.xz is blocked: carol got {'f' * 64}; it is" in why


def test_so_does_one_by_somebody_who_confirms_as_well(made: MadeRelease, check: Check) -> None:
    made.attest("alice", other(statement(), "f" * 64), number=2)
    assert "is blocked: alice got" in check(1)


def test_an_objection_by_an_expired_key_or_to_another_commit_blocks_all_the_same(
    made: MadeRelease, check: Check
) -> None:
    made.attest("carol", other(statement(commit="3" * 40), "f" * 64))
    assert f"carol got {'f' * 64} (it is of the commit {'3' * 40}" in check(1)
    made.rebuilder("carol", keys=[{"ed25519": public_of("carol"), "expires": TODAY}])
    assert f"carol got {'f' * 64} (its key has expired)" in check(1)


def test_an_objection_that_was_withdrawn_does_not_block(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    made.add("carol.withdrawal", withdrawal(canonical(said), "Le disque était plein."), "carol")
    assert "carol.source.dsse.json does not count: it was withdrawn: Le disque était plein." in check(0)


def test_nobody_withdraws_for_another(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    made.add("bob.withdrawal", withdrawal(canonical(said)), "bob")
    assert "is blocked: carol got" in check(1)


def test_a_confirmation_that_was_withdrawn_does_not_count(made: MadeRelease, check: Check) -> None:
    made.add("bob.withdrawal", withdrawal(canonical(statement())), "bob")
    assert "1 of 2 confirm it (alice); bob does not count: it was withdrawn" in check(1)


def test_an_override_by_name_answers_an_objection(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    override = {
        "version": VERSION,
        "rebuilder": "carol",
        "statement": sha256(canonical(said)),
        "by": "Dora",
        "reason": "A faulty disk.",
    }
    for wrong in ({"version": "3.13.98"}, {"rebuilder": "bob"}, {"statement": "0" * 64}):
        made.policy["override"] = [override | wrong]
        made.write_policy()
        assert "is blocked" in check(1)
    made.policy["override"] = [override]
    made.write_policy()
    assert "unusual: carol.source.dsse.json does not count: Dora overrides it: A faulty disk." in check(0)


def test_an_expired_key_does_not_count(made: MadeRelease, check: Check) -> None:
    made.rebuilder("bob", keys=[{"ed25519": public_of("bob"), "expires": TODAY}])
    assert "1 of 2 confirm it (alice); bob does not count: its key has expired" in check(1)
    made.rebuilder("bob", keys=[{"ed25519": public_of("bob"), "expires": TODAY + timedelta(days=1)}])
    check(0)


def test_a_revoked_key_says_nothing_at_all(made: MadeRelease, check: Check) -> None:
    made.rebuilder("bob", keys=[{"ed25519": public_of("bob"), "revoked": TODAY + timedelta(days=9)}])
    assert "1 of 2 confirm it (alice); bob does not count: its key was revoked" in check(1)
    made.attest("bob", other(statement(), "f" * 64))
    made.attest("carol")
    assert "unusual: bob.source.dsse.json does not count: its key was revoked" in check(0)


def test_a_revoked_key_takes_nothing_back(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    keys = [{"ed25519": public_of("carol")}, {"ed25519": public_of("stolen"), "revoked": TODAY}]
    made.rebuilder("carol", keys=keys)
    made.add("carol.withdrawal", withdrawal(canonical(said)), "stolen")
    assert "is blocked: carol got" in check(1)
    made.attest("carol")
    assert "carol.withdrawal.dsse.json takes nothing back: it is signed with a key that was revoked" in check(
        0
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (statement(kind="tarball"), "it was built from a tarball"),
        # Not even where it is the one in question: that says nothing of the commit.
        (statement(kind="tarball", tarball=_TARBALL), "it was built from a tarball"),
        (statement(commit="3" * 40), "it is of the commit"),
        (statement(inputs=INPUTS | {"recipe/source": "0" * 64}), "it has recipe/source"),
    ],
)
def test_what_was_built_from_something_else_does_not_count(
    said: object, why: str, made: MadeRelease, check: Check
) -> None:
    made.attest("bob", said)
    assert f"1 of 2 confirm it (alice); bob does not count: {why}" in check(1)
    made.attest("carol")
    assert f"unusual: bob.source.dsse.json does not count: {why}" in check(0)


def test_who_is_not_in_the_policy_is_left_aside(made: MadeRelease, check: Check) -> None:
    for name in ("aaron", "mallory"):
        made.attest(name, other(statement(), "f" * 64))
    out = check(0)
    for name in ("aaron", "mallory"):
        assert f"unusual: {name}.source.dsse.json is of somebody whom the policy does not have" in out


def test_a_stage_that_is_not_to_be_signed_is_left_aside(made: MadeRelease, check: Check) -> None:
    made.add("carol.docs", canonical(statement({"docs.zip": b"made"}, stage="docs")), "carol")
    assert "unusual: carol.docs.dsse.json is of a stage that is not to be signed" in check(0)


def test_a_stage_speaks_of_its_own_artifacts_alone(made: MadeRelease, check: Check) -> None:
    """Otherwise docs that were built from a tarball could confirm that tarball."""
    said = canonical(statement(stage="docs", kind="tarball", tarball=_TARBALL))
    for name in ("alice", "bob"):
        (made.attestations / f"{name}.source.dsse.json").unlink()
        made.add(f"{name}.docs", said, name)
    assert (
        "alice.docs.dsse.json names Python-3.13.99.tar.xz, Python-3.13.99.tgz, which docs does not make"
        in check(6)
    )


def test_what_is_said_of_another_artifact_is_nothing_to_these(made: MadeRelease, check: Check) -> None:
    made.attest("carol", statement({"Python-3.13.99.zip": b"made"}))
    check(0)


# What they signed


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
    assert f"{stem}.dsse.json is no name of an attestation" in check(6)


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
        (withdrawal(b"", reason=""), "reason: expected a text"),
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
    assert "takes nothing back: it is signed with an identity" in check(0)


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
    assert check(2, version="\x1b[2J\n").startswith("refused: '\\x1b[2J\\n' is no version")


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
