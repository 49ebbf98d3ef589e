"""``./invoke build`` over files that it did not make: they are moved aside, and no command takes them for artifacts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_engine import Fake
from tests.integration.releases import SMALL, small_tarball
from tests.program import Ended, run_in_process
from tests.unit.commands.conftest import TGZ, XZ, Build
from verbatim.errors import UndecidedError
from verbatim.evidence.artifact_sets import open_given

Run = Callable[..., Ended]

_ASIDE = f"{TGZ}.replaced-1"
_GOOD = Fake("sandbox", {XZ: b"xz", TGZ: b"gz"})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *arguments: run_in_process(list(arguments), monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The release's folder, where somebody has put a tarball that is not what is built."""
    folder = tmp_path / "out" / SMALL
    folder.mkdir(parents=True)
    (folder / TGZ).write_bytes(b"downloaded")
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"SHA256SUMS", "source.intoto.json", "buildinfo"}


def test_another_file_is_moved_aside_and_named(build: Build, folder: Path) -> None:
    ended = build([_GOOD])
    assert ended.status == 0, ended.err
    assert (
        f"warning: {folder / TGZ} was not what this build made; moved aside, to {folder / _ASIDE}\n"
        in ended.err
    )
    assert (folder / _ASIDE).read_bytes() == b"downloaded"
    assert (folder / TGZ).read_bytes() == b"gz"
    assert names(folder) == {XZ, TGZ, _ASIDE}


def test_the_same_bytes_are_left(build: Build, folder: Path) -> None:
    (folder / TGZ).write_bytes(b"gz")
    assert "moved aside" not in build([_GOOD]).err
    assert names(folder) == {XZ, TGZ}


def test_each_is_kept_once_under_a_number_of_its_own(build: Build, folder: Path) -> None:
    for content in (b"downloaded", b"another", b"downloaded"):
        (folder / TGZ).unlink()
        (folder / TGZ).write_bytes(content)
        assert build([_GOOD]).status == 0
    assert (folder / _ASIDE).read_bytes() == b"downloaded"
    assert (folder / f"{TGZ}.replaced-2").read_bytes() == b"another"
    assert names(folder) == {XZ, TGZ, _ASIDE, f"{TGZ}.replaced-2"}


def test_a_link_is_moved_aside_as_a_link(build: Build, folder: Path, tmp_path: Path) -> None:
    (folder / TGZ).rename(tmp_path / "elsewhere")
    (folder / TGZ).symlink_to(tmp_path / "elsewhere")
    assert build([_GOOD]).status == 0
    assert (folder / _ASIDE).readlink() == tmp_path / "elsewhere"
    assert (tmp_path / "elsewhere").read_bytes() == b"downloaded"
    assert (folder / TGZ).read_bytes() == b"gz"


@pytest.mark.parametrize("name", ["SHA256SUMS", "source.intoto.json"])
def test_a_record_that_somebody_has_changed_is_moved_aside_too(build: Build, folder: Path, name: str) -> None:
    (folder / TGZ).unlink()
    build([_GOOD])
    assert not list(folder.glob("*.replaced-*"))
    os.unlink(folder / name)
    (folder / name).write_bytes(b"my own\n")
    assert f"moved aside, to {folder / name}.replaced-1" in build([_GOOD]).err
    assert (folder / f"{name}.replaced-1").read_bytes() == b"my own\n"


def test_a_note_beside_the_logs_stays(build: Build, folder: Path) -> None:
    (folder / "buildinfo").mkdir()
    (folder / "buildinfo" / "notes.txt").write_text("mine")
    assert build([_GOOD]).status == 0
    assert (folder / "buildinfo" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", [TGZ, _ASIDE])
def test_a_folder_in_the_place_of_an_artifact_is_refused(build: Build, folder: Path, name: str) -> None:
    (folder / TGZ).unlink()
    (folder / name).mkdir()
    (folder / name / "thesis.txt").write_text("precious")
    ended = build([_GOOD])
    assert ended.status == 2
    assert f"{folder} holds {name}, which is not a file; move that away" in ended.complaint
    assert (folder / name / "thesis.txt").read_text() == "precious"


def test_what_was_moved_aside_is_not_an_artifact(
    build: Build, folder: Path, run: Run, tmp_path: Path
) -> None:
    build([_GOOD])
    other = tmp_path / "other"
    other.mkdir()
    for name in (XZ, TGZ):
        (other / name).write_bytes((folder / name).read_bytes())
    compared = run("compare", str(folder), str(other), "--json")
    assert compared.status == 0, compared.err
    assert {artifact["name"] for artifact in json.loads(compared.out)["artifacts"]} == {XZ, TGZ}
    sums = (folder / "SHA256SUMS").read_text()
    assert sorted(line.split("  ")[1] for line in sums.splitlines()) == [XZ, TGZ]
    assert hashlib.sha256(b"downloaded").hexdigest() not in sums
    key = str(tmp_path / "key.pem")
    assert run("keygen", "--as", "alice", "--key", key).status == 0
    attested = run(
        *("attest", "--version", SMALL, "--as", "alice", "--key", key),
        *("--output", str(folder.parent), "--attestations", str(tmp_path / "attestations")),
    )
    assert attested.status == 0, attested.err
    assert "replaced" not in attested.out + attested.err


def test_what_was_moved_aside_is_examined_only_if_it_is_named(tmp_path: Path) -> None:
    """It is a real archive, so its contents would tell which artifact it stands for."""
    aside = small_tarball(tmp_path / "small.tgz").rename(tmp_path / _ASIDE)
    with pytest.raises(UndecidedError, match=r"nothing in .* was examined"):
        open_given([tmp_path], [XZ, TGZ])
    assert open_given([aside], [XZ, TGZ]).files.keys() == {TGZ}
