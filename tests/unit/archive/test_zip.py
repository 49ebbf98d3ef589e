"""The one grammar for zips: what every packer makes is read, and what two readers would read in two ways is refused."""

from __future__ import annotations

import io
import itertools
import struct
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.zips import FILE, FOLDER, LINK, Entry, archives, deflated, extra, unicode_path, zipped
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.unpack import Unpacker
from verbatim.archive.zip import ZipReader
from verbatim.compare.comparison import Comparison, File, compare_files
from verbatim.digest import sha256_file
from verbatim.errors import IntegrityError

GOOD = Entry("d/index.html", b"<html>honest</html>\n")
EVIL = Entry("d/index.html", b"<html>EVIL</html>\n")


def at(path: Path, content: bytes) -> File:
    path.write_bytes(content)
    return File(path.name, sha256_file(path), path)


def compared(folder: Path, ours: bytes, theirs: bytes) -> Comparison:
    return compare_files(at(folder / "ours.zip", ours), at(folder / "theirs.zip", theirs))


def contents(archive: bytes, limits: ArchiveLimits | None = None) -> dict[str, bytes]:
    reader = ZipReader("a.zip", io.BytesIO(archive), limits or ArchiveLimits("a.zip"))
    return {member.name: b"".join(iter(content.read, b"")) for member, content in reader.contents()}


def both(entry: Entry = GOOD, **said: int | bytes) -> bytes:
    """An archive of one member, of which both headers say something."""
    return zipped(replace(entry, both=said))


def zip64_to(other: Entry) -> bytes:
    """An end record that leads to one member, and a zip64 record that leads to another one."""
    ours, theirs = GOOD.before(0), other.before(0)
    listed = GOOD.listed(0), other.listed(len(ours))
    body = ours + theirs
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(listed[1]), len(body) + len(listed[0])
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body) + len(b"".join(listed)), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(listed[0]), len(body), 0)
    return body + b"".join(listed) + record + locator + end


def also_a_tar() -> bytes:
    """A zip whose first member's data lie where a tar header has its fields."""
    plain = bytearray(zipped(Entry("a", bytes(600), is_deflated=False)))
    plain[148:156] = b" " * 8
    block = plain[:512]
    # The checksum of the member, which stands before it, is part of that of the header: try.
    for total in range(sum(block) - 3000, sum(block) + 3000):
        content = bytearray(600)
        content[148 - 31 : 156 - 31] = b"%06o\0 " % total
        made = zipped(Entry("a", bytes(content), is_deflated=False))
        if sum(made[:148]) + 8 * 32 + sum(made[156:512]) == total:
            return made
    raise AssertionError


TIMES = extra(0x000A, bytes(4) + b"\1\0\x18\0" + bytes(4) + b"PK\6\7" + bytes(16))

