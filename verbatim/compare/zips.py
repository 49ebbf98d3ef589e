"""A zip archive (an EPUB is one), member by member, with nothing unpacked."""

from __future__ import annotations

import hashlib
from pathlib import Path

from verbatim.archive.zip import ZipMember, ZipReader
from verbatim.archive.zip_content import ZipContent
from verbatim.archive.zip_headers import LEVEL, OWNERS, TIMES, extras
from verbatim.compare.inventory import (
    Content,
    Inventory,
    InventoryBuilder,
    Packing,
    body_sha256,
    telling_mode,
)


def read_zip(path: Path, name: str, gathered: InventoryBuilder) -> Inventory:
    """Read a zip archive.

    Raises IntegrityError if it is damaged, or has what no release has.
    """
    with path.open("rb") as file:
        archive = ZipReader(name, file, gathered.limits)
        for member, content in archive.contents():
            member_path = gathered.claim(member.name, member.central.size)
            description = _content(archive, member, content)
            # A folder's data are read to the end as well.
            while content.read():
                pass
            gathered.add(member_path, description, _packing(member, content.packed_sha256))
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    # The list at the end and the members themselves can be in orders of their own.
    laid_out = ["/".join(member.parts) for member in archive.laid_out]
    return Inventory(
        "zip",
        sha256,
        sha256,
        "",
        gathered.contents,
        gathered.packings,
        gathered.order if laid_out == gathered.order else [*gathered.order, *laid_out],
        headers=repr(archive.comment),
    )


def _content(archive: ZipReader, member: ZipMember, content: ZipContent) -> Content:
    if member.kind == "link":
        body = archive.link_target(member, content)
    else:
        body = body_sha256(content) if member.kind == "file" else ""
    mode = telling_mode(member.mode or 0, is_link=member.kind == "link")
    return Content(member.kind, mode, body, has_mode=member.mode is not None)


def _packing(member: ZipMember, packed_sha256: str) -> Packing:
    central, local = member.central, member.local
    fields = [*extras(central.extra), *extras(local.extra)]
    owners = [data for kind, data in fields if kind in OWNERS]
    others = [(kind, b"" if kind in {**TIMES, **OWNERS} else data) for kind, data in fields]
    written = (central.needed, central.flags & ~LEVEL, central.made_by, central.system, central.internal)
    # Sizes and checksum can be written before the data, too.
    before = (local.crc, local.packed_size, local.size) if central.has_descriptor else ()
    return Packing(
        time=float(member.time),
        times=repr([data for kind, data in fields if kind in TIMES]),
        owner="",
        owners=repr(owners),
        mode=central.attributes >> 16,
        headers=repr((others, written, [bool(field) for field in before], central.attributes & 0xFFFF)),
        compression=repr((central.method, central.flags & LEVEL, packed_sha256)),
    )
