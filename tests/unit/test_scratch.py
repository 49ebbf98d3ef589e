"""Working folders: private while they are used, and gone afterwards, however their process ended."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from verbatim.scratch import remove_tree, scratch

_NOBODY = 65534


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    return tmp_path / "above" / "parent"


@contextmanager
def ordinary_user() -> Iterator[Path]:
    """Be no longer root, who may enter and write everywhere; yield a folder of this user's."""
    with tempfile.TemporaryDirectory() as name:
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(name, _NOBODY, -1)
            os.seteuid(_NOBODY)
        try:
            yield Path(name)
        finally:
            if is_root:
                os.seteuid(0)


def close_to_its_owner(folder: Path) -> None:
    """Fill a folder with what a build may leave: folders that not even their owner may write or enter."""
    for name, mode in (("read-only", 0o555), ("closed", 0o000), ("no-search", 0o600), ("write-only", 0o200)):
        inner = folder / name / "inner"
        inner.mkdir(parents=True)
        (inner / "file").write_text("something")
        (inner / "file").chmod(0o000)
        inner.chmod(mode)
        inner.parent.chmod(mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_it_is_private_and_empty(tmp_path: Path, umask: int) -> None:
    former = os.umask(umask)
    try:
        with scratch(tmp_path) as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert list(folder.iterdir()) == []
            assert folder.parent == tmp_path
    finally:
        os.umask(former)


def test_the_folders_above_are_made(parent: Path) -> None:
    with scratch(parent) as folder:
        assert folder.is_dir()
    assert parent.is_dir()


def test_it_is_gone_afterwards(parent: Path) -> None:
    with scratch(parent) as folder:
        (folder / "deep" / "deeper").mkdir(parents=True)
        (folder / "deep" / "deeper" / "file").write_text("something")
    assert list(parent.iterdir()) == []


def test_it_is_gone_after_a_failure_too(parent: Path) -> None:
    with pytest.raises(KeyboardInterrupt), scratch(parent) as folder:
        (folder / "file").write_text("something")
        raise KeyboardInterrupt
    assert list(parent.iterdir()) == []


def test_what_its_owner_may_not_enter_goes_as_well() -> None:
    with ordinary_user() as home:
        with scratch(home) as folder:
            close_to_its_owner(folder)
        assert list(home.iterdir()) == []


def test_a_tree_that_its_owner_may_not_enter_is_removed() -> None:
    with ordinary_user() as home:
        tree = home / "tree"
        tree.mkdir()
        close_to_its_owner(tree)
        tree.chmod(0o000)
        remove_tree(tree)
        assert list(home.iterdir()) == []


def test_a_tree_deeper_than_any_path_is_removed() -> None:
    """A hostile build can leave one: by its whole path, most of it cannot be reached."""
    with ordinary_user() as folder:
        tree = folder / "tree"
        tree.mkdir()
        inner = os.open(tree, os.O_RDONLY)
        for _ in range(1200):
            os.mkdir("closed", 0, dir_fd=inner)
            os.mkdir("folder", dir_fd=inner)
            outer, inner = inner, os.open("folder", os.O_RDONLY, dir_fd=inner)
            os.close(outer)
        os.close(inner)
        remove_tree(tree)
        assert list(folder.iterdir()) == []


def test_links_are_removed_and_not_followed(tmp_path: Path, parent: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o750)
    (outside / "file").write_text("precious")
    (outside / "file").chmod(0o640)
    with scratch(parent) as folder:
        (folder / "folder").symlink_to(outside)
        (folder / "file").symlink_to(outside / "file")
    assert (outside / "file").read_text() == "precious"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (outside, outside / "file")] == [0o750, 0o640]


def test_a_link_itself_is_not_a_tree_to_remove(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    link = tmp_path / "link"
    link.symlink_to("outside")
    remove_tree(link)
    remove_tree(tmp_path / "missing")
    assert sorted(path.name for path in tmp_path.iterdir() if path != tmp_path / "cache") == [
        "link",
        "outside",
    ]


def test_a_renamed_folder_stays(parent: Path) -> None:
    with scratch(parent) as folder:
        (folder / "file").write_text("a result")
        folder.rename(parent / "result")
    with scratch(parent):
        pass
    assert [path.name for path in parent.iterdir()] == ["result"]
    assert (parent / "result" / "file").read_text() == "a result"


def test_two_at_once_do_not_meet(parent: Path) -> None:
    with scratch(parent) as first, scratch(parent) as second:
        assert first != second
        assert first.is_dir()
    assert list(parent.iterdir()) == []


_WORK = """
import sys
from pathlib import Path
from verbatim.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("half of it")
    print(folder, flush=True)
    sys.stdin.read()
"""


@contextmanager
def working_elsewhere(parent: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process that works below ``parent`` until its input ends, and the folder that it has."""
    command = [sys.executable, "-c", _WORK, str(parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_removed(parent: Path) -> None:
    with working_elsewhere(parent) as (process, left):
        process.kill()
        process.wait(30)
        assert (left / "file").read_text() == "half of it"
        with scratch(parent) as folder:
            assert list(parent.iterdir()) == [folder]
    assert list(parent.iterdir()) == []


def test_what_a_living_process_has_is_not(parent: Path) -> None:
    with working_elsewhere(parent) as (process, folder):
        with scratch(parent):
            assert (folder / "file").read_text() == "half of it"
        assert list(parent.iterdir()) == [folder]
        process.communicate(timeout=30)
        assert process.returncode == 0
    assert list(parent.iterdir()) == []


def test_a_strangers_files_are_not_touched(parent: Path) -> None:
    parent.mkdir(parents=True)
    (parent / ".partial-file").write_text("a file, not a folder")
    (parent / ".partial-link").symlink_to(parent.parent)
    (parent / "folder").mkdir()
    before = sorted(parent.iterdir())
    with scratch(parent):
        pass
    assert sorted(parent.iterdir()) == before
