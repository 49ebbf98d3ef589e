"""Unpacking wheels below their folder, the honest and the hostile."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from tests.archives import contents, wheel
from tests.unit.archive.conftest import Place
from verbatim.archive.members import UnsafeMemberError
from verbatim.archive.unpack import Unpacker
from verbatim.errors import IntegrityError

BELOW = ("usr", "lib", "packages")


def test_a_wheel_is_unpacked_below_its_folder(place: Place, tmp_path: Path) -> None:
    unpacker = Unpacker(place.folder)
    unpacker.wheel("a wheel", wheel(tmp_path / "a.whl", "a/", "a/__init__.py", "a-1.dist-info/RECORD"), BELOW)
    unpacker.finish()
    top = place.folder.joinpath(*BELOW)
    assert {name.decode() for name in contents(top)} == {
        "a",
        "a/__init__.py",
        "a-1.dist-info",
        "a-1.dist-info/RECORD",
    }
    assert stat.S_IMODE((top / "a/__init__.py").stat().st_mode) == 0o644


def zip_entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


@pytest.mark.parametrize(
    "entries",
    [
        ("../../../../new",),
        ("a/../../../../../new",),
        ("../packages2/a",),
        ("/new",),
        ("a\\b",),
        ("a\nb",),
        (".",),
        ("x" * 256,),
        (zip_entry("a", stat.S_IFLNK | 0o777),),
        (zip_entry("a", stat.S_IFIFO | 0o644),),
        ("a-1.data/scripts/a",),
        ("a", "a"),
        ("a", "./a"),
        ("a/b", "a"),
        ("a", "a/b"),
    ],
    ids=repr,
)
def test_a_hostile_wheel_is_refused(
    place: Place, tmp_path: Path, entries: tuple[str | zipfile.ZipInfo, ...]
) -> None:
    with pytest.raises(UnsafeMemberError, match="a wheel: the member"):
        Unpacker(place.folder).wheel("a wheel", wheel(tmp_path / "a.whl", *entries), BELOW)
    place.see_nothing_outside()


def test_a_damaged_wheel_is_noticed(place: Place, tmp_path: Path) -> None:
    path = wheel(tmp_path / "a.whl", "a", "b")
    whole = path.read_bytes()
    for damaged in (b"", b"garbage", whole[:-30], whole.replace(b"content", b"contend", 1)):
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="a wheel is damaged"):
            Unpacker(place.folder).wheel("a wheel", path, BELOW)


def test_a_wheel_that_cannot_be_read_here_is_refused(place: Place, tmp_path: Path) -> None:
    """An unknown compression and a password are bits in its headers."""
    path = wheel(tmp_path / "a.whl", "a")
    whole = path.read_bytes()
    local, central = whole.index(b"PK\x03\x04"), whole.index(b"PK\x01\x02")
    for offset, value in ((8, 99), (6, 1)):
        altered = bytearray(whole)
        altered[local + offset] = altered[central + offset + 2] = value
        path.write_bytes(altered)
        with pytest.raises(IntegrityError):
            Unpacker(place.folder).wheel("a wheel", path, BELOW)