#: What one reader sees and another does not, or otherwise; and how it is refused.
TRICKS: dict[str, tuple[bytes, str]] = {
    "a stream that goes on behind its size": (
        zipped(replace(GOOD, packed=deflated(GOOD.content + b"<script>"))),
        "larger than its headers say",
    ),
    "a stream that ends before its size": (
        zipped(replace(GOOD, packed=deflated(GOOD.content[:-1]))),
        "smaller than its headers say",
    ),
    "something behind the stream": (
        zipped(replace(GOOD, packed=deflated(GOOD.content) + b"<script>")),
        "after the end of its compressed data",
    ),
    "a stream without an end": (
        zipped(replace(GOOD, packed=deflated(GOOD.content + bytes(9_999), 0)[: len(GOOD.content) + 5])),
        "end early",
    ),
    "another checksum": (both(crc=1), "checksum"),
    "another name for those who know Unicode": (
        both(extra=unicode_path(b"d/index.html", b"d/evil.html")),
        "the extra field 0x7075",
    ),
    "a Unicode name that is the same": (
        both(extra=unicode_path(b"d/index.html", b"d/index.html")),
        "the extra field 0x7075",
    ),
    "a zip64 record that leads elsewhere": (zip64_to(EVIL), "not where it should be"),
    "what looks like a zip64 record": (both(extra=TIMES), "zip64 record"),
    "a zip64 field with other sizes": (both(extra=extra(1, struct.pack("<2Q", 1, 1))), "zip64 field"),
    "sizes that are elsewhere": (both(size=0xFFFFFFFF), "zip64"),
    "a link that is not from Unix": (zipped(Entry("d/l", b"a", LINK, both={"system": 0})), "is not that of"),
    "a member that is not listed": (zipped(GOOD, Entry("hidden", is_listed=False)), "something between"),
    "a member between two": (zipped(replace(GOOD, behind=EVIL.before(0)), Entry("b")), "a gap or an overlap"),
    "two names for one place": (zipped(GOOD, listed=[0, 0]), "a gap or an overlap"),
    "a name in the one header, another in the other": (
        zipped(replace(GOOD, local={"name": b"d/evil.htmlx"})),
        "two headers that disagree",
    ),
    **{
        f"another {key} before the data": (zipped(replace(GOOD, local={key: 7})), "two headers that disagree")
        for key in ("needed", "flags", "method", "clock", "date", "crc", "packed_size", "size")
    },
    "another size behind the data": (
        zipped(replace(GOOD, has_descriptor=True, behind=b"PK\7\x08" + bytes(12))),
        "after its data",
    ),
    "an end within stored data": (
        zipped(Entry("a", b"a" + b"PK\7\x08" + bytes(12), is_deflated=False, has_descriptor=True)),
        "could end earlier",
    ),
    "a name in DOS's encoding": (both(name="d/é".encode("cp437")), "neither ASCII nor"),
    "a name in UTF-8 that does not say so": (both(name="d/é".encode(), flags=0), "neither ASCII nor"),
    "a name that is not UTF-8": (both(name=b"\xff", flags=0x800), "neither ASCII nor"),
    "a name of two encodings": (both(Entry("é"), system=0, flags=0x800), "a DOS code page"),
    "a name that ends with a version": (zipped(Entry("a;1")), "version number"),
    "a name with an end within": (both(name=b"a\0b"), "control characters"),
    "a name that leads out": (zipped(Entry("../a")), "leads out"),
    "a folder that is not called one": (zipped(Entry("a", b"", FOLDER)), "is not that of"),
    "a file that is called a folder": (zipped(Entry("a/", b"", FILE)), "is not that of"),
    "a folder with contents": (zipped(Entry("a/", b"a", FOLDER)), "a folder with contents"),
    "a folder by its attributes": (both(attributes=FILE << 16 | 0x10), "a folder by its attributes"),
    "a device": (zipped(Entry("a", b"", 0o020644)), "is not that of"),
    "the name of a disk": (both(attributes=0x08, system=0), "DOS attributes"),
    "set-id bits on DOS": (both(attributes=0o104755 << 16, system=0), "set-id"),
    "an unknown system": (both(system=19), "system 19"),
    "attributes that nobody knows": (both(internal=12), "internal attributes"),
    "a version that is not needed": (both(needed=63), "needs version 63"),
    "a password": (both(flags=1), "encrypted"),
    "another method": (both(method=12), "method 12"),
    "a field twice": (both(extra=extra(0x5455, b"\0") * 2), "twice"),
    "half a field": (both(extra=b"UT\5"), "do not end"),
    "a field of another size": (both(extra=extra(0x5455, b"\1")[:-1] + b"\1\1"), "do not end"),
    "a time that is not valid": (both(date=0), "a time"),
    "the same name twice": (zipped(GOOD, EVIL), "appears twice"),
    "a file below a file": (zipped(Entry("a"), Entry("a/b")), "below the file"),
    "a file below a link": (zipped(Entry("a/b"), Entry("a", b"b", LINK)), "below the link"),
    "a folder of an odd mode after what is in it": (
        zipped(Entry("a/b"), Entry("a/", b"", 0o040777, False)),
        "with an unusual mode",
    ),
    "a link that leads out": (zipped(Entry("a", b"../b", LINK)), "leads out"),
    "a link that goes up": (zipped(Entry("a/b", b"../c", LINK)), "expected a relative path"),
    "a link to a link": (zipped(Entry("a", b"b", LINK), Entry("b", b"c", LINK)), "another link"),
    "a link with an idle part": (zipped(Entry("a", b"./b", LINK)), "expected a relative path"),
    "a link that is not UTF-8": (zipped(Entry("a", b"\xff", LINK)), "not UTF-8"),
    "a link that is too long": (zipped(Entry("a", b"a" * 1001, LINK)), "too long"),
    "another disk": (zipped(GOOD, end={"disk": 1}), "disks"),
    "a member on another disk": (both(disk=1), "disk 1"),
    "a comment on a member": (both(comment=b"PK"), "a comment"),
    "a comment with a record": (zipped(GOOD, comment=b"PK\1\2"), "the comment"),
    "a comment that cannot be printed": (zipped(GOOD, comment=b"\x1b[2J"), "the comment"),
    "something before": (b"#!/bin/sh\n" + zipped(GOOD), "not where it should be"),
    "something before that is counted": (zipped(GOOD, before=b"#!/bin/sh\n"), "a gap or an overlap"),
    "something behind": (zipped(GOOD, behind=b"\0"), "not at its end"),
    "an archive behind another": (zipped(GOOD) + zipped(EVIL), "not where it should be"),
    "an offset before the beginning": (zipped(GOOD, end={"offset": 0xFFFFFFF0}), "not where it should be"),
    "no members": (zipped(), "empty"),
    "fewer members than are listed": (
        zipped(GOOD, Entry("b"), end={"here": 1, "members": 1}),
        "does not end",
    ),
    "a tar archive as well": (also_a_tar(), "as a tar archive"),
    "an image as well": (
        zipped(Entry("a", bytes(0x8001 - 31) + b"CD001" + bytes(9_999), is_deflated=False)),
        "as an ISO 9660 image",
    ),
}


