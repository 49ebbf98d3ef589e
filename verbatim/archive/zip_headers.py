"""The records that a zip archive is made of, field by field (PKWARE's APPNOTE.TXT, section 4.3).

It accepts only what an honest release needs: no encryption, no second disk, no zip64 (nothing is larger than
4 GiB), and no extra field that repeats a member's name, kind, mode or content.
Anything else in a record is refused, because another reader may use it.
"""

from __future__ import annotations

import calendar
import datetime
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

STORED, DEFLATED = 0, 8

#: General purpose flags (4.4.4): how hard it was compressed; sizes and checksum follow the data; the name is UTF-8.
LEVEL, DESCRIPTOR, UTF8 = 0b110, 1 << 3, 1 << 11
_FLAGS = LEVEL | DESCRIPTOR | UTF8

#: Who made it (4.4.2), and thus what its attributes mean.
DOS, UNIX = 0, 3
#: DOS attributes that change nothing: read-only, hidden, system, archive. And that of a folder.
_DOS = 0x27
DOS_FOLDER = 0x10
#: An internal attribute (4.4.14): it looks like text.
_TEXT = 1
#: 7-Zip's mark that the upper half holds a Unix mode.
_HAS_MODE = 0x8000

#: Extra fields (4.5, and Info-ZIP's extrafld.txt) that are known, and what sizes each can have.
TIMES: Mapping[int, frozenset[int]] = {
    0x000A: frozenset((32,)),  # NTFS
    0x5455: frozenset((1, 5, 9, 13)),  # Info-ZIP, "UT"
    0x5855: frozenset((8, 12)),  # Info-ZIP, "UX"; the longer one has owners, too
}
OWNERS: Mapping[int, frozenset[int]] = {
    0x7855: frozenset((0, 4)),  # Info-ZIP, "Ux"
    0x7875: frozenset((11,)),  # Info-ZIP, "ux"
}
#: Both sizes once more, in eight bytes each. Some packers add it before the data though it is not needed.
_ZIP64 = 0x0001
_EXTRAS = {**TIMES, **OWNERS, _ZIP64: frozenset((16,))}

#: Versions that are needed to extract what is stored, and what is deflated or a folder (4.4.3).
_VERSIONS = (10, 20)
#: These mean "see zip64".
_ELSEWHERE_2, _ELSEWHERE_4 = 0xFFFF, 0xFFFFFFFF
#: In bytes, of a comment on the whole archive: git writes the commit's 40 digits.
LONGEST_COMMENT = 255


class HeaderError(ValueError):
    """A record is one that no honest archive has."""


@dataclass(frozen=True)
class Common:
    """The fields that both headers of a member have."""

    needed: int
    flags: int
    method: int
    #: Of modification, in the format of DOS.
    clock: int
    date: int
    crc: int
    packed_size: int
    size: int
    name: bytes
    extra: bytes

    @property
    def has_descriptor(self) -> bool:
        return bool(self.flags & DESCRIPTOR)

    @property
    def time(self) -> int:
        """Of modification, in seconds since 1970, as if the maker's clock had shown UTC."""
        date, clock = self.date, self.clock
        try:
            moment = datetime.datetime(
                1980 + (date >> 9), date >> 5 & 15, date & 31, clock >> 11, clock >> 5 & 63, 2 * (clock & 31)
            )
        except ValueError as error:
            raise HeaderError("has a time that is not valid") from error
        return calendar.timegm(moment.timetuple())

    def check(self) -> None:
        """Raise HeaderError for what no honest archive has."""
        if self.needed not in _VERSIONS:
            raise HeaderError(f"needs version {self.needed} of the format, not 10 or 20")
        if self.flags & ~_FLAGS:
            raise HeaderError(
                f"has the flags {self.flags:#06x}: it is encrypted, patched, or of an unknown kind"
            )
        if self.method not in (STORED, DEFLATED):
            raise HeaderError(f"is compressed by method {self.method}, not stored or deflated")
        if _ELSEWHERE_4 in (self.size, self.packed_size):
            raise HeaderError("has its size in a zip64 field, which no release needs")
        fields = list(extras(self.extra))
        if len(fields) != len(dict(fields)):
            raise HeaderError("has an extra field twice")
        sizes = struct.pack("<2Q", self.size, self.packed_size)
        # With it, the descriptor after the data would be larger.
        if dict(fields).get(_ZIP64, sizes) != sizes or (_ZIP64 in dict(fields) and self.has_descriptor):
            raise HeaderError("has a zip64 field with other sizes")


@dataclass(frozen=True)
class LocalHeader(Common):
    """The header before a member's data (4.3.7)."""

    FORM: ClassVar = struct.Struct("<4s5H3I2H")
    MAGIC: ClassVar = b"PK\x03\x04"

    @classmethod
    def sizes(cls, record: bytes) -> tuple[int, int]:
        """Of the name and of the extra fields that follow, in bytes; raises HeaderError if it is another record."""
        magic, *_, name, extra = cls.FORM.unpack(record)
        if magic != cls.MAGIC:
            raise HeaderError("has no header before its data")
        return name, extra

    @classmethod
    def parse(cls, whole: bytes, name_size: int) -> Self:
        """Parse a record with the name and the extra fields after it."""
        needed, flags, method, clock, date, crc, packed_size, size = cls.FORM.unpack_from(whole)[1:9]
        name, extra = _split(whole[cls.FORM.size :], name_size)
        return cls(needed, flags, method, clock, date, crc, packed_size, size, name, extra)


