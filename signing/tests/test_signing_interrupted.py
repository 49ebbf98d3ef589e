"""A signing that was interrupted is run again, and the log tells of both."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from release_maker import MadeRelease, artifacts_of, sha256, statement
from signer import Signing, one_rekor
from verbatim_sign import screen
from verbatim_sign.files import Folder, OpenFile, opened
from verbatim_sign.log import opened_log

Output = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


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
        assert "interrupted; run it again to continue" in signing.run(status=130)
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
    assert "valid signatures: 4" in signing.run(types=None)


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
    assert f"{path.name} exists, but is not in the log" in said
    assert signing.made.signatures() == [path.name]


@one_rekor()
def test_so_is_one_from_here_in_anothers_place(signing: Signing) -> None:
    signing.run("--only", "gpg")
    first, second = (signing.made.dist / f"{name}.asc" for name in signing.made.names)
    second.write_bytes(first.read_bytes())
    said = signing.run("--only", "gpg", status=6, types=None)
    assert f"{second.name} exists, but is not in the log" in said


@one_rekor()
def test_nor_is_one_overwritten_that_comes_meanwhile(signing: Signing, monkeypatch: Patch) -> None:
    confirm = screen.confirm
    path = signing.made.dist / f"{signing.made.names[0]}.sigstore"

    def meanwhile(version: str) -> None:
        confirm(version)
        path.write_text("{}")

    monkeypatch.setattr("verbatim_sign.run.confirm", meanwhile)
    assert "exists, and this run did not write it" in signing.run(status=6)
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
    assert f"{log} is not a regular file" in said


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
        assert "the log is in use" in signing.refused(status=2, types=None)


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
