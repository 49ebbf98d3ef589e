"""One header block of a tar archive: 512 bytes that are read, written again, and must come out the same.

The layout is POSIX's (pax, "ustar Interchange Format") and GNU's (tar's manual, "Basic Tar Format"). Tar readers accept
far more than packers write, and each accepts something else: signs, spaces, missing ends, old forms of numbers. What is
read here is written again as packers write it. A byte that comes out different is one that some reader may understand
in another way.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Literal, NoReturn

#: In bytes.
BLOCK = 512

Dialect = Literal["POSIX", "GNU"]
#: Magic and version together. Blocks without any (Unix V7) are refused: no release is packed in that format.
_DIALECTS: dict[bytes, Dialect] = {b"ustar\x0000": "POSIX", b"ustar  \0": "GNU"}
_MAGICS = {dialect: magic for magic, dialect in _DIALECTS.items()}

_FIELDS = (
    *(("name", 100), ("mode", 8), ("uid", 8), ("gid", 8), ("size", 12), ("mtime", 12), ("chksum", 8)),
    *(("typeflag", 1), ("linkname", 100), ("magic", 8), ("uname", 32), ("gname", 32)),
    *(("devmajor", 8), ("devminor", 8), ("prefix", 155), ("padding", 12)),
)
_LAYOUT = struct.Struct("".join(f"{size}s" for _, size in _FIELDS))
_CHECKSUM = slice(148, 156)

#: What may follow a number's digits: NUL with most packers; libarchive, POSIX's own example, has a space before it.
_ENDS = {8: (b"\0", b" \0"), 12: (b"\0", b" ")}
#: How the checksum ends: as everyone writes it, and as git does.
_CHECKSUM_ENDS = (b"\0 ", b"\0")
_OCTAL = re.compile(rb"[0-7]+")
#: The first byte of a number in base 256, which GNU's format has where octal digits do not suffice.
_BASE_256 = b"\x80"
_BASE_64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class NoHeaderError(Exception):
    """A block that is not a header at all: the archive is damaged, or not a tar archive."""


class OddHeaderError(Exception):
    """A header that no packer writes; the text continues after the member's name."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number and how its digits end; `_BASE_256` for one without digits, nothing for a field of NULs."""

    value: int
    end: bytes = b"\0"

    @classmethod
    def read(cls, field: bytes, ends: tuple[bytes, ...]) -> Number:
        """Read a field leniently: an unusual spelling shows when it is written again."""
        if field[:1] == _BASE_256:
            return cls(int.from_bytes(field[1:]), _BASE_256)
        digits = field.rstrip(b"\0 ")
        end = field[len(digits) :]
        if not digits:
            return cls(0, b"" if not any(field) else ends[0])
        # Python's own int() takes signs as well, and would write them again.
        value = int(digits, 8) if _OCTAL.fullmatch(digits) else 0
        return cls(value, end if end in ends else ends[0])

    def written(self, size: int) -> bytes:
        """The field of this number, as packers write it."""
        if self.end == b"":
            return bytes(size)
        if self.end != _BASE_256:
            field = b"%0*o%s" % (size - len(self.end), self.value, self.end)
            return field if len(field) == size else b""
        # A packer that could have written digits has no reason for this.
        is_needed = self.value >= 8 ** (size - 1)
        return _BASE_256 + self.value.to_bytes(size - 1) if is_needed else b""


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of one block, as they are written."""

    dialect: Dialect
    type: bytes
    name: bytes
    #: Numbers in the order of the block: mode, uid, gid, size, mtime.
    numbers: tuple[Number, ...]
    target: bytes
    uname: bytes
    gname: bytes
    devices: tuple[Number, Number]
    prefix: bytes
    checksum_end: bytes

    @classmethod
    def parse(cls, block: bytes) -> Header:
        """Read a block; raises NoHeaderError if it is not a header, OddHeaderError if no packer writes it so."""
        fields = _LAYOUT.unpack(block)
        name, mode, uid, gid, size, mtime, checksum, type_, target, magic, uname, gname, *others = fields
        major, minor, prefix, _ = others
        stored, summed = Number.read(checksum, _CHECKSUM_ENDS), _sum(block)
        if stored.end == b"" or stored.value != summed:
            raise NoHeaderError(f"its checksum is {checksum!r}, expected {summed:06o}")
        if magic not in _DIALECTS:
            raise OddHeaderError(f"has a header with the magic {magic!r}, expected POSIX's or GNU's")
        header = cls(
            _DIALECTS[magic],
            type_,
            _text(name),
            tuple(Number.read(number, _ENDS[len(number)]) for number in (mode, uid, gid, size, mtime)),
            _text(target),
            _text(uname),
            _text(gname),
            (Number.read(major, _ENDS[8]), Number.read(minor, _ENDS[8])),
            _text(prefix),
            stored.end,
        )
        again = header.written()
        if again != block:
            _refuse(fields, _LAYOUT.unpack(again))
        if any(number.end == b"" for number in header.numbers):
            raise OddHeaderError("has a header without one of its numbers")
        if header.dialect == "POSIX" and any(number.end == _BASE_256 for number in header.numbers):
            raise OddHeaderError("has a number in base 256, which is GNU's, in POSIX's format")
        return header

    @property
    def mode(self) -> int:
        return self.numbers[0].value

    @property
    def uid(self) -> int:
        return self.numbers[1].value

    @property
    def gid(self) -> int:
        return self.numbers[2].value

    @property
    def size(self) -> int:
        """In bytes, of the data after the header."""
        return self.numbers[3].value

    @property
    def time(self) -> int:
        """Of modification, in seconds since 1970."""
        return self.numbers[4].value

    @property
    def device(self) -> tuple[int, int]:
        """The major and the minor number."""
        return self.devices[0].value, self.devices[1].value

    def written(self) -> bytes:
        """The block with these fields, as a packer of its dialect writes it."""
        sizes = (8, 8, 8, 12, 12)
        block = _LAYOUT.pack(
            self.name,
            *(number.written(size) for number, size in zip(self.numbers, sizes, strict=True)),
            b" " * 8,
            self.type,
            self.target,
            _MAGICS[self.dialect],
            self.uname,
            self.gname,
            *(number.written(8) for number in self.devices),
            # GNU's format has other fields here, which only its incremental archives need.
            self.prefix if self.dialect == "POSIX" else b"",
            b"",
        )
        checksum = Number(_sum(block), self.checksum_end).written(8)
        return block[: _CHECKSUM.start] + checksum + block[_CHECKSUM.stop :]


def may_be_header(block: bytes) -> bool:
    """Whether any reader takes a block for a header: by its checksum alone, in whatever form that is.

    GNU tar looks for a header before it looks for a compression (src/buffer.c, check_compressed_archive), and reads
    the checksum as it reads all numbers (src/list.c, from_header): octal, base 64 after a sign, or base 256; the sum
    is taken of signed bytes as well.
    """
    if len(block) < BLOCK:
        return False
    field = block[_CHECKSUM]
    unsigned = _sum(block)
    signed = unsigned - 256 * sum(
        byte > 127 for byte in block[: _CHECKSUM.start] + block[_CHECKSUM.stop : BLOCK]
    )
    readings = {int.from_bytes(field[1:]), int.from_bytes(field[1:]) | (field[0] & 0x3F) << 56}
    bare = field.lstrip(b"\0\t\n\v\f\r ")
    if octal := re.match(rb"[0-7]+", bare):
        readings.add(int(octal[0], 8))
    if re.match(rb"[+-]", bare):
        value = 0
        for digit in bare[1:]:
            if digit not in _BASE_64:
                break
            value = value * 64 + _BASE_64.index(digit)
            readings.add(value)
    return bool(readings & {unsigned, signed})


def _refuse(fields: tuple[bytes, ...], again: tuple[bytes, ...]) -> NoReturn:
    """Name the first field that comes out different."""
    for (name, _), field, expected in zip(_FIELDS, fields, again, strict=True):
        # If anything else differs, the checksum does as well.
        if field != expected and name != "chksum":
            found, wanted = field.rstrip(b"\0"), expected.rstrip(b"\0")
            raise OddHeaderError(f"has the field {name}={found!r} in its header, expected {wanted!r}")
    raise OddHeaderError("has a header whose checksum is not written as packers write it")


def _sum(block: bytes) -> int:
    """The sum of a block's bytes, with spaces in place of the checksum."""
    return sum(block) - sum(block[_CHECKSUM]) + 8 * 32


def _text(field: bytes) -> bytes:
    """The bytes before the first NUL; any after it are found missing when the field is written again."""
    return field.partition(b"\0")[0]