@pytest.mark.parametrize(("archive", "why"), TRICKS.values(), ids=TRICKS.keys())
def test_what_can_be_read_in_two_ways_is_refused(tmp_path: Path, archive: bytes, why: str) -> None:
    with pytest.raises(IntegrityError, match=why):
        compared(tmp_path, zipped(GOOD), archive)


@pytest.mark.parametrize("archive", [archive for archive, _ in TRICKS.values()], ids=TRICKS.keys())
def test_a_wheel_is_read_by_the_same_grammar(tmp_path: Path, archive: bytes) -> None:
    wheel = at(tmp_path / "a.whl", archive)
    (tmp_path / "new").mkdir()
    assert wheel.path is not None
    with pytest.raises(IntegrityError):
        Unpacker(tmp_path / "new").wheel("a wheel", wheel.path, ("lib",))


class Pipe(io.RawIOBase):
    """What cannot be gone back in."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.written += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def by_python(method: int, file: io.RawIOBase | io.BytesIO) -> None:
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("mimetype", b"application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("d/", b"")
        archive.writestr("d/é", b"content\n" * 99)
        archive.writestr("empty", b"")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("make", [io.BytesIO, Pipe])
def test_what_python_packs_is_read(method: int, make: Callable[[], io.BytesIO | Pipe]) -> None:
    file = make()
    by_python(method, file)
    made = file.written if isinstance(file, Pipe) else file.getvalue()
    assert contents(made) == {
        "mimetype": b"application/epub+zip",
        "d/": b"",
        "d/é": b"content\n" * 99,
        "empty": b"",
    }


def test_what_others_pack_is_read() -> None:
    """Info-ZIP's fields, git's comment, a Rust packer's idle zip64 fields, Java's folders, 7-Zip's attributes."""
    stamps = extra(0x5455, b"\3" + bytes(8)) + extra(0x7875, b"\1\4" + bytes(4) + b"\4" + bytes(4))
    of_zip = replace(GOOD, both={"extra": stamps}, central={"extra": extra(0x5455, b"\3" + bytes(4))})
    sizes = extra(1, struct.pack("<2Q", len(GOOD.content), len(GOOD.data)))
    for made in (
        zipped(of_zip, comment=b"0123456789abcdef" * 2),
        zipped(replace(GOOD, local={"extra": sizes})),
        zipped(Entry("d/", b"", has_descriptor=True, both={"system": 0, "attributes": 0}), GOOD),
        both(attributes=FILE << 16 | 0x8020),
        both(attributes=0o100666 << 16, system=0),
    ):
        assert contents(made)["d/index.html"] == GOOD.content


