"""The real 3.13.5 held against its commit, in CPython's repository made again out of a release; and tampered with."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.archives import Repository
from tests.integration.command import PUBLISHED, Finished, verbatim
from tests.integration.conftest import Built
from tests.integration.releases import DROPPED, SMALL, python_repository, small_repository, small_tarball

pytestmark = pytest.mark.integration

TOP = "Python-3.13.5"


@pytest.fixture(scope="module")
def repository(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """CPython's repository as it was at 3.13.5."""
    folder = tmp_path_factory.mktemp("repository") / "cpython"
    return python_repository(built.folder / f"{TOP}.tar.xz", folder, "3.13.5")


def verify(repository: Repository, *options: str) -> Finished:
    return verbatim(
        "verify", "--version", "3.13.5", "--against-git", "--source", str(repository.path), *options
    )


def test_the_published_tarball_is_what_the_commit_says(repository: Repository) -> None:
    result = verify(repository, "--json").result
    tarballs = {tarball["name"]: tarball for tarball in result["tarballs"]}
    # One of them may not be to be had here; that is said, and the other one is checked.
    assert tarballs.keys() | result["unchecked"].keys() == PUBLISHED.keys()
    assert tarballs
    for name, tarball in tarballs.items():
        assert tarball["sha256"] == PUBLISHED[name]
        assert tarball["verdict"] == "equivalent", tarball["differences"]
        assert tarball["generated"] == [f"{TOP}/Misc/NEWS"]
        assert tarball["files"] > 4_800
        assert tarball["with_crlf"] > 100
        news = repository.git("ls-files", "Misc/NEWS.d").splitlines()
        links = repository.git("ls-files", "Misc/mypy").splitlines()
        assert tarball["left_out"] == len({*DROPPED, *news, *links})


@dataclass(frozen=True)
class Tampering:
    """What is done to a member, or to none for one more, and what is said of it."""

    member: str
    change: Callable[[tarfile.TarInfo, bytes], bytes]
    said: str


def _one_byte(_info: tarfile.TarInfo, content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _mode(info: tarfile.TarInfo, content: bytes) -> bytes:
    info.mode = 0o755
    return content


#: Other ways are tried on a small tree, in tests/unit/published/test_against_git.py.
TAMPERED = {
    "smuggled": Tampering("m4/build-to-host.m4", lambda *_: b"eval\n", "added    {}: is not in"),
    "one byte of configure": Tampering("configure", _one_byte, "changed  {}: SHA-256 "),
    "one mode": Tampering("Lib/os.py", _mode, "changed  {}: mode 755, expected 644"),
}


def test_what_was_tampered_with_is_named(repository: Repository, built: Built, tmp_path: Path) -> None:
    """All of it at once, since the commit is read and made anew each time."""
    path = tmp_path / f"{TOP}.tar"
    tamper(built.folder / f"{TOP}.tar.xz", path)
    finished = verify(repository, "--against", str(path))
    assert finished.status == 1, finished.err
    lines = [
        line.strip() for line in finished.out.splitlines() if "different from git" in line or TOP in line
    ]
    assert lines[1] == f"different from git in {len(TAMPERED)} of its members"
    expected = sorted((f"{TOP}/{each.member}", each.said) for each in TAMPERED.values())
    for line, (member, said) in zip(lines[2:], expected, strict=True):
        assert line.startswith(said.format(member))
    assert "different from commit" in finished.err


def tamper(tarball: Path, path: Path) -> None:
    """Write a tarball anew, with all the changes."""
    changes = {f"{TOP}/{each.member}": each.change for each in TAMPERED.values()}
    with tarfile.open(tarball) as old, tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as new:
        for info in old:
            opened = old.extractfile(info)
            content = opened.read() if opened else b""
            if info.name in changes:
                content = changes.pop(info.name)(info, content)
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))
        # What is left of them is smuggled in.
        for name, change in changes.items():
            info = tarfile.TarInfo(name)
            content = change(info, b"")
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))


def test_what_the_recipe_makes_of_a_commit_is_what_the_list_expects(tmp_path: Path) -> None:
    """The list, and what the recipe leaves out and generates, say the same."""
    small = small_repository(tmp_path / "small")
    options = ("--version", SMALL, "--source", str(small.path))
    assert verbatim("build", *options, "--output", str(tmp_path)).status == 0
    finished = verbatim("verify", *options, "--against-git", "--against", str(tmp_path / SMALL), "--json")
    for tarball in finished.result["tarballs"]:
        assert tarball["verdict"] == "equivalent", tarball["differences"]
        assert tarball["generated"] == [f"Python-{SMALL}/Misc/NEWS"]


def test_a_commit_of_which_nothing_can_be_made_does_not_pass(tmp_path: Path) -> None:
    small = small_repository(tmp_path / "small", says="3.13.98")
    finished = verbatim(
        *("verify", "--version", SMALL, "--source", str(small.path), "--against-git"),
        *("--against", str(small_tarball(tmp_path / "small.tgz"))),
    )
    assert "the source says that it is 3.13.98" in finished.refusal(5)


def test_where_no_git_server_can_be_reached_nothing_is_said() -> None:
    finished = verbatim(
        *("verify", "--version", "3.13.5", "--against-git"),
        settings={"VERBATIM_GIT_URL": "http://127.0.0.1:9/cpython"},
    )
    assert "git ls-remote failed" in finished.refusal(4)
