"""A source tarball with hard links, as de-duplicated file systems leave them: every engine is handed the same tree of files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.archives import COMPRESSIONS, file, folder, hard_link, tar
from tests.integration.command import run, verbatim
from tests.integration.engines import require
from tests.integration.nix.installation import Installation
from tests.integration.releases import SMALL, small_files
from verbatim.digest import sha256_file
from verbatim.engines.choose import engine
from verbatim.paths import PROJECT

pytestmark = pytest.mark.integration

_TOP = f"Python-{SMALL}"
#: Of these two, whose contents are the same, the second may be a link to the first.
_ONE, _OTHER = f"{_TOP}/Include/Python.h", f"{_TOP}/Python/ceval.c"


def _tarball(path: Path, *, linked: bool) -> Path:
    files = {f"{_TOP}/{name}": text.encode() for name, text in small_files().items()}
    members = {name: file(name, content) for name, content in files.items()}
    members |= {name: folder(name) for name in {name.rpartition("/")[0] for name in files}}
    if linked:
        members[_OTHER] = hard_link(_OTHER, _ONE)
    # As tar packs a tree: GNU tar gives a folder its time once it is through with what it holds.
    in_order = [member for _, member in sorted(members.items())]
    path.write_bytes(COMPRESSIONS["gz"](tar(*in_order)))
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The hashes of what is built from the tarball that has files instead."""
    where = tmp_path_factory.mktemp("plain")
    return _build(_tarball(where / "small.tgz", linked=False), "sandbox")


def _build(tarball: Path, name: str) -> dict[str, str]:
    options = ("--version", SMALL, "--source", str(tarball), "--output", str(tarball.parent / "out"))
    return verbatim("build", *options, "--engine", name, "--json").hashes


@pytest.fixture
def nix(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in Installation.make(tmp_path_factory.mktemp("nix")).variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("nix")
@pytest.mark.parametrize("name", ["sandbox", "docker", "nix"])
def test_they_are_files_in_each_engine(name: str, plain: dict[str, str], tmp_path: Path) -> None:
    require(engine(name))
    assert _build(_tarball(tmp_path / "small.tgz", linked=True), name) == plain


@pytest.mark.usefixtures("nix", "root")
def test_they_are_files_for_a_nix_user_as_well(plain: dict[str, str], tmp_path: Path) -> None:
    require(engine("nix"))
    _tarball(tmp_path / "small.tgz", linked=True)
    command = ["nix-build", str(PROJECT / "nix"), "-A", "source", "--no-out-link"]
    command += ["--argstr", "version", SMALL, "--argstr", "source", "small.tgz"]
    done = run(command, tmp_path, {**os.environ, "PWD": str(tmp_path)})
    assert done.status == 0, done.err
    assert {path.name: sha256_file(path) for path in Path(done.out.strip()).iterdir()} == plain