def test_the_order_of_the_list_and_of_the_members_are_both_compared(tmp_path: Path) -> None:
    first, second = Entry("a"), Entry("b")
    plain = zipped(first, second)
    for other in (zipped(second, first), zipped(first, second, listed=[1, 0])):
        assert compared(tmp_path, plain, other).stabilizers == ("order",)


def test_a_folder_after_what_is_in_it_says_nothing_of_its_mode(tmp_path: Path) -> None:
    within, folder = Entry("a/b"), Entry("a/", b"", FOLDER, False)
    first = zipped(folder, within)
    for other in (zipped(within, folder), zipped(folder, within, listed=[1, 0])):
        assert compared(tmp_path, first, other) == Comparison("equivalent", ("order", "modes"))


@pytest.mark.parametrize("attributes", [0x20, 0, 0o100755 << 16])
def test_a_zip_that_says_nothing_of_modes_is_equivalent(tmp_path: Path, attributes: int) -> None:
    comparison = compared(tmp_path, zipped(GOOD), both(system=0, attributes=attributes))
    assert comparison == Comparison("equivalent", ("modes", "headers"))
    assert compared(tmp_path, zipped(GOOD), both(attributes=0)).stabilizers == ("modes",)


def test_other_contents_are_different_whatever_is_said_of_modes(tmp_path: Path) -> None:
    assert compared(tmp_path, zipped(GOOD), both(EVIL, system=0, attributes=0)).judgement == "different"


BOMB = zipped(Entry("a", bytes(1 << 20)))


def test_a_bomb_ends_at_its_announced_size() -> None:
    """However much comes out of it, no more than a piece is ever held."""
    bomb = zipped(Entry("a", b"honest\n", packed=deflated(bytes(200 << 20))))
    with pytest.raises(IntegrityError, match="larger than its headers say"):
        contents(bomb)


@pytest.mark.parametrize(
    ("most_bytes", "seconds_between_looks", "why"),
    [(1 << 19, 0, "a.zip is larger than 524288 bytes"), (1 << 32, 600, "takes longer than 900 seconds")],
    ids=["bytes", "time"],
)
def test_a_limit_that_is_met_is_named(most_bytes: int, seconds_between_looks: int, why: str) -> None:
    clock = itertools.count(0, seconds_between_looks).__next__
    with pytest.raises(IntegrityError, match=why) as caught:
        contents(BOMB, ArchiveLimits("a.zip", most_bytes=most_bytes, clock=clock))
    assert "damaged" not in str(caught.value)


@settings(deadline=None)
@given(
    archives() | st.binary(max_size=80) | st.binary(max_size=80).map(lambda data: data + zipped(GOOD)[-22:])
)
@example(zipped(GOOD)[-22:])
def test_whatever_the_bytes_are_there_is_a_result_or_a_refusal(archive: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            judgement = compared(Path(folder), zipped(GOOD), archive).judgement
        except IntegrityError:
            return
        assert judgement in ("identical", "equivalent", "different")


@settings(deadline=None)
@given(archives())
def test_what_is_accepted_is_what_python_reads(archive: bytes) -> None:
    try:
        ours = contents(archive)
    except IntegrityError:
        return
    with zipfile.ZipFile(io.BytesIO(archive)) as theirs:
        assert {name: theirs.read(name) for name in theirs.namelist()} == ours
