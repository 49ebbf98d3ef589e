"""Reading a zip archive by one strict grammar, so that every other reader sees the same in it.

A zip records most things twice: in a header before each member, and in a list at the end. Some readers use one, some
the other. Here both must agree; the members must fill the file from its first byte to the list, without a gap
or an overlap; and nothing may follow the end record. Then there is only one way to read it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO, Literal, TypeVar

from verbatim.archive.header import BLOCK, may_be_header
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.members import UnsafeMemberError, check_link, member_parts
from verbatim.archive.zip_content import ZipContent
from verbatim.archive.zip_headers import (
    DOS_FOLDER,
    LONGEST_COMMENT,
    UNIX,
    UTF8,
    CentralHeader,
    End,
    HeaderError,
    LocalHeader,
)
from verbatim.errors import IntegrityError

ZipKind = Literal["file", "folder", "link"]

_KINDS: dict[int, ZipKind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
#: In bytes: more than any name has, and all known extra fields together.
_LONGEST_NAME, _LONGEST_EXTRA = 1000, 200
#: Info-ZIP takes this for a version that VMS gave a file, and leaves it out.
_VMS_VERSION = re.compile(r";\d*")
#: What would lead to another end record, and how far before the end record it would be (APPNOTE.TXT 4.3.15).
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20
#: The magic of an ISO 9660 image, and its offsets.
_ISO, _ISO_OFFSETS = b"CD001", (0x8001, 0x8801, 0x9001)

Parts = tuple[str, ...]
_Header = TypeVar("_Header", LocalHeader, CentralHeader)


@dataclass(frozen=True)
class ZipMember:
    """A member whose two headers agree."""

    name: str
    parts: Parts
    kind: ZipKind
    #: Permission bits, with set-id and sticky; None where the archive has no Unix modes.
    mode: int | None
    #: Of modification, in seconds since 1970.
    time: int
    central: CentralHeader
    local: LocalHeader
    #: Of its data in the file, in bytes.
    offset: int


class ZipReader:
    """A zip archive that is open for reading; its structure is checked before it gives the first member.

    ``archive`` is its name for messages. It counts bytes and time in ``limits``; its caller counts the members.
    Raises IntegrityError for anything that does not fit the grammar.
    """

    def __init__(self, archive: str, file: IO[bytes], limits: ArchiveLimits) -> None:
        self._archive = archive
        self._file = file
        self._limits = limits
        try:
            end, list_end = self._end()
            headers = self._listed(end, list_end)
            self._refuse_two_formats()
            by_offset = self._members(headers, end.offset)
        except HeaderError as error:
            raise self._damaged(str(error)) from error
        self.comment = end.comment
        #: In the order of the list at the end; and as they lie in the file.
        self.members = [by_offset[header.offset] for header in headers]
        self.laid_out = list(by_offset.values())
        late = self._refuse_two_in_one_place()
        self.members = [self._without_mode(each) if each.parts in late else each for each in self.members]
        self._links = {member.parts for member in self.members if member.kind == "link"}

    def contents(self) -> Iterator[tuple[ZipMember, ZipContent]]:
        """Each member with its content. What the caller leaves unread is read and checked before the next member."""
        for member in self.members:
            content = ZipContent(
                self._archive, member.name, self._packed(member), member.central, self._limits
            )
            yield member, content
            while content.read():
                pass

    def link_target(self, member: ZipMember, content: ZipContent) -> str:
        """A link's target; raises UnsafeMemberError if it leads out, or is not a name."""
        if member.central.size > _LONGEST_NAME:
            raise UnsafeMemberError(self._archive, member.name, "is a link to a name that is too long")
        try:
            target = b"".join(iter(content.read, b"")).decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnsafeMemberError(
                self._archive, member.name, "is a link to a name that is not UTF-8"
            ) from error
        check_link(self._archive, member.parts, target)
        steps = target.split("/")
        if not {"", ".", ".."}.isdisjoint(steps):
            # Info-ZIP drops the idle ones; 7-Zip makes no link that goes up or through another one.
            raise UnsafeMemberError(
                self._archive,
                member.name,
                f"is a link to {target!r}, expected a relative path without empty parts, '.' and '..'",
            )
        parts = (*member.parts[:-1], *steps)
        if any(parts[:length] in self._links for length in range(1, len(parts) + 1)):
            raise UnsafeMemberError(
                self._archive, member.name, f"is a link to {target!r}, through another link"
            )
        return target

    def _end(self) -> tuple[End, int]:
        """The end record, and where it begins, which is where the list of members ends."""
        size = self._file.seek(0, os.SEEK_END)
        longest = min(size, End.FORM.size + LONGEST_COMMENT)
        end = End.parse(self._at(size - longest, longest))
        offset = size - len(end.comment) - End.FORM.size
        if end.offset + end.size != offset or not end.members:
            raise HeaderError("its list of members is empty, or not where it should be")
        if self._at(max(0, offset - _LOCATOR_SIZE), len(_LOCATOR)) == _LOCATOR:
            raise HeaderError("it has a zip64 record, which no release needs")
        return end, offset

    def _listed(self, end: End, list_end: int) -> list[CentralHeader]:
        headers, offset = [], end.offset
        for _ in range(end.members):
            header, offset = self._header(CentralHeader, offset, list_end)
            headers.append(header)
        if offset != list_end:
            raise HeaderError("its list of members does not end where it should")
        return headers

    def _members(self, headers: Sequence[CentralHeader], end: int) -> dict[int, ZipMember]:
        """The members by their offsets, in that order; they must fill the file up to ``end``."""
        members, offset = {}, 0
        for header in sorted(headers, key=lambda header: header.offset):
            name = self._name(header)
            if header.offset != offset:
                raise HeaderError(f"there is a gap or an overlap before the member {name!r}")
            try:
                header.check()
                local, data = self._header(LocalHeader, offset, end)
                header.check_local(local)
                members[offset] = self._member(name, header, local, data)
                offset = data + header.packed_size
                if header.has_descriptor:
                    self._expect(header.descriptor, offset)
                    offset += len(header.descriptor)
            except HeaderError as error:
                raise UnsafeMemberError(self._archive, name, str(error)) from error
        if offset != end:
            raise HeaderError("there is something between its members and the list of them")
        return members

    def _member(self, name: str, header: CentralHeader, local: LocalHeader, data: int) -> ZipMember:
        parts = member_parts(self._archive, name)
        if not parts or name.startswith("./"):
            raise HeaderError("has no name, or one that begins with './'")
        if any(_VMS_VERSION.fullmatch(part[part.rfind(";") :]) for part in parts if ";" in part):
            raise HeaderError("has a name that ends with a version number")
        if header.system != UNIX and not name.isascii():
            raise HeaderError("has a name that Info-ZIP decodes with a DOS code page")
        kind, mode = _kind_and_mode(header, name.endswith("/"))
        if kind == "folder" and header.size:
            raise HeaderError("is a folder with contents")
        return ZipMember(name, parts, kind, mode, header.time, header, local, data)

    def _name(self, header: CentralHeader) -> str:
        encoding = "utf-8" if header.flags & UTF8 else "ascii"
        try:
            return header.name.decode(encoding)
        except UnicodeDecodeError as error:
            raise HeaderError(
                f"the name {header.name[:40]!r} is neither ASCII nor marked as UTF-8"
            ) from error

    def _header(self, form: type[_Header], offset: int, end: int) -> tuple[_Header, int]:
        """A header and where it ends, which must be before ``end``."""
        name, extra = form.sizes(self._at(offset, form.FORM.size, end))
        if name > _LONGEST_NAME or extra > _LONGEST_EXTRA:
            raise HeaderError("a name or an extra field is too long")
        whole = self._at(offset, form.FORM.size + name + extra, end)
        return form.parse(whole, name), offset + len(whole)

    def _at(self, offset: int, size: int, end: int | None = None) -> bytes:
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) < size or (end is not None and offset + size > end):
            raise HeaderError("it ends early")
        return data

    def _expect(self, descriptor: bytes, offset: int) -> None:
        if self._at(offset, len(descriptor)) != descriptor:
            raise HeaderError("has other sizes or another checksum after its data")

    def _packed(self, member: ZipMember) -> Iterator[bytes]:
        """A member's data as they are in the file, in pieces."""
        offset, left = member.offset, member.central.packed_size
        while left:
            self._file.seek(offset)
            data = self._file.read(min(left, 1 << 18))
            if not data:
                raise self._damaged("it ends early")
            yield data
            offset += len(data)
            left -= len(data)

    def _refuse_two_in_one_place(self) -> set[Parts]:
        """Refuse two members of one name, and any below a file or a link; give the folders that come after their contents."""
        kinds: dict[Parts, ZipKind] = {}
        for member in self.members:
            if member.parts in kinds:
                raise UnsafeMemberError(self._archive, member.name, "appears twice")
            kinds[member.parts] = member.kind
        late: set[Parts] = set()
        for order in (self.members, self.laid_out):
            met: set[Parts] = set()
            for member in order:
                met.add(member.parts)
                for above in (member.parts[:length] for length in range(1, len(member.parts))):
                    if kinds.get(above, "folder") != "folder":
                        raise UnsafeMemberError(
                            self._archive, member.name, f"is below the {kinds[above]} {'/'.join(above)!r}"
                        )
                    if above in kinds and above not in met:
                        late.add(above)
        return late

    def _without_mode(self, folder: ZipMember) -> ZipMember:
        """A folder that comes after its contents: Info-ZIP leaves the mode that it made it with, others set it."""
        if folder.mode is not None and folder.mode & 0o7702 != 0o700:
            raise UnsafeMemberError(
                self._archive, folder.name, "comes after its contents, with an unusual mode"
            )
        return replace(folder, mode=None)

    def _refuse_two_formats(self) -> None:
        """A program that detects formats by content could take the file for another kind of archive."""
        self._file.seek(0)
        if may_be_header(self._file.read(BLOCK)):
            raise HeaderError("it can also be read as a tar archive")
        for offset in _ISO_OFFSETS:
            self._file.seek(offset)
            if self._file.read(len(_ISO)) == _ISO:
                raise HeaderError("it can also be read as an ISO 9660 image")

    def _damaged(self, why: str) -> IntegrityError:
        return IntegrityError(f"{self._archive} is damaged or forged: {why}", "do not use it; fetch it again")


def _kind_and_mode(header: CentralHeader, is_folder: bool) -> tuple[ZipKind, int | None]:
    """A member's kind and mode; archives that were not made on Unix have no modes."""
    unix_mode = header.attributes >> 16
    plain: ZipKind = "folder" if is_folder else "file"
    kind = _KINDS.get(stat.S_IFMT(unix_mode)) if stat.S_IFMT(unix_mode) else plain
    is_unix = header.system == UNIX and unix_mode
    if kind is None or (kind == "folder") != is_folder or (kind == "link" and not is_unix):
        raise HeaderError(f"has the mode {unix_mode:o}, which is not that of a {plain}")
    if header.attributes & DOS_FOLDER and not is_folder:
        raise HeaderError("is a folder by its attributes, but a file by its name")
    if not is_unix and unix_mode & 0o7000:
        raise HeaderError("was not made on Unix, but has set-id or sticky bits")
    return kind, stat.S_IMODE(unix_mode) if is_unix else None
