"""The inventory of an archive: contents by their hash, and separately everything else that determines its bytes."""

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
    """What a member is, regardless of when, by whom and in which order it was packed."""

    kind: str
    #: The owner's permission bits, which are what an ordinary user gets by unpacking it; and any that no release has:
    #: set-id bits, and what lets everyone write.
    mode: int
    #: The SHA-256 of a file's bytes, the target of a link, nothing for a folder.
    body: str
    #: Whether the archive has modes: a zip that was not made on Unix has none, and ``mode`` is 0.
    has_mode: bool = True

    def is_same(self, other: Content) -> bool:
        """Whether it is the same in all that both archives record."""
        if self.has_mode and other.has_mode:
            return self == other
        return (self.kind, self.body) == (other.kind, other.body)


@dataclass(frozen=True)
class Packing:
    """What the packer added to a member, by the stabilizer that removes it."""

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
    """The members of one archive: what they are, and how they are packed."""

    kind: ArchiveKind
    #: Of the whole file, and of a tar archive's stream once it is decompressed.
    sha256: str
    stream_sha256: str
    #: Of a tar archive: gzip, xz or bzip2; empty for none.
    compression: str
    contents: Mapping[str, Content]
    packings: Mapping[str, Packing]
    order: Sequence[str]
    #: Headers of the archive itself.
    headers: str = ""
    #: By name, what is wrong with a member that readers may understand differently; it never counts as the same.
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
    """Collects the members of an archive; refuses two of one path, names that lead out, and bombs."""

    def __init__(self, archive: str, advance: console.Advance) -> None:
        self._archive = archive
        self._advance = advance
        self._above: set[str] = set()
        #: `claim` counts members; whoever reads their content counts that.
        self.limits = ArchiveLimits(archive)
        self.contents: dict[str, Content] = {}
        self.packings: dict[str, Packing] = {}
        self.order: list[str] = []
        self.odd: dict[str, str] = {}

    def claim(self, given: str, size: int) -> str:
        """The normalised path of a member; raises IntegrityError if it is taken, or is unsafe."""
        name = "/".join(member_parts(self._archive, given)) or "."
        if name in self.contents:
            raise IntegrityError(f"{self._archive} has two members {name!r}", "do not use this archive")
        self.limits.member(given, size)
        self._note_folders(name)
        return name

    def _note_folders(self, name: str) -> None:
        """Mark links and files that have members below them: each reader unpacks those differently."""
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
    """The bits of a mode that are part of what a member is; the others depend on its packer."""
    return mode & (0o7700 if is_link else 0o7702)


def body_sha256(content: Readable) -> str:
    """The SHA-256 of a stream, read in pieces."""
    sha256 = hashlib.sha256()
    while piece := content.read(1 << 18):
        sha256.update(piece)
    return sha256.hexdigest()
