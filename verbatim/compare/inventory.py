"""What is in a tar archive: contents by their hash, and everything else that makes up its bits."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from verbatim import console
from verbatim.archive.members import member_parts
from verbatim.archive.read import reading
from verbatim.errors import IntegrityError

#: What pax headers (POSIX, pax) a tarball of sources may have; others could carry attributes and privileges.
_KNOWN_HEADERS = frozenset(
    ("atime", "comment", "ctime", "gid", "gname", "linkpath", "mtime", "path", "size", "uid", "uname")
)


@dataclass(frozen=True)
class Content:
    """What a member is, whenever, by whomever and in whatever order it was packed."""

    kind: str
    #: The owner's permission bits, which are what unpacking it as oneself gives; and any that no release has:
    #: set-id bits, and what lets everyone write.
    mode: int
    #: The SHA-256 of a file's bytes, the target of a link, nothing for a folder.
    body: str


@dataclass(frozen=True)
class Inventory:
    """One archive, member by member."""

    contents: Mapping[str, Content]
    is_sorted: bool
    #: All the modification times, owners (names, or numbers where there are none) and modes met.
    times: frozenset[float]
    owners: frozenset[str]
    modes: frozenset[int]


def read_inventory(path: Path, name: str) -> Inventory:
    """Read a tar archive, compressed or not, in one pass; nothing is unpacked.

    Raises IntegrityError if it is damaged or names a member twice.
    """
    contents: dict[str, Content] = {}
    order: list[str] = []
    times: set[float] = set()
    owners: set[str] = set()
    modes: set[int] = set()
    with (
        console.progress(f"reading {name}", unit="things") as advance,
        path.open("rb") as file,
        reading(name, file) as tar,
    ):
        for info in tar:
            tar.members = []  # type: ignore[attr-defined]
            member_parts(name, info.name)
            _refuse_unknown_headers(name, info)
            if info.name in contents:
                raise IntegrityError(f"{name} has two members {info.name!r}", "do not use this archive")
            contents[info.name] = Content(_kind(info), _telling_mode(info), _body(tar, info))
            order.append(info.name)
            times.add(info.mtime)
            owners.add(f"{info.uname or info.uid}/{info.gname or info.gid}")
            modes.add(info.mode)
            advance(1)
    by_folder = sorted(order, key=lambda member: member.split("/"))
    return Inventory(contents, order == by_folder, frozenset(times), frozenset(owners), frozenset(modes))


def _telling_mode(info: tarfile.TarInfo) -> int:
    return info.mode & (0o7700 if info.issym() else 0o7702)


def _refuse_unknown_headers(archive: str, info: tarfile.TarInfo) -> None:
    unknown = sorted(set(info.pax_headers) - _KNOWN_HEADERS)
    if unknown:
        raise IntegrityError(
            f"{archive}: the member {info.name!r} has the headers {', '.join(unknown)}",
            "do not use this archive",
        )


def _kind(info: tarfile.TarInfo) -> str:
    for kind, is_kind in {
        "file": info.isreg(),
        "folder": info.isdir(),
        "link": info.issym(),
        "hard link": info.islnk(),
    }.items():
        if is_kind:
            return kind
    return "special"


def _body(tar: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    if not info.isreg():
        return info.linkname
    content = tar.extractfile(info)
    if content is None:
        raise IntegrityError(f"{info.name!r} has no content")
    sha256 = hashlib.sha256()
    while piece := content.read(1 << 18):
        sha256.update(piece)
    return sha256.hexdigest()
