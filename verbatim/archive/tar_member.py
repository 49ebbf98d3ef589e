"""A member of a tar archive, as the one grammar reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

TarKind = Literal["file", "hard link", "link", "character device", "block device", "folder", "pipe"]
#: By the type in the header. There are no others: sparse files and volumes are not packed into releases.
KINDS: Mapping[bytes, TarKind] = {
    b"0": "file",
    b"1": "hard link",
    b"2": "link",
    b"3": "character device",
    b"4": "block device",
    b"5": "folder",
    b"6": "pipe",
}
#: Type bits that some packers leave in a mode; they must not contradict the kind.
TYPE_BITS: Mapping[TarKind, int] = {
    "file": 0o100000,
    "hard link": 0o100000,
    "link": 0o120000,
    "character device": 0o020000,
    "block device": 0o060000,
    "folder": 0o040000,
    "pipe": 0o010000,
}
DEVICES = ("character device", "block device")


@dataclass(frozen=True, slots=True)
class TarMember:
    """One member: what it is, and what its packer recorded."""

    #: As it is written, with a leading ``./`` or a trailing ``/``; and its components.
    name: str
    parts: tuple[str, ...]
    kind: TarKind
    #: Permission bits, with set-id and sticky bits.
    mode: int
    #: In bytes.
    size: int
    #: Of modification, in seconds since 1970.
    time: float
    uid: int
    gid: int
    uname: str
    gname: str
    #: Of a link, as it is written; of a hard link, a name in the archive.
    target: str
    #: Major and minor number.
    device: tuple[int, int]
    #: Of its pax extended header; and the keywords among them that are harmless but not unpacked (see `records`).
    records: Mapping[str, str]
    foreign: tuple[str, ...]
    #: All its headers, 512 bytes each, those of extensions included.
    blocks: tuple[bytes, ...]
