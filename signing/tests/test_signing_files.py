"""The files of a release that is to be signed: each that is not as it should be is refused."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from release_maker import (
    VERSION,
    MadeRelease,
    artifacts_of,
    sha256,
    statement,
)
from verbatim_sign import files
from verbatim_sign.command import main

Output = pytest.CaptureFixture[str]
Check = Callable[..., str]


def test_one_flipped_bit_is_refused(made: MadeRelease, check: Check) -> None:
    data = bytearray(made.tgz.read_bytes())
    data[3] ^= 1
    made.tgz.write_bytes(data)
    assert f"{made.tgz} was altered: it has SHA-256 {sha256(bytes(data))}, the statement says" in check(6)


def test_an_artifact_in_anothers_place_is_refused(made: MadeRelease, check: Check) -> None:
    xz = made.dist / f"Python-{VERSION}.tar.xz"
    assert xz.stat().st_size == made.tgz.stat().st_size
    made.tgz.write_bytes(xz.read_bytes())
    assert f"{made.tgz} has the bytes of {xz.name}: it has SHA-256" in check(6)


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
    assert f"has a file with the unusual name {name!r}" in check(6)


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
    assert f"{path} is {what}, expected a regular file" in check(6)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK])
def test_a_device_is_refused(kind: int, made: MadeRelease, check: Check) -> None:
    made.tgz.unlink()
    os.mknod(made.tgz, kind | 0o666, os.makedev(1, 3))
    assert f"{made.tgz} is a device, expected a regular file" in check(6)


def test_a_plain_file_where_a_folder_belongs_is_refused(made: MadeRelease, check: Check) -> None:
    (made.dist / "buildinfo").rmdir()
    check(0)
    (made.dist / "buildinfo").touch()
    assert "is a regular file, expected a folder" in check(6)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_link, "cannot be read: a link"),
        (os.mkfifo, "is a FIFO, expected a regular file"),
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
    assert f"{folder} is not a readable folder: {why}" in capsys.readouterr().err


def test_the_release_itself_may_be_reached_through_a_link(made: MadeRelease, check: Check) -> None:
    made.release.rename(made.folder / "elsewhere")
    made.release.symlink_to("elsewhere")
    check(0)


def test_a_release_that_is_not_there_is_refused(made: MadeRelease, capsys: Output) -> None:
    release = made.folder / "nowhere"
    assert main(["check", "--version", VERSION, "--policy", str(made.policy_path), str(release)]) == 2
    said = f"refused: {release} is not a readable folder: No such file or directory; name a folder"
    assert capsys.readouterr().err.startswith(said)


def test_a_folder_with_too_many_files_is_refused(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MOST_FILES", 5)
    check(0)
    monkeypatch.setattr(files, "_MOST_FILES", 4)
    assert "holds 5 files, expected at most 4" in check(6)


def test_another_list_of_hashes_is_refused(made: MadeRelease, check: Check) -> None:
    with (made.dist / "SHA256SUMS").open("a") as file:
        file.write("\n")
    assert "SHA256SUMS does not list what the statements say" in check(6)


def test_a_file_that_is_too_large_is_refused(made: MadeRelease, check: Check) -> None:
    (made.dist / "SHA256SUMS").write_bytes(b" " * (1 << 20))
    assert "SHA256SUMS does not list what the statements say" in check(6)
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