@dataclass(frozen=True)
class CentralHeader(Common):
    """A member's entry in the list at the archive's end (4.3.12)."""

    made_by: int
    system: int
    internal: int
    attributes: int
    offset: int

    FORM: ClassVar = struct.Struct("<4s2B5H3I5H2I")
    MAGIC: ClassVar = b"PK\x01\x02"

    @classmethod
    def sizes(cls, record: bytes) -> tuple[int, int]:
        """Of the name and of the extra fields that follow, in bytes; raises HeaderError if it is another record."""
        magic, *_, name, extra, comment, disk, _, _, _ = cls.FORM.unpack(record)
        if magic != cls.MAGIC:
            raise HeaderError("has no entry in the list at the end")
        if comment:
            raise HeaderError("has a comment")
        if disk:
            raise HeaderError(f"begins on disk {disk}")
        return name, extra

    @classmethod
    def parse(cls, whole: bytes, name_size: int) -> Self:
        """Parse a record with the name and the extra fields after it."""
        fields = cls.FORM.unpack_from(whole)
        made_by, system, needed, flags, method, clock, date, crc, packed_size, size = fields[1:11]
        common = (needed, flags, method, clock, date, crc, packed_size, size)
        name, extra = _split(whole[cls.FORM.size :], name_size)
        return cls(*common, name, extra, made_by, system, *fields[-3:])

    def check(self) -> None:
        super().check()
        if self.system not in (DOS, UNIX):
            raise HeaderError(f"was made on system {self.system}, not on DOS (0) or Unix (3)")
        if self.internal & ~_TEXT:
            raise HeaderError(f"has the internal attributes {self.internal:#06x}")
        known = _DOS | DOS_FOLDER | (_HAS_MODE if self.system == UNIX else 0)
        if self.attributes & 0xFFFF & ~known:
            raise HeaderError(f"has the DOS attributes {self.attributes & 0xFFFF:#06x}")

    def check_local(self, local: LocalHeader) -> None:
        """Raise HeaderError if the header before the data differs."""
        ours = (self.needed, self.flags, self.method, self.clock, self.date, self.name)
        theirs = (local.needed, local.flags, local.method, local.clock, local.date, local.name)
        sizes = (self.crc, self.packed_size, self.size)
        local_sizes = (local.crc, local.packed_size, local.size)
        # With a descriptor after the data, these may be zero before it.
        later = (0, *sizes) if self.has_descriptor else ()
        agrees = all(
            one == other or (later and one == 0) for one, other in zip(local_sizes, sizes, strict=True)
        )
        if ours != theirs or not agrees:
            raise HeaderError("has two headers that disagree")
        local.check()

    @property
    def descriptor(self) -> bytes:
        """The descriptor that must follow the data (4.3.9), with its customary signature."""
        return struct.pack("<4s3I", b"PK\x07\x08", self.crc, self.packed_size, self.size)


@dataclass(frozen=True)
class End:
    """The end of the central directory (4.3.16)."""

    members: int
    size: int
    offset: int
    comment: bytes

    FORM: ClassVar = struct.Struct("<4s4H2IH")
    MAGIC: ClassVar = b"PK\x05\x06"

    @classmethod
    def parse(cls, tail: bytes) -> Self:
        """Find the record as every reader does, by its last magic; ``tail`` is the end of the file."""
        at = tail.rfind(cls.MAGIC)
        if at < 0 or len(tail) - at < cls.FORM.size:
            raise HeaderError("it has no end record, or more after it")
        _, disk, first_disk, here, members, size, offset, length = cls.FORM.unpack_from(tail, at)
        comment = tail[at + cls.FORM.size :]
        if length != len(comment):
            raise HeaderError("its end record is not at its end")
        if b"PK" in comment or not (comment.isascii() and comment.decode("latin-1").isprintable()):
            raise HeaderError(f"it has the comment {comment[:40]!r}")
        if disk or first_disk or here != members:
            raise HeaderError("it is one of several disks")
        if members == _ELSEWHERE_2 or _ELSEWHERE_4 in (size, offset):
            raise HeaderError("it has a zip64 record, which no release needs")
        return cls(members, size, offset, comment)


#: How a zip archive begins; the second one is empty.
MAGICS = (LocalHeader.MAGIC, End.MAGIC)


def _split(data: bytes, size: int) -> tuple[bytes, bytes]:
    return data[:size], data[size:]


def extras(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Extra fields by their kinds; raises HeaderError for one that is unknown or incomplete."""
    while data:
        if len(data) < 4:
            raise HeaderError("has extra fields that do not end where they should")
        kind, size = struct.unpack("<HH", data[:4])
        field, data = data[4 : 4 + size], data[4 + size :]
        if kind not in _EXTRAS or len(field) != size or size not in _EXTRAS[kind]:
            raise HeaderError(f"has the extra field {kind:#06x} of {size} bytes")
        yield kind, field
