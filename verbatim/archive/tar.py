"""The one grammar of tar archives: what is accepted means the same to every tar reader in use.

An archive has one dialect. A member is at most one extended header (POSIX's ``x``, or GNU's one ``K`` and one ``L``),
one header and its data, padded with zeros. Two blocks of zeros end the archive, and nothing but zeros follows. Anything
else is refused by name, even where most readers would guess the same.
`tests/integration/archives/test_tar_readers.py` checks this against GNU tar, libarchive, BusyBox, Python and 7-Zip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from verbatim.archive.containers import Plain, compression_of
from verbatim.archive.header import BLOCK, Dialect, Header, NoHeaderError, OddHeaderError
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.members import UnsafeMemberError, check_time, member_parts
from verbatim.archive.records import foreign, is_git_comment, read_records
from verbatim.archive.tar_member import DEVICES, KINDS, TYPE_BITS, TarKind, TarMember
from verbatim.errors import IntegrityError

#: In bytes: of names and other extensions, which are held in memory.
_LONGEST_HEADER = 1 << 20
#: In bytes: of zeros after the end; packers fill a record, which is 10 KiB unless told otherwise.
_LONGEST_END = 1 << 20
_LONG_NAME = b"././@LongLink"
_GIT_NAME = b"pax_global_header"


@dataclass
class _Extension:
    """What stands before a member's own header."""

    records: dict[str, str]
    name: bytes | None = None
    target: bytes | None = None
    is_there: bool = False


