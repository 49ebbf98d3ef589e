"""Zip archives made record by record: such as any packer makes, and such as none makes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

Value = int | bytes

#: What the two headers have in common, in their order, and what else is in each (PKWARE's APPNOTE.TXT).
COMMON = ("needed", "flags", "method", "clock", "date", "crc", "packed_size", "size")
CENTRAL = ("made_by", "system", *COMMON, "disk", "internal", "attributes", "offset")
END = ("disk", "first_disk", "here", "members", "size", "offset", "length")

FILE, FOLDER, LINK = 0o100644, 0o040755, 0o120777


@dataclass(frozen=True)
class Entry:
    """A member, honest unless ``local``, ``central`` or ``both`` say otherwise."""

    name: str
    content: bytes = b"content\n"
    mode: int = FILE
    is_deflated: bool = True
    has_descriptor: bool = False
    #: What the headers say instead of the truth.
    local: Mapping[str, Value] = field(default_factory=dict)
    central: Mapping[str, Value] = field(default_factory=dict)
    both: Mapping[str, Value] = field(default_factory=dict)
    #: The data in the archive, if they are not the content, compressed.
    packed: bytes | None = None
    #: What follows the data, if that is not the descriptor.
    behind: bytes | None = None
    is_listed: bool = True

    def truth(self, offset: int) -> dict[str, Value]:
        packed = self.data
        return {
            "needed": 20,
            "flags": 8 * self.has_descriptor | 0x800 * (not self.name.isascii()),
            "method": 8 * self.is_deflated,
            "clock": 0,
            "date": 0x5A21,
            "crc": zlib.crc32(self.content),
            "packed_size": len(packed),
            "size": len(self.content),
            "name": self.name.encode(),
            "extra": b"",
            "made_by": 20,
            "system": 3,
            "disk": 0,
            "internal": 0,
            "attributes": self.mode << 16,
            "offset": offset,
            "comment": b"",
            **self.both,
        }

    @property
    def data(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflated(self.content) if self.is_deflated else self.content

    def before(self, offset: int) -> bytes:
        """The local header, the data, and what follows them."""
        said = self.truth(offset)
        later = dict.fromkeys(("crc", "packed_size", "size"), 0) if self.has_descriptor else {}
        behind = struct.pack("<4s3I", b"PK\x07\x08", *(said[key] for key in ("crc", "packed_size", "size")))
        told = {**said, **later, **self.local}
        name, extra = _bytes(told["name"]), _bytes(told["extra"])
        header = struct.pack(
            "<4s5H3I2H", b"PK\x03\x04", *(told[key] for key in COMMON), len(name), len(extra)
        )
        followed = behind * self.has_descriptor if self.behind is None else self.behind
        return header + name + extra + self.data + followed

    def listed(self, offset: int) -> bytes:
        """The entry in the list at the end."""
        told = {**self.truth(offset), **self.central}
        strings = [_bytes(told[key]) for key in ("name", "extra", "comment")]
        fields = [told[key] for key in CENTRAL]
        fields[10:10] = [len(string) for string in strings]
        return struct.pack("<4s2B5H3I5H2I", b"PK\x01\x02", *fields) + b"".join(strings)


def _bytes(value: Value) -> bytes:
    assert isinstance(value, bytes)
    return value


def deflated(content: bytes, level: int = 9) -> bytes:
    compress = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compress.compress(content) + compress.flush()


def zipped(
    *entries: Entry,
    before: bytes = b"",
    between: bytes = b"",
    behind: bytes = b"",
    comment: bytes = b"",
    listed: Sequence[int] | None = None,
    end: Mapping[str, int] | None = None,
) -> bytes:
    """An archive of these members. ``listed`` are the numbers of those in the list at the end, in its order."""
    body, offsets = before, []
    for entry in entries:
        offsets.append(len(body))
        body += entry.before(len(body))
    body += between
    order = [number for number, entry in enumerate(entries) if entry.is_listed] if listed is None else listed
    directory = b"".join(entries[number].listed(offsets[number]) for number in order)
    said = {
        "disk": 0,
        "first_disk": 0,
        "here": len(order),
        "members": len(order),
        "size": len(directory),
        "offset": len(body),
        "length": len(comment),
        **(end or {}),
    }
    record = struct.pack("<4s4H2IH", b"PK\x05\x06", *(said[key] for key in END))
    return body + directory + record + comment + behind


def extra(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def unicode_path(name: bytes, other: bytes) -> bytes:
    """Info-ZIP's field that says another name (extrafld.txt)."""
    return extra(0x7075, struct.pack("<BI", 1, zlib.crc32(name)) + other)


