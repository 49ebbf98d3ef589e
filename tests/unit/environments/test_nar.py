"""The NAR hash of a tree: as Nix has it, and a function of what Nix's store can hold."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbatim.digest import sha256_bytes
from verbatim.environments.nar import nar_sha256
from verbatim.errors import IntegrityError

#: As ``nix-hash --type sha256`` prints them.
_EMPTY_FILE = "77ac62e2629d8e45f624589c0c8bf99e24b3a722349bf1e79bc186008534e246"
_EMPTY_FOLDER = "a50a5ab6d992f5598edd92105059fae9acfc192981e08bd88534c2167e92526a"


def _nar(*parts: bytes) -> str:
    return sha256_bytes(
        b"".join(struct.pack("<Q", len(part)) + part + bytes(-len(part) % 8) for part in parts)
    )


def test_known_answers_of_the_nar_hash(tmp_path: Path) -> None:
    """Written out by the format's grammar; an empty file's is known from Nix itself, as that of an empty folder is."""
    empty, folder = tmp_path / "empty", tmp_path / "folder"
    empty.touch()
    folder.mkdir()
    head = b"nix-archive-1"
    assert nar_sha256(empty) == _nar(head, b"(", b"type", b"regular", b"contents", b"", b")")
    assert nar_sha256(empty) == _EMPTY_FILE
    assert nar_sha256(folder) == _nar(head, b"(", b"type", b"directory", b")") == _EMPTY_FOLDER
    (folder / "b").symlink_to("a")
    (folder / "a").write_bytes(b"123456789")
    (folder / "a").chmod(0o700)
    file = (b"(", b"type", b"regular", b"executable", b"", b"contents", b"123456789", b")")
    link = (b"(", b"type", b"symlink", b"target", b"a", b")")
    assert nar_sha256(folder) == _nar(
        *(head, b"(", b"type", b"directory"),
        *(b"entry", b"(", b"name", b"a", b"node", *file, b")"),
        *(b"entry", b"(", b"name", b"b", b"node", *link, b")"),
        b")",
    )


_NAMES = st.binary(min_size=1, max_size=20).filter(
    lambda name: name not in (b".", b"..") and not {0, 0x2F} & set(name)
)


@given(names=st.lists(_NAMES, unique=True, max_size=6), data=st.data())
def test_the_order_of_making_times_and_most_modes_do_not_matter_to_the_nar_hash(
    names: list[bytes], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shuffled = data.draw(st.permutations(names))
    hashes = set()
    for made, mode in ((names, 0o644), (shuffled, 0o456)):
        folder = tmp_path_factory.mktemp("tree")
        for name in made:
            path = os.fsencode(folder) + b"/" + name
            with open(path, "wb") as file:
                file.write(name)
            os.chmod(path, mode)
            os.utime(path, (mode, mode))
        hashes.add(nar_sha256(folder))
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"other"),
        lambda path: path.chmod(0o744),
        lambda path: path.rename(path.with_name("other")),
        lambda path: path.with_name("more").touch(),
        lambda path: (path.unlink(), path.symlink_to("nowhere")),
        lambda path: (path.unlink(), path.mkdir()),
    ],
)
def test_what_matters_changes_the_nar_hash(change: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "tree" / "file"
    path.parent.mkdir()
    path.write_bytes(b"content")
    before = nar_sha256(path.parent)
    change(path)
    assert nar_sha256(path.parent) != before


def test_what_nix_s_store_cannot_hold_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IntegrityError, match="pipe is neither a file, a folder nor a link"):
        nar_sha256(tmp_path)
