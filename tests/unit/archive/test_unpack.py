"""Unpacking archives that were made to do harm, to confuse, or just honestly."""

from __future__ import annotations

import io
import os
import random
import stat
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archives import COMPRESSIONS, TIME, Member, file, folder, hard_link, link, tar
from tests.unit.archive.conftest import Place
from verbatim.archive.members import UnsafeMemberError
from verbatim.archive.unpack import Unpacker
from verbatim.errors import IntegrityError


def special(name: str, kind: bytes) -> Member:
    return Member(name, kind=kind)


HOSTILE: dict[str, tuple[Member, ...]] = {
    "a file above": (file("../new"),),
    "a file above by a detour": (folder("a"), file("a/../../new")),
    "a folder above": (folder("../new"),),
    "the folder above itself": (folder("..", mode=0o777),),
    "a link above": (link("../new", "a"),),
    "a link to above": (link("a", "../sentinel"),),
    "a link to above by a detour": (folder("a"), link("a/b", "../a/../../sentinel")),
    "a link to above by another link": (folder("a"), link("a/b", ".."), link("c", "a/b/..")),
    "a link to above by a later link": (folder("a"), link("c", "a/b/.."), link("a/b", "..")),
    "a link to the empty name": (Member("a", kind=tarfile.SYMTYPE, pax={"linkpath": ""}),),
    "a link that is too long": (link("a", "x" * 5000),),
    "a file below a link": (folder("a"), link("b", "a"), file("b/new")),
    "a folder below a link": (folder("a"), link("b", "a"), folder("b/new")),
    "a link below a link": (link("a", "."), link("a/b", "c")),
    "a file over a link": (link("a", "b"), file("a")),
    "a file below a file": (file("a"), file("a/b")),
    "a hard link to above": (hard_link("a", "../sentinel"),),
    "a hard link to above by a detour": (folder("a"), hard_link("b", "a/../../sentinel")),
    "a hard link to a later file": (hard_link("a", "b"), file("b")),
    "a hard link to a link": (link("a", "b"), hard_link("c", "a")),
    "a hard link to a folder": (folder("a"), hard_link("b", "a")),
    "a hard link to the top": (hard_link("b", "."),),
    "a hard link to itself": (hard_link("a", "a"),),
    "a hard link below a link": (file("f"), folder("a"), link("b", "a"), hard_link("b/c", "f")),
    "a character device": (special("a", tarfile.CHRTYPE),),
    "a block device": (special("a", tarfile.BLKTYPE),),
    "a pipe": (special("a", tarfile.FIFOTYPE),),
    "a member of no known kind": (special("a", b"Z"),),
    "a sparse file": (special("a", tarfile.GNUTYPE_SPARSE),),
    "a sparse file, the modern way": (
        Member("a", b"0\n".ljust(512, b"\0"), pax={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}),
    ),
    "an escape sequence": (file("a\x1b[2Jb"),),
    "a newline": (file("a\nb"),),
    "a name with a NUL": (Member("a", pax={"path": "a\0b"}),),
    "a backslash": (file("..\\a"),),
    "a name in Latin 1": (file("a\udce4"),),
    "a link to a name in Latin 1": (link("a", "\udce4"),),
    "a name that is too long": (file("x" * 256),),
    "a path that is too long": (file("/".join(["x" * 200] * 30)),),
    "a header that says otherwise": (Member("a", pax={"path": "../new"}),),
    "a header that says otherwise of a link": (
        Member("a", kind=tarfile.SYMTYPE, pax={"linkpath": "../sentinel"}),
    ),
    "a file twice": (file("a"), file("a")),
    "a file twice, spelt otherwise": (file("a"), file("./a")),
    "a file and a link": (file("a"), link("a", "b")),
    "a file and a hard link": (file("a"), file("b"), hard_link("b", "a")),
    "a file and a folder": (file("a"), folder("a")),
    "a folder and a file": (folder("a"), file("a")),
    "a folder and a link": (folder("a"), link("a", "b")),
    "a folder twice": (folder("a"), folder("a/")),
    "a folder that goes without saying, and a file": (file("a/b"), file("a")),
    "a size beyond all": (Member("a", pax={"size": str(1 << 50)}),),
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_no_honest_archive_holds_is_refused(place: Place, members: tuple[Member, ...]) -> None:
    error = place.refuses(*members)
    assert error.message.startswith("archive 0: the member ")
    assert error.status == IntegrityError.status


@pytest.mark.parametrize(
    "make", [file, folder, lambda name: link(name, "a"), lambda name: hard_link(name, "a")]
)
def test_absolute_names_are_refused(place: Place, make: Callable[[str], Member]) -> None:
    place.refuses(file("a"), make(f"{place.outside}/new"))


@pytest.mark.parametrize("make", [link, hard_link])
def test_absolute_targets_are_refused(place: Place, make: Callable[[str, str], Member]) -> None:
    place.refuses(make("a", f"{place.outside}/sentinel"))


HONEST = (
    folder("Python-3.99.0"),
    file("Python-3.99.0/README.rst", b"Hello\n"),
    file("Python-3.99.0/configure", b"#!/bin/sh\n", mode=0o755),
    folder("Python-3.99.0/Lib"),
    file("Python-3.99.0/Lib/empty.py", b""),
    file("Python-3.99.0/Lib/Grüße 日本.txt"),
    file(f"Python-3.99.0/{'x' * 255}"),
    link("Python-3.99.0/Lib/link", "../README.rst"),
    hard_link("Python-3.99.0/again", "Python-3.99.0/README.rst"),
)


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_an_honest_archive_is_unpacked(place: Place, compression: str, format: int) -> None:  # noqa: A002
    unpacker = place.unpack(COMPRESSIONS[compression](tar(*HONEST, format=format)))
    top = place.folder / "Python-3.99.0"
    assert place.names() == {member.name for member in HONEST}
    assert (top / "README.rst").read_bytes() == b"Hello\n" == (top / "Lib/link").read_bytes()
    assert (top / "again").read_bytes() == b"Hello\n"
    assert not (top / "README.rst").samefile(top / "again")
    assert stat.S_IMODE((top / "configure").stat().st_mode) == 0o755
    assert os.readlink(top / "Lib" / "link") == "../README.rst"
    assert unpacker.newest == TIME


@pytest.mark.parametrize(
    ("mode", "of_file", "of_folder"),
    [
        (0o644, 0o644, 0o744),
        (0o7755, 0o755, 0o755),
        (0o4711, 0o711, 0o711),
        (0o1777, 0o777, 0o777),
        (0o000, 0o400, 0o700),
        (0o077, 0o477, 0o777),
    ],
)
def test_set_id_bits_are_dropped_and_the_owner_may_always_read(
    place: Place, mode: int, of_file: int, of_folder: int
) -> None:
    before = os.umask(0o077)
    try:
        place.unpack(tar(folder("a", mode=mode), file("a/b", mode=mode)))
    finally:
        os.umask(before)
    assert stat.S_IMODE((place.folder / "a").stat().st_mode) == of_folder
    assert stat.S_IMODE((place.folder / "a" / "b").stat().st_mode) == of_file


def test_a_folder_may_come_after_what_it_holds(place: Place) -> None:
    place.unpack(tar(file("a/b/c"), folder("a/b", mode=0o700)))
    assert stat.S_IMODE((place.folder / "a").stat().st_mode) == 0o755
    assert stat.S_IMODE((place.folder / "a" / "b").stat().st_mode) == 0o700


def test_the_newest_time_is_remembered(place: Place) -> None:
    times = (TIME, TIME + 7.75, TIME - 7)
    members = [replace(file(f"a{number}"), time=time) for number, time in enumerate(times)]
    assert place.unpack(tar(*members)).newest == TIME + 7


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "1e300", str(1 << 60)])
def test_absurd_times_are_refused(place: Place, time: str) -> None:
    with pytest.raises(IntegrityError):
        place.unpack(tar(Member("a", pax={"mtime": time})))


