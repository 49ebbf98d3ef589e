"""A zip archive (an EPUB is one), member by member, with nothing unpacked."""

from __future__ import annotations

import calendar
import hashlib
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from verbatim.archive.read import damage
from verbatim.compare.inventory import Content, Gathered, Inventory, Packing, body_sha256, telling_mode
from verbatim.digest import sha256_file

#: Extra fields (APPNOTE.TXT 4.5 and Info-ZIP's extrafld.txt) by what they are about.
_TIMES = frozenset((0x000A, 0x5455, 0x5855))
_OWNERS = frozenset((0x7855, 0x7875))

#: Of a local file header, up to the name; flags that say how hard it was compressed.
_LOCAL_SIZE = 30
_LEVEL = 0b110
_KINDS = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}


def read_zip(path: Path, name: str, gathered: Gathered) -> Inventory:
    """Read a zip archive.

    Raises IntegrityError if it is damaged, encrypted, names a member twice, or has what no release has.
    """
    with damage(name), path.open("rb") as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        for info in members:
            place = gathered.claim(info.orig_filename, info.file_size)
            packing = _packing(info, _Local.read(file, info))
            with archive.open(info) as content:
                body = body_sha256(content)
            gathered.add(place, _content(info, body), packing)
        # The list at the end and the members themselves can be in orders of their own.
        laid_out = [info.orig_filename for info in sorted(members, key=lambda member: member.header_offset)]
        comment = archive.comment
    sha256 = sha256_file(path)
    order = gathered.order if laid_out == [info.orig_filename for info in members] else laid_out
    return Inventory(
        "zip", sha256, sha256, "", gathered.contents, gathered.packings, order, headers=repr(comment)
    )


class _Local:
    """What stands before a member, and its bytes as they are in the file."""

    def __init__(self, header: bytes, extra: bytes, packed_sha256: str) -> None:
        self.header = header
        self.extra = extra
        self.packed_sha256 = packed_sha256

    @classmethod
    def read(cls, file: IO[bytes], info: zipfile.ZipInfo) -> _Local:
        file.seek(info.header_offset)
        header = file.read(_LOCAL_SIZE)
        if len(header) < _LOCAL_SIZE:
            raise EOFError
        name_size, extra_size = struct.unpack("<HH", header[26:])
        extra = file.read(name_size + extra_size)[name_size:]
        packed, left = hashlib.sha256(), info.compress_size
        while left and (piece := file.read(min(left, 1 << 18))):
            packed.update(piece)
            left -= len(piece)
        return cls(header, extra, packed.hexdigest())


def _content(info: zipfile.ZipInfo, body: str) -> Content:
    mode = info.external_attr >> 16
    is_folder = info.orig_filename.endswith("/")
    kind = _KINDS.get(stat.S_IFMT(mode), "special")
    if is_folder and kind == "file":
        kind = "folder"
    return Content(
        kind,
        telling_mode(stat.S_IMODE(mode), is_link=kind == "link"),
        "" if is_folder and not info.file_size else body,
    )


def _packing(info: zipfile.ZipInfo, local: _Local) -> Packing:
    extras = [*_extras(info.extra), *_extras(local.extra)]
    times = [data for kind, data in extras if kind in _TIMES]
    owners = [data for kind, data in extras if kind in _OWNERS]
    others = [(kind, b"" if kind in _TIMES | _OWNERS else data) for kind, data in extras]
    return Packing(
        time=float(calendar.timegm((*info.date_time, 0, 0, 0))),
        times=repr((times, local.header[10:14])),
        owner="",
        owners=repr(owners),
        mode=info.external_attr >> 16,
        headers=repr(
            (
                others,
                info.orig_filename,
                info.create_system,
                info.create_version,
                info.extract_version,
                info.flag_bits & ~_LEVEL,
                info.internal_attr,
                info.external_attr & 0xFFFF,
                info.comment,
                local.header[4:6],
            )
        ),
        compression=repr((info.compress_type, info.flag_bits & _LEVEL, local.packed_sha256)),
    )


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields by their kinds; what is no field comes as one of the kind 0."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        if 4 + size > len(extra):
            break
        yield kind, extra[4 : 4 + size]
        extra = extra[4 + size :]
    if extra:
        yield 0, extra