# What Hypothesis makes of all that.

_PARTS = st.sampled_from("abcAé~*.'\"\U0001f40d\\\n") | st.sampled_from(
    [
        "a b",
        "-x",
        "a;1",
        "a;b",
        "[a]",
        "a:b",
        "a.",
        "%41",
        "CON",
        "..",
        "",
        "$HOME",
        "#U0041",
        "._a",
        "a" * 255,
    ]
)
_HONEST_PARTS = st.sampled_from(["a", "b", "c", "d", "é", "a b", "\U0001f40d", "A", "a.", "#U0041", "*"])
_HONEST_NAMES = st.lists(_HONEST_PARTS, min_size=1, max_size=3).map("/".join)
_NAMES = _HONEST_NAMES | st.lists(_PARTS, min_size=1, max_size=3).map("/".join)
_CONTENTS = st.one_of(
    st.binary(max_size=40),
    st.binary(min_size=1, max_size=5).map(lambda data: data * 5_000),
    st.just(zipped(Entry("hidden"))),
    st.just(b"PK\x07\x08" + bytes(12) + Entry("hidden").before(0)),
)
_MODES = st.sampled_from([FILE, 0o100755, 0o100600, 0o100664, 0o644, 0o755, 0o104755, 0])
_FIELDS = st.one_of(
    st.binary(min_size=4, max_size=4).map(lambda time: extra(0x5455, b"\x01" + time)),
    st.binary(min_size=8, max_size=8).map(lambda ids: extra(0x7875, b"\1\4" + ids[:4] + b"\4" + ids[4:])),
    st.binary(min_size=24, max_size=24).map(lambda times: extra(0x000A, bytes(4) + b"\1\0\x18\0" + times)),
    st.binary(max_size=4).map(lambda name: unicode_path(b"a", name)),
    st.binary(max_size=20).map(lambda sizes: extra(0x0001, sizes)),
    st.builds(
        extra,
        st.sampled_from([0x0001, 0x000A, 0x000D, 0x5455, 0x5855, 0x6375, 0x6C78, 0x7855, 0x756E, 0x9901]),
        st.binary(max_size=32),
    ),
    st.binary(max_size=6),
)
_KEYS = ("needed", "flags", "method", "clock", "date", "crc", "packed_size", "size", "name", "extra")
_LISTED_KEYS = (*_KEYS, "made_by", "system", "disk", "internal", "attributes", "offset", "comment")
_BITS = {
    "made_by": 8,
    "system": 8,
    **dict.fromkeys(("crc", "packed_size", "size", "attributes", "offset"), 32),
}
_ODD_NUMBERS = [0, 1, 2, 3, 8, 10, 11, 12, 14, 19, 20, 45, 63, 0x800, 0xFFFF, 0xFFFFFFFF]


@st.composite
def lies(draw: st.DrawFn, keys: Sequence[str]) -> dict[str, Value]:
    """One field of a header, and what it says instead of the truth."""
    key = draw(st.sampled_from(keys))
    if key == "name":
        return {key: draw(_NAMES.map(str.encode) | st.binary(max_size=8))}
    if key in ("extra", "comment"):
        return {key: draw(_FIELDS)}
    most = (1 << _BITS.get(key, 16)) - 1
    number = draw(st.sampled_from(_ODD_NUMBERS) | st.integers(0, most))
    if key == "attributes":
        number = draw(st.sampled_from([FILE, FOLDER, LINK, 0o010644, 0o100777])) << 16 | number & 0xFFFF
    return {key: number & most}


