"""Small files that anybody may have written, and data files of a known shape."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbatim.data import LARGEST, load_model, read_small_file, read_toml
from verbatim.errors import IntegrityError
from verbatim.release import _Published


@pytest.mark.parametrize("kind", ["device", "pipe", "folder", "socket", "endless link", "large"])
def test_nothing_but_a_small_regular_file_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "device":
            path = Path("/dev/zero")
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "socket":
            listening.bind(str(path))
        elif kind == "endless link":
            path.symlink_to(path)
        else:
            with path.open("wb") as file:
                file.truncate(LARGEST + 1)
        for read in (read_small_file, read_toml):
            with pytest.raises(IntegrityError, match=r"regular file|has more than .* bytes"):
                read(path, "give another")


def test_links_are_followed_only_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a")
    (tmp_path / "link").symlink_to("file")
    assert read_small_file(tmp_path / "link", "") == b"a"
    with pytest.raises(IntegrityError, match="is a link, expected a regular file"):
        read_small_file(tmp_path / "link", "", follows_links=False)
    with pytest.raises(FileNotFoundError):
        read_small_file(tmp_path / "missing", "")


@pytest.mark.parametrize(
    "content",
    [
        b"a = " + b"[" * 100_000,
        b"a = " + b"{a = " * 100_000,
        b"a = " + b"9" * 5_000,
        b"a." * 50_000 + b"a = 1",
        b'a = "\\ud800"',
        b"a = '\xed\xa0\x80'",
        b"a = '\0'",
        b"a = 2026-13-01",
        b"\xff",
    ],
    ids=[
        "arrays",
        "tables",
        "integer",
        "dotted",
        "escaped surrogate",
        "surrogate",
        "NUL",
        "date",
        "not UTF-8",
    ],
)
def test_what_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"file\.toml") as caught:
        load_model(path, _Published, "restore it")
    assert caught.value.remedy == "restore it"


def test_a_file_below_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(IntegrityError, match="is missing"):
        read_toml(tmp_path / "file" / "below", "restore it")


@given(
    content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    try:
        read_toml(path, "restore it")
    except IntegrityError as error:
        assert str(path) in error.message
