"""A tar archive, member by member, in one pass and with nothing unpacked."""

from __future__ import annotations

import hashlib
from pathlib import Path

from verbatim.archive.members import member_parts
from verbatim.archive.read import reading
from verbatim.archive.records import NAMES, OWNERS, TIMES
from verbatim.archive.tar import TarReader
from verbatim.archive.tar_member import TarMember
from verbatim.compare.inventory import (
    Content,
    Inventory,
    InventoryBuilder,
    Packing,
    body_sha256,
    telling_mode,
)
from verbatim.digest import HashingReader

#: The type of a header that holds pax headers.
_EXTENSION = b"x"


def read_tar(path: Path, name: str, gathered: InventoryBuilder) -> Inventory:
    """Read a tar archive, compressed or not.

    Raises IntegrityError if it is damaged, has a member twice, or has what no release has.
    """
    stream = hashlib.sha256()
    with path.open("rb") as file:
        whole = HashingReader(file)
        with reading(name, whole, on_plain=stream.update) as tar:
            for member in tar:
                member_path = gathered.claim(member.name, member.size)
                gathered.add(member_path, _content(tar, member, gathered), _packing(member))
                if member.foreign:
                    gathered.odd[member_path] = f"has the headers {', '.join(member.foreign)}"
            compression = tar.compression
    return Inventory(
        "tar",
        whole.sha256,
        stream.hexdigest(),
        compression,
        gathered.contents,
        gathered.packings,
        gathered.order,
        odd=gathered.odd,
    )


def _content(tar: TarReader, member: TarMember, gathered: InventoryBuilder) -> Content:
    mode = telling_mode(member.mode, is_link=member.kind == "link")
    match member.kind:
        case "file":
            return Content("file", mode, body_sha256(tar))
        case "hard link":
            return _linked(member, gathered)
        case "folder" | "link":
            return Content(member.kind, mode, member.target)
        case _:
            return Content("special", mode, repr((member.kind, member.device)))


def _linked(member: TarMember, gathered: InventoryBuilder) -> Content:
    """What is unpacked for a hard link: its target, which the reader has found to be an earlier file."""
    target = "/".join(member_parts(member.name, member.target))
    expected = gathered.packings[target].mode
    if member.mode != expected:
        # Some readers set the mode once more.
        gathered.odd["/".join(member.parts)] = (
            f"is a hard link with mode {member.mode:03o} to a file with mode {expected:03o}"
        )
    return gathered.contents[target]


def _packing(member: TarMember) -> Packing:
    return Packing(
        time=member.time,
        times=repr([member.records.get(keyword) for keyword in ("atime", "ctime")]),
        owner=f"{member.uname or member.uid}/{member.gname or member.gid}",
        owners=repr((member.uid, member.gid, member.uname, member.gname)),
        mode=member.mode,
        headers=_headers(member),
        hard_link=member.target if member.kind == "hard link" else "",
    )


def _headers(member: TarMember) -> str:
    """A hash of how a member's headers are written, apart from times, owners and modes.

    An extension without anything else is left out: other times or owners may not need it. What is a hard link here
    may be a file elsewhere, and that is compared separately.
    """
    records = {
        keyword: "" if keyword in NAMES else value
        for keyword, value in member.records.items()
        if keyword not in TIMES | OWNERS
    }
    digest = hashlib.sha256(repr(sorted(records.items())).encode("utf-8", "surrogateescape"))
    for block in member.blocks:
        if block[156:157] != _EXTENSION or records:
            digest.update(_telling(block, is_hard_link=member.kind == "hard link"))
    return digest.hexdigest()


def _telling(block: bytes, *, is_hard_link: bool) -> bytes:
    """The bytes of name, kind, target, format and version, devices, prefix and the rest (POSIX, ustar)."""
    kind_and_target = b"0" + bytes(100) if is_hard_link and block[156:157] == b"1" else block[156:257]
    return block[:100] + kind_and_target + block[257:265] + block[329:512]