@st.composite
def honest_entries(draw: st.DrawFn) -> Entry:
    """A member as some packer makes it."""
    is_deflated, kind = draw(st.booleans()), draw(st.sampled_from(["file", "file", "folder", "link"]))
    name, has_descriptor = draw(_HONEST_NAMES), draw(st.booleans())
    fields: dict[str, Value] = {
        "clock": draw(st.integers(0, 23)) << 11,
        "extra": draw(st.sampled_from(EXTRAS)),
    }
    if kind == "folder":
        return Entry(f"{name}/", b"", draw(st.sampled_from([FOLDER, 0o040700, 0])), False, both=fields)
    if kind == "link":
        target = draw(st.sampled_from([b"a", b"b/c", "é".encode()]))
        return Entry(name, target, LINK, is_deflated, has_descriptor, both=fields)
    mode = draw(_MODES)
    if name.isascii() and draw(st.integers(0, 3)) == 0:
        # As on Windows.
        fields |= {"system": 0, "attributes": draw(st.sampled_from([0x20, 0x21, 0o100666 << 16]))}
    return Entry(name, draw(_CONTENTS), mode, is_deflated, has_descriptor, both=fields)


EXTRAS = (b"", b"", extra(0x5455, b"\1abcd"), extra(0x7875, b"\1\4" + bytes(4) + b"\4" + bytes(4)))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """A member that some packer makes, or that says one thing otherwise."""
    entry = draw(honest_entries())
    said = {key: getattr(entry, key) for key in ("name", "content", "mode", "is_deflated", "has_descriptor")}
    match draw(
        st.sampled_from(["both"] * 6 + ["target", "local", "central", "stream", "behind", "unlisted"])
    ):
        case "target":
            target = draw(st.lists(_PARTS, min_size=1, max_size=3).map("/".join))
            return Entry(entry.name.rstrip("/"), target.encode(), LINK, both=entry.both)
        case "both":
            return Entry(**said, both={**entry.both, **draw(lies(_LISTED_KEYS))})
        case "local":
            return Entry(**said, both=entry.both, local=draw(lies(_KEYS)))
        case "central":
            return Entry(**said, both=entry.both, central=draw(lies(_LISTED_KEYS)))
        case "stream":
            packed = deflated(entry.content + draw(st.binary(max_size=3)), draw(st.integers(0, 9)))
            return Entry(**said, both=entry.both, packed=packed + draw(st.binary(max_size=2)))
        case "behind":
            return Entry(**said, both=entry.both, behind=draw(st.binary(max_size=16)))
        case _:
            return Entry(**said, both=entry.both, is_listed=False)


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """An archive that some packer makes, or in which something is otherwise."""
    members = draw(st.lists(honest_entries(), min_size=1, max_size=4, unique_by=lambda entry: entry.name))
    if draw(st.integers(0, 3)):
        # So that none is below another.
        members = [replace(entry, name=f"{number}{entry.name}") for number, entry in enumerate(members)]
    altered = ["nothing"] * 4 + ["order"] * 2 + ["member"] * 4 + ["ends", "numbers", "bytes"]
    alter = draw(st.sampled_from(altered))
    if alter == "member":
        members[draw(st.integers(0, len(members) - 1))] = draw(entries())
    if alter == "order":
        return zipped(*members, listed=draw(st.permutations(range(len(members)))))
    if alter == "ends":
        places = st.sampled_from(["before", "between", "behind", "comment"])
        filler = st.binary(max_size=4) | st.sampled_from([b"PK\5\6", b"a" * 40, zipped(Entry("hidden"))])
        more: dict[str, bytes] = draw(st.dictionaries(places, filler, min_size=1, max_size=2))
        return zipped(*members, **more)  # type: ignore[arg-type]
    if alter == "numbers":
        listed = draw(st.lists(st.integers(0, len(members) - 1), max_size=5))
        end = draw(st.dictionaries(st.sampled_from(END), st.sampled_from(_ODD_NUMBERS[:-1]), max_size=1))
        return zipped(*members, listed=listed, end=end)
    made = zipped(*members)
    if alter == "bytes":
        changed = bytearray(made)
        for place in draw(st.lists(st.integers(0, len(made) - 1), min_size=1, max_size=2)):
            changed[place] = draw(st.integers(0, 255))
        cut = draw(st.sampled_from([0, 0, 0, 1, 22]))
        return bytes(changed[: len(changed) - cut])
    return made
