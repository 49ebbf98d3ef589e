"""The one writer: whatever is in a folder, nothing outside it changes, and nothing that is there is written over."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives import contents
from verbatim.archive.writer import OccupiedError, Parts, Writer

ATTEMPTS: dict[str, Callable[[Writer, Parts], object]] = {
    "make a folder": lambda writer, parts: writer.make_folder(parts, 0o755),
    "ensure a folder": lambda writer, parts: writer.ensure_folder(parts),
    "set a mode": lambda writer, parts: writer.set_mode(parts, 0o777),
    "write": lambda writer, parts: writer.write(parts, io.BytesIO(b"written"), 0o755),
    "link": lambda writer, parts: writer.link(parts, "written"),
}


@contextmanager
def place() -> Iterator[tuple[Path, Path]]:
    """A folder that is written to, and one outside it that must not change."""
    with tempfile.TemporaryDirectory() as name:
        top = Path(name).resolve()
        (top / "outside" / "private").mkdir(parents=True, mode=0o700)
        (top / "outside" / "file").write_text("untouched")
        (top / "folder").mkdir()
        yield top / "folder", top / "outside"


@pytest.mark.parametrize("attempt", [*ATTEMPTS, "read", "read a link"])
@pytest.mark.parametrize("target", ["../outside/file", "../outside/private", "../outside/new", ".", "a"])
@pytest.mark.parametrize("above", [False, True], ids=["itself", "above"])
def test_a_link_is_in_the_way(attempt: str, target: str, above: bool) -> None:
    with place() as (folder, outside):
        (folder / "a").symlink_to(target)
        writer, parts = Writer(folder), ("a", "new") if above else ("a",)
        before = contents(outside.parent)
        if attempt == "read a link" and not above:
            assert writer.target(parts) == target.encode()
            return
        with pytest.raises(OccupiedError, match=r"'a(/new)?' cannot be written"):
            if attempt == "read":
                with writer.reading(parts):
                    pass
            elif attempt == "read a link":
                writer.target(parts)
            else:
                ATTEMPTS[attempt](writer, parts)
        assert contents(outside.parent) == before


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, Path.touch])
@pytest.mark.parametrize("attempt", ["make a folder", "write", "link"])
def test_what_is_there_is_not_written_over(make: Callable[[Path], None], attempt: str) -> None:
    with place() as (folder, _):
        make(folder / "a")
        before = contents(folder)
        with pytest.raises(OccupiedError):
            ATTEMPTS[attempt](Writer(folder), ("a",))
        assert contents(folder) == before


def test_a_pipe_is_neither_read_nor_waited_for() -> None:
    with place() as (folder, _):
        os.mkfifo(folder / "a")
        with pytest.raises(OccupiedError), Writer(folder).reading(("a",)):
            pass


def test_a_folder_that_is_a_link_itself_is_refused() -> None:
    with place() as (folder, outside):
        (folder / "a").symlink_to(outside)
        with pytest.raises(OSError, match="a"):
            Writer(folder / "a")


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes_are_given_whatever_the_umask(umask: int) -> None:
    with place() as (folder, _):
        former = os.umask(umask)
        try:
            writer = Writer(folder)
            writer.ensure_folder(("a", "b"))
            writer.make_folder(("a", "c"), 0o711)
            writer.write(("a", "b", "größer"), io.BytesIO(b"content"), 0o640)
        finally:
            os.umask(former)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
        assert modes == {"a": 0o755, "b": 0o755, "c": 0o711, "größer": 0o640}
        with writer.reading(("a", "b", "größer")) as file:
            assert file.read() == b"content"


names = st.sampled_from(["a", "b", "c"])
places = st.lists(names, min_size=1, max_size=3).map(tuple)
targets = st.sampled_from(
    [
        "a",
        "b",
        ".",
        "..",
        "a/b",
        "../outside",
        "../outside/private",
        "../outside/file",
        "../outside/new",
        "@",
        "@/new",
    ]
)
steps = st.one_of(
    st.tuples(st.sampled_from(["link", "folder", "file", "pipe"]), places, targets),
    st.tuples(st.sampled_from(list(ATTEMPTS)), places, targets),
)


@given(st.lists(steps, max_size=12))
@settings(deadline=None)
def test_nothing_outside_changes_whatever_somebody_puts_there_meanwhile(
    taken: list[tuple[str, Parts, str]],
) -> None:
    """Some steps are a hostile package's, which are taken behind the writer's back; the others are the writer's."""
    with place() as (folder, outside):
        before, status = contents(outside), outside.lstat()
        writer = Writer(folder)
        for what, parts, target in taken:
            path = folder.joinpath(*parts)
            if what in ATTEMPTS:
                with suppress(OccupiedError, FileNotFoundError):
                    ATTEMPTS[what](writer, parts)
            elif folder in (above := path.parent.resolve()).parents or above == folder:
                with suppress(OSError):
                    if what == "link":
                        path.symlink_to(target.replace("@", str(outside)))
                    elif what == "pipe":
                        os.mkfifo(path)
                    elif what == "folder":
                        path.mkdir()
                    else:
                        path.open("x").close()
        assert contents(outside) == before
        assert outside.lstat() == status
        assert sorted(path.name for path in outside.parent.iterdir()) == ["folder", "outside"]