@pytest.mark.parametrize("size", ["-1", "-512", "-1000000", "513", "100000", "1e3", "many"])
def test_lies_about_a_size_are_noticed(place: Place, size: str) -> None:
    lie = Member("b", b"x" * 512, pax={"size": size})
    with pytest.raises(IntegrityError):
        place.unpack(tar(file("a"), lie, file("c")))
    place.see_nothing_outside()


@pytest.mark.parametrize(
    "garbage", [b"", b"\0", b"not an archive\n" * 1000, b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh9"]
)
def test_garbage_is_damaged(place: Place, garbage: bytes) -> None:
    with pytest.raises(IntegrityError, match="archive 0 is damaged"):
        place.unpack(garbage)


@pytest.mark.parametrize("compression", ["gz", "xz", "bz2"])
def test_an_archive_compressed_in_several_parts_is_refused(place: Place, compression: str) -> None:
    """Not every reader reads on behind the first; no release is packed so."""
    compress, whole = COMPRESSIONS[compression], tar(*HONEST)
    with pytest.raises(IntegrityError, match="after the end"):
        place.unpack(compress(whole[:7000]) + compress(whole[7000:]))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_truncated_archive_is_noticed(tmp_path: Path, compression: str) -> None:
    """Where it is not, all of it must have been there: only the padding at the end was cut off."""
    content = random.Random(0).randbytes(700)
    members = (folder("a"), file("a/b", content), file("a/c"), link("a/d", "b"), file("a/e", content))
    archive = tar(*members)[: -tarfile.RECORDSIZE // 2]
    whole = COMPRESSIONS[compression](archive)
    step = max(1, len(whole) // 100)
    silently = []
    for cut in range(0, len(whole), step):
        place = Place.below(tmp_path / str(cut))
        try:
            place.unpack(whole[:cut])
        except IntegrityError:
            continue
        if place.names() != {member.name for member in members}:
            silently.append(cut)
    assert not silently


@pytest.mark.parametrize("compression", ["gz", "xz", "bz2"])
def test_altered_bytes_are_noticed(tmp_path: Path, compression: str) -> None:
    content = random.Random(0).randbytes(2000)
    whole = COMPRESSIONS[compression](tar(file("a", content)))
    silently = []
    for at in range(len(whole) // 4, len(whole), len(whole) // 40):
        place = Place.below(tmp_path / str(at))
        try:
            place.unpack(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        except IntegrityError:
            continue
        if (place.folder / "a").read_bytes() != content:
            silently.append(at)
    assert not silently


def test_a_damaged_header_in_the_middle_is_noticed(place: Place) -> None:
    archive = bytearray(tar(file("a"), file("b"), file("c")))
    archive[1024 + 100] ^= 1
    with pytest.raises(IntegrityError):
        place.unpack(bytes(archive))


def test_hard_links_are_refused_where_they_have_no_place(tmp_path: Path) -> None:
    with pytest.raises(UnsafeMemberError, match="'b' is a hard link, expected a file"):
        Unpacker(tmp_path, hard_links=False).tar("archive", io.BytesIO(tar(file("a"), hard_link("b", "a"))))


def test_hard_links_take_the_space_of_files(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbatim.archive.limits.MOST_BYTES_TOGETHER", 10_000)
    links = [hard_link(f"b{number}", "a") for number in range(9)]
    place.unpack(tar(file("a", bytes(1000)), *links))
    again = Place.below(place.top / "again")
    with pytest.raises(UnsafeMemberError, match="makes the archive larger than 10000 bytes"):
        again.unpack(tar(file("a", bytes(1000)), *links, hard_link("c", "a")))


def test_a_header_as_large_as_a_file_is_refused(tmp_path: Path) -> None:
    hostile = tar(Member("a", pax={"comment": "x" * (2 << 20)}))
    with pytest.raises(IntegrityError, match="a header of"):
        Unpacker(tmp_path).tar("an archive", io.BytesIO(hostile))


def test_what_lies_behind_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="after its end"):
        Unpacker(tmp_path).tar("an archive", io.BytesIO(tar(file("a")) + b"smuggled" * 2000))
