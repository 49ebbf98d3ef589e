"""What is in an archive: contents by their hash, and apart from that everything else that makes up its bits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from verbatim import console
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.members import member_parts
from verbatim.archive.read import Readable
from verbatim.errors import IntegrityError

ArchiveKind = Literal["tar", "zip"]


@dataclass(frozen=True)
class Content:
    """What a member is, whenever, by whomever and in whatever order it was packed."""

    kind: str
    #: The owner's permission bits, which are what unpacking it as oneself gives; and any that no release has:
    #: set-id bits, and what lets everyone write.
    mode: int
    #: The SHA-256 of a file's bytes, the target of a link, nothing for a folder.
    body: str
    #: Whether the archive says a mode at all: a zip that was not made on Unix does not, and ``mode`` is 0.
    says_mode: bool = True

    def is_same(self, other: Content) -> bool:
        """Whether it is the same as far as both archives say."""
        if self.says_mode and other.says_mode:
            return self == other
        return (self.kind, self.body) == (other.kind, other.body)


@dataclass(frozen=True)
class Packing:
    """What the packer put to a member, by the stabilizer that takes it away."""

    #: Of modification, in seconds since 1970; and all other times, as the archive has them.
    time: float
    times: str
    #: Names, or numbers where there are none; and both as the archive has them.
    owner: str
    owners: str
    mode: int
    headers: str
    compression: str = ""
    #: Of a file that is packed as a hard link to another one: the other one's name.
    hard_link: str = ""


@dataclass(frozen=True)
class Inventory:
    """One archive, member by member."""

    kind: ArchiveKind
    #: Of the whole file, and of a tar archive's stream once it is decompressed.
    sha256: str
    stream_sha256: str
    #: Of a tar archive: gzip, xz or bzip2; empty for none.
    compression: str
    contents: Mapping[str, Content]
    packings: Mapping[str, Packing]
    order: Sequence[str]
    #: What belongs to no member.
    headers: str = ""
    #: What is wrong with a member, by its name, if nobody can say what all readers make of it; no two of such are the same.
    odd: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def is_sorted(self) -> bool:
        return list(self.order) == sorted(self.order, key=lambda member: member.split("/"))

    @cached_property
    def times(self) -> frozenset[float]:
        """All the modification times, in seconds since 1970."""
        return frozenset(packing.time for packing in self.packings.values())

    @cached_property
    def owners(self) -> frozenset[str]:
        return frozenset(packing.owner for packing in self.packings.values())

    @cached_property
    def modes(self) -> frozenset[int]:
        return frozenset(packing.mode for packing in self.packings.values())


class InventoryBuilder:
    """The members of an archive while it is read: no place twice, no name that leads out, no bomb."""

    def __init__(self, archive: str, advance: console.Advance) -> None:
        self._archive = archive
        self._advance = advance
        self._above: set[str] = set()
        #: Members are counted when they claim their place; what is read, by whoever reads it.
        self.limits = ArchiveLimits(archive)
        self.contents: dict[str, Content] = {}
        self.packings: dict[str, Packing] = {}
        self.order: list[str] = []
        self.odd: dict[str, str] = {}

    def claim(self, given: str, size: int) -> str:
        """The place that a member's name means; raises IntegrityError if it is taken, or no honest one."""
        name = "/".join(member_parts(self._archive, given)) or "."
        if name in self.contents:
            raise IntegrityError(f"{self._archive} has two members {name!r}", "do not use this archive")
        self.limits.member(given, size)
        self._note_folders(name)
        return name

    def _note_folders(self, name: str) -> None:
        """What lies below a link or a file comes out as the order, and each reader, will have it."""
        parts = name.split("/")
        for length in range(1, len(parts)):
            above = "/".join(parts[:length])
            self._above.add(above)
            if above in self.contents:
                self._see_folder(above, self.contents[above])

    def _see_folder(self, name: str, content: Content) -> None:
        if content.kind != "folder":
            self.odd[name] = f"is a {content.kind}, and other members lie below it"

    def add(self, name: str, content: Content, packing: Packing) -> None:
        if name in self._above:
            self._see_folder(name, content)
        self.contents[name] = content
        self.packings[name] = packing
        self.order.append(name)
        self._advance(1)


def telling_mode(mode: int, *, is_link: bool) -> int:
    """The bits of a mode that are part of what a member is; the others are its packer's."""
    return mode & (0o7700 if is_link else 0o7702)


def body_sha256(content: Readable) -> str:
    """The SHA-256 of a stream, read in pieces."""
    sha256 = hashlib.sha256()
    while piece := content.read(1 << 18):
        sha256.update(piece)
    return sha256.hexdigest()