class TarReader:
    """The members of a tar archive, each once, in their order. Iterate over all: the end is part of the grammar."""

    def __init__(self, archive: str, plain: Plain, limits: ArchiveLimits) -> None:
        self._archive = archive
        self._plain = plain
        self._limits = limits
        self._dialect: Dialect | None = None
        self._blocks: list[bytes] = []
        #: What a hard link may lead to.
        self._files: set[tuple[str, ...]] = set()
        self._name = ""
        self._left = 0
        self._padding = 0
        self._position = 0

    @property
    def compression(self) -> str:
        """What the archive is compressed with: gzip, xz or bzip2; empty for nothing."""
        return self._plain.compression

    def __iter__(self) -> Iterator[TarMember]:
        """Raises IntegrityError for what does not fit, EOFError for an archive that ends early."""
        while (block := self._next_block()) is not None:
            member = self._member(block)
            self._limits.member(member.name, member.size)
            self._name, self._left, self._padding = member.name, member.size, -member.size % BLOCK
            yield member

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes of the content of the member that was given last; nothing at its end."""
        most = self._left if size < 0 else min(size, self._left)
        piece = self._plain.some(most) if most else b""
        if most and not piece:
            raise EOFError
        self._left -= len(piece)
        if not self._left and self._padding:
            padding, self._padding = self._plain.take(self._padding), 0
            if any(padding):
                raise UnsafeMemberError(
                    self._archive, self._name, "has something hidden in the padding after it"
                )
        return piece

    def _next_block(self) -> bytes | None:
        """The next header, or None at the end, once all that follows has been checked."""
        while self._left:
            self.read(1 << 18)
        block = self._plain.take(BLOCK)
        if not self._position and self._plain.compression and compression_of(block):
            self._damaged("it is compressed twice")
        self._position += 1
        if any(block):
            return block
        self._end()
        return None

    def _end(self) -> None:
        if any(self._plain.take(BLOCK)):
            self._damaged("its end is marked by one block of zeros, expected two")
        size = 0
        while piece := self._plain.some(1 << 18):
            size += len(piece)
            if any(piece):
                self._damaged("there is more after its end")
            if size > _LONGEST_END:
                self._damaged(f"there are more than {_LONGEST_END} bytes of zeros after its end")
        if size % BLOCK:
            self._damaged("its size is not a multiple of 512 bytes")

    def _member(self, block: bytes) -> TarMember:
        self._blocks.clear()
        name = block[:100].partition(b"\0")[0].decode("utf-8", "replace")
        try:
            extension = _Extension({})
            while (header := self._header(block)).type not in KINDS:
                self._extend(extension, header)
                block = self._plain.take(BLOCK)
                self._position += 1
            name = self._named(header, extension)
            return self._read_member(name, header, extension)
        except OddHeaderError as error:
            raise UnsafeMemberError(self._archive, name, str(error)) from error

    def _header(self, block: bytes) -> Header:
        try:
            header = Header.parse(block)
        except NoHeaderError as error:
            self._damaged(f"header {self._position}: {error}")
        self._dialect = self._dialect or header.dialect
        if header.dialect != self._dialect:
            raise OddHeaderError(f"is written in {header.dialect}'s format, and those before in another")
        if not header.name:
            # BusyBox takes it for the end, even if an extension has the name.
            raise OddHeaderError("has no name")
        self._blocks.append(block)
        return header

    def _extend(self, extension: _Extension, header: Header) -> None:
        """Add a header that belongs to the one after it."""
        data = self._extension_data(header)
        match header.type, header.dialect:
            case b"g", "POSIX" if self._position == 1 and header.name == _GIT_NAME and is_git_comment(data):
                self._blocks.clear()
            case b"x", "POSIX" if not extension.is_there:
                extension.records, extension.is_there = read_records(data), True
            case b"L", "GNU" if extension.name is None and header.name == _LONG_NAME:
                extension.name = _long_name(data)
            case b"K", "GNU" if extension.target is None and header.name == _LONG_NAME:
                extension.target = _long_name(data)
            case b"g", _:
                raise OddHeaderError("has a header for all members that is not git's, or not first")
            case (b"x", "GNU") | ((b"K" | b"L"), "POSIX"):
                raise OddHeaderError(
                    f"has a header of type {header.type.decode()} in {header.dialect}'s format"
                )
            case ((b"K" | b"L"), _) if header.name != _LONG_NAME:
                raise OddHeaderError(f"has a long name in a header that is not called {_LONG_NAME.decode()}")
            case _:
                raise OddHeaderError(f"has more than one extended header of type {header.type.decode()}")

    def _extension_data(self, header: Header) -> bytes:
        if header.type not in (b"g", b"x", b"K", b"L"):
            raise OddHeaderError(f"is of type {header.type!r}, which is not a file, folder or link")
        if header.size > _LONGEST_HEADER:
            raise OddHeaderError(f"has a header of {header.size} bytes")
        if header.target or header.prefix or any(header.device):
            raise OddHeaderError("has an extended header with more than a size")
        data = self._plain.take(header.size)
        if any(self._plain.take(-header.size % BLOCK)):
            raise OddHeaderError("has something hidden in the padding of an extended header")
        return data

    def _named(self, header: Header, extension: _Extension) -> str:
        """The member's name; the header must have the beginning of one that an extension has (GNU)."""
        if (path := extension.records.get("path")) is not None:
            if header.name.endswith(b"/") and header.type != b"5" and len(header.name) < 100:
                raise OddHeaderError("has two names, one of a folder and one of another thing")
            return path
        name = header.name
        if extension.name is not None:
            _check_beginning(header.name, extension.name)
            name = extension.name
        elif header.prefix:
            name = header.prefix + b"/" + name
        return name.decode("utf-8", "surrogateescape")

    def _read_member(self, name: str, header: Header, extension: _Extension) -> TarMember:
        kind = KINDS[header.type]
        records = extension.records
        target = self._target(kind, header, extension)
        if header.size and kind != "file":
            raise OddHeaderError(f"is a {kind} with a size")
        if name.endswith("/") and kind != "folder":
            raise OddHeaderError(f"is a {kind} with the name of a folder")
        if header.mode & ~0o7777 not in (0, TYPE_BITS[kind]):
            raise OddHeaderError(f"is a {kind}, but its mode {header.mode:o} is not that of one")
        if any(header.device) and kind not in DEVICES:
            raise OddHeaderError(f"is a {kind} with the numbers of a device")
        parts = member_parts(self._archive, name)
        if not parts and kind != "folder":
            raise OddHeaderError(f"is a {kind}, but has the name of the top folder")
        if kind in ("file", "hard link"):
            self._files.add(parts)
        time = float(records.get("mtime", header.time))
        check_time(self._archive, name, time)
        return TarMember(
            name,
            parts,
            kind,
            header.mode & 0o7777,
            header.size,
            time,
            int(records.get("uid", header.uid)),
            int(records.get("gid", header.gid)),
            records.get("uname", header.uname.decode("utf-8", "surrogateescape")),
            records.get("gname", header.gname.decode("utf-8", "surrogateescape")),
            target,
            header.device,
            records,
            foreign(records),
            tuple(self._blocks),
        )

    def _target(self, kind: TarKind, header: Header, extension: _Extension) -> str:
        target = header.target
        if extension.target is not None:
            _check_beginning(header.target, extension.target)
            target = extension.target
        path = extension.records.get("linkpath")
        text = target.decode("utf-8", "surrogateescape") if path is None else path
        if kind in ("link", "hard link"):
            if not text or any("\ud800" <= character <= "\udfff" for character in text):
                raise OddHeaderError(f"is a {kind} without a target, or with one that is not UTF-8")
        elif text or target:
            raise OddHeaderError(f"is a {kind} with the target of a link")
        if kind == "hard link":
            self._check_hard_link(text)
        return text

    def _check_hard_link(self, target: str) -> None:
        if target.endswith("/") or member_parts(self._archive, target) not in self._files:
            raise OddHeaderError(f"is a hard link to {target!r}, which is not a file before it")

    def _damaged(self, what: str) -> NoReturn:
        raise IntegrityError(f"{self._archive} is damaged: {what}", "fetch it again")


def _long_name(data: bytes) -> bytes:
    """A name in a separate GNU header: with one NUL, at its end."""
    if not data.endswith(b"\0") or b"\0" in data[:-1]:
        raise OddHeaderError("has a long name that does not end with its only NUL")
    return data[:-1]


def _check_beginning(short: bytes, long: bytes) -> None:
    """Raise OddHeaderError unless a header has as much of a long name as fits, as GNU tar writes it."""
    if len(long) < 100 or short not in (long[:99], long[:100]):
        raise OddHeaderError("has a long name that is not needed, or is not what its short name begins with")
