"""What a program in a root could notice beside its digest: set when it is made, and missed when it is altered."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archives import contents
from verbatim.environments.attributes import deviation, settle

_TIME = 1_749_600_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small root, settled."""
    root = tmp_path / "environments" / "root"
    (root / "usr" / "bin").mkdir(parents=True)
    (root / "usr" / "bin" / "tool").write_text("#!/bin/sh\n")
    (root / "usr" / "bin" / "tool").chmod(0o755)
    (root / "usr" / "bin" / "other").write_text("other")
    (root / "bin").symlink_to("usr/bin")
    (root / "usr" / "nowhere").symlink_to(tmp_path / "outside")
    for path in (root, root / "usr", root / "usr" / "bin"):
        path.chmod(0o755)
    settle(root, _TIME)
    return root


def _hard_link(tool: Path) -> None:
    """Another file of the same content and time, which has a name outside as well."""
    outside = tool.parents[4] / "outside"
    outside.write_bytes(tool.read_bytes())
    outside.chmod(0o755)
    os.utime(outside, (_TIME, _TIME))
    tool.unlink()
    os.link(outside, tool)
    os.utime(tool.parent, (_TIME, _TIME))


def _capability(path: Path) -> None:
    try:
        os.setxattr(path, "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
    except PermissionError:
        pytest.skip("only root gives capabilities to files")


def _give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    os.chown(path, 12345, -1, follow_symlinks=False)


ALTERATIONS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a file's time": ("usr/bin/tool", lambda path: os.utime(path, (1, 1))),
    "a nanosecond": ("usr/bin/tool", lambda path: os.utime(path, ns=(0, _TIME * 10**9 + 1))),
    "a folder's time": ("usr/bin", lambda path: os.utime(path, (1, 1))),
    "the root's own time": (".", lambda path: os.utime(path, (1, 1))),
    "a link's time": ("bin", lambda path: os.utime(path, (1, 1), follow_symlinks=False)),
    "an attribute of a file": ("usr/bin/tool", lambda path: os.setxattr(path, "user.x", b"1")),
    "an attribute of a folder": ("usr", lambda path: os.setxattr(path, "user.x", b"1")),
    "a capability": ("usr/bin/tool", _capability),
    "an owner": ("usr/bin/tool", _give_away),
    "a link's owner": ("bin", _give_away),
    "a hard link to outside": ("usr/bin/tool", _hard_link),
    "the root's own mode": (".", lambda path: path.chmod(0o700)),
}


def test_a_root_is_as_it_was_settled(root: Path) -> None:
    assert deviation(root, _TIME) == ""
    times = {path.lstat().st_mtime_ns for path in (root, *root.rglob("*"))}
    assert times == {_TIME * 10**9}


@pytest.mark.parametrize(("name", "alter"), ALTERATIONS.values(), ids=ALTERATIONS.keys())
def test_what_is_altered_is_named(root: Path, name: str, alter: Callable[[Path], object]) -> None:
    alter(root / name)
    said = deviation(root, _TIME)
    assert said.startswith("its folder" if name == "." and "mode" in said else f"{name} has ")


@pytest.mark.parametrize("alteration", [name for name in ALTERATIONS if not name.endswith("mode")])
def test_it_is_set_anew(root: Path, tmp_path: Path, alteration: str) -> None:
    name, alter = ALTERATIONS[alteration]
    before = contents(root)
    alter(root / name)
    settle(root, _TIME)
    assert deviation(root, _TIME) == ""
    assert contents(root) == before
    assert not (tmp_path / "outside").exists() or (tmp_path / "outside").stat().st_nlink == 1


def test_files_with_several_names_become_as_many_files(root: Path) -> None:
    os.link(root / "usr" / "bin" / "tool", root / "usr" / "bin" / "again")
    settle(root, _TIME)
    tool, again = (root / "usr" / "bin" / name for name in ("tool", "again"))
    assert not tool.samefile(again)
    assert again.read_bytes() == tool.read_bytes()
    assert stat.S_IMODE(again.stat().st_mode) == 0o755
    assert sorted(path.name for path in tool.parent.iterdir()) == ["again", "other", "tool"]
    assert deviation(root, _TIME) == ""


def test_no_link_is_followed(root: Path, tmp_path: Path) -> None:
    """The root has links to a file and to a folder outside."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("untouched")
    (root / "usr" / "file").symlink_to(outside / "file")
    before = {path: path.lstat().st_mtime_ns for path in (outside, outside / "file")}
    settle(root, _TIME)
    assert {path: path.lstat().st_mtime_ns for path in before} == before
    assert deviation(root, _TIME) == ""
