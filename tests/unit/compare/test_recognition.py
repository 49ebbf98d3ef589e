"""What a file is by what it contains, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archives import COMPRESSIONS, file, folder, tar
from tests.zips import Entry, zipped
from verbatim.compare.recognition import recognized, top_folder, version_in

WANTED = (
    "Python-3.13.5.tar.xz",
    "Python-3.13.5.tgz",
    "python-3.13.5-docs-html.tar.bz2",
    "python-3.13.5-docs-html.zip",
    "cpython-3.13.5-x86_64-linux-gnu.tar.xz",
)


def archive(top: str, compression: str) -> bytes:
    if compression == "zip":
        return zipped(Entry(f"{top}/a", b"a"))
    return COMPRESSIONS[compression](tar(folder(top), file(f"{top}/a", b"a")))


@pytest.mark.parametrize(
    ("top", "compression", "stands_for"),
    [
        ("Python-3.13.5", "xz", "Python-3.13.5.tar.xz"),
        ("Python-3.13.5", "gz", "Python-3.13.5.tgz"),
        ("python-3.13.5-docs-html", "bz2", "python-3.13.5-docs-html.tar.bz2"),
        ("python-3.13.5-docs-html", "zip", "python-3.13.5-docs-html.zip"),
        ("cpython-3.13.5-x86_64-linux-gnu", "xz", "cpython-3.13.5-x86_64-linux-gnu.tar.xz"),
        ("Python-3.13.4", "gz", None),
        ("Python-3.13.5", "zip", None),
        ("cpython-3.13.5-x86_64-linux-gnu", "gz", None),
        ("Python-3.13.5x", "gz", None),
    ],
)
@pytest.mark.parametrize("name", ["whatever", "a.tgz", "b.zip", "Python-3.13.5.tar.gz"])
def test_the_top_folder_and_the_compression_tell(
    top: str, compression: str, stands_for: str | None, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(archive(top, compression))
    assert recognized(path, WANTED) == stands_for
    assert top_folder(path) == top


def test_a_file_with_an_artifacts_name_stands_for_it_whatever_it_contains(tmp_path: Path) -> None:
    for content in (b"", b"garbage", archive("Python-3.13.4", "gz"), archive("Python-3.13.5", "xz")):
        path = tmp_path / "Python-3.13.5.tgz"
        path.write_bytes(content)
        assert recognized(path, WANTED) == path.name


@pytest.mark.parametrize(
    ("top", "version"),
    [
        ("Python-3.13.5", "3.13.5"),
        ("Python-3.14.0rc1", "3.14.0rc1"),
        ("python-3.13.5-docs-html", "3.13.5"),
        ("cpython-3.13.5-wasm32-wasip1", "3.13.5"),
        ("Python-3.13", None),
        ("Python-2.7.18", None),
        ("evil", None),
    ],
)
def test_the_version_is_read_from_the_top_folder(top: str, version: str | None, tmp_path: Path) -> None:
    path = tmp_path / "a download"
    path.write_bytes(archive(top, "gz"))
    assert version_in(path) == version


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"PK\x03\x04", b"\xfd7zXZ\0", b"x" * 1024])
def test_what_is_no_archive_has_no_top_folder(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(content)
    assert (top_folder(path), version_in(path), recognized(path, WANTED)) == (None, None, None)
