"""Tar archives near the border of the grammar: honest ones, taken apart, altered with their checksums mended, and packed.

An archive is a list of blocks: each a header, or the padded data behind one. What comes out is a few members of a few
names, so that they often meet.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Sequence
from random import Random

from hypothesis import strategies as st

from tests.archives import COMPRESSIONS, Member, tar
from tests.raw_tars import (
    GNU,
    POSIX,
    extended,
    header,
    long_name,
    member,
    mended,
    padded,
    record,
    with_field,
)
from tests.raw_tars import folder as raw_folder

Blocks = list[bytes]

NAMES = (
    "a",
    "b",
    "d/a",
    "d/e/b",
    "d/ä",
    "./c",
    "n" * 100,
    "d/" + "o" * 98,
    "p" * 60 + "/" + "q" * 60,
    "d/" + "r" * 140,
)
_FOLDERS = ("d", "d/e", "d/f", "p" * 60)
_TARGETS = ("a", "d/a", "./b", "d", "t" * 100, "u" * 130, "ä", "nowhere/x")
_MODES = (0o644, 0o755, 0o600, 0o664, 0o4755, 0o1644)
#: Contents that are members themselves come to light wherever a reader goes by another size.
_HIDDEN = member(b"hidden", b"smuggled\n")
_CONTENTS = (
    b"",
    b"hello\n",
    b"x" * 511,
    b"y" * 512,
    b"z" * 513,
    _HIDDEN,
    _HIDDEN + member(b"d/a", b"other\n"),
)
_TIMES = (0, 1, 1_749_686_400)

#: What a field may be altered to; most of it some reader takes for something.
_VALUES: dict[str, Sequence[bytes]] = {
    "name": (b"a", b"b/", b"d/a\0x", b"d", b"./a", b"d//a", b"", b"n" * 100, b"e" * 99 + b"/"),
    "mode": (
        b"0000755\0",
        b"000644 \0",
        b"644\0",
        b"0100644\0",
        b"0040755\0",
        b"0004755\0",
        b"     755",
        b"-000644\0",
    ),
    "uid": (
        b"0001750\0",
        b"001750 \0",
        b"\x80\0\0\0\x7f\0\0\0",
        b"",
        b"+AAA",
        b"7777777\0",
        b"12345670",
        b"-000001\0",
    ),
    "size": (
        *(b"00000000000\0", b"00000001000\0", b"00000002000 ", b"+10", b"1000\0", b" 1000"),
        *(
            b"\x80" + bytes(9) + b"\x02\0",
            b"00000001000",
            b"000000001000",
            b"00000000006\0",
            b"",
            b"\xff" * 12,
            b"-0000001000\0",
        ),
    ),
    "mtime": (
        b"00000000001\0",
        b"14722467000 ",
        b"\x80" + bytes(7) + b"\x68\x4a\x19\0",
        b"",
        b"77777777777\0",
    ),
    "type": (b"0", b"\0", b"1", b"2", b"5", b"7", b"x", b"g", b"L", b"K", b"S", b"V", b"D", b"Z"),
    "target": (b"a", b"d/a", b"b/", b"a\0b", b"", b"t" * 100),
    "magic": (POSIX, GNU, bytes(8), b"ustar\0  ", b"ustar  0"),
    "uname": (b"maker", b"root", b"maker\0x", b"m" * 32),
    "gname": (b"maker", b"m" * 32),
    "devmajor": (b"0000000\0", b"000000 \0", b"0000001\0", b""),
    "devminor": (b"0000000\0", b""),
    "prefix": (b"d", b"d/e", b"d/", b"p" * 60, b"d\0x", b"00000000000\0", b"x" * 155),
    "padding": (b"tar\0", b"\0\0\0\0\0\0\0\0tar\0"),
}

_KEYWORDS = (
    *(b"path", b"linkpath", b"size", b"mtime", b"atime", b"uid", b"uname", b"comment", b"hdrcharset"),
    *(b"GNU.sparse.name", b"GNU.sparse.realsize", b"SCHILY.realsize", b"SCHILY.dev", b"path ", b"PATH"),
    b"LIBARCHIVE.xattr.com.apple.provenance",
)
_RECORDED = (
    b"a",
    b"d/a",
    b"d/",
    b"512",
    b"1024",
    b"0",
    b"1.5",
    b"1749686400",
    b"",
    b"r\0x",
    b"a\n12 path=b",
    _HIDDEN,
)


def odd_archive(random: Random) -> tuple[bytes, str]:
    """An archive, and the end of a name that says how it is compressed."""
    blocks = _honest(random)
    for _ in range(random.choice((0, 0, 1, 1, 1, 2))):
        random.choice(_QUIET)(random, blocks)
    for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
        random.choice(_LOUD)(random, blocks)
    archive = b"".join(blocks) + random.choice(_ENDS if random.random() < 0.92 else _ODD_ENDS)
    kind, compress = random.choice(list(_CONTAINERS.items()))
    packed = compress(archive)
    if random.random() < 0.05:
        packed = random.choice(_CONTAINER_CHANGES)(packed)
    return packed, kind.partition(" ")[0]


def _honest(random: Random) -> Blocks:
    """Some members, as one of the packers in use writes them."""
    write = random.choice((_posix, _posix, _gnu, _gnu, _python))
    blocks = [block for entry in _entries(random) for block in write(random, entry)]
    if write is _posix and random.random() < 0.1:
        comment = (b"comment", b"0123456789" * 4)
        blocks[:0] = _split(extended(comment, name=b"pax_global_header", type=b"g"))
    return blocks


def _entries(random: Random) -> list[Member]:
    """Folders first, then files and links, each name once; hard links lead to a file before them."""
    entries = [
        Member(f"{name}/", kind=b"5", mode=random.choice((0o755, 0o775, 0o700)))
        for name in _FOLDERS
        if random.random() < 0.4
    ]
    files: list[Member] = []
    for name in random.sample(NAMES, random.randint(1, 5)):
        kind = random.choice((b"0", b"0", b"0", b"2", b"1"))
        if kind == b"1" and files:
            to = random.choice(files)
            entries.append(Member(name, kind=kind, target=to.name, mode=to.mode))
        elif kind == b"2":
            entries.append(Member(name, kind=kind, target=random.choice(_TARGETS), mode=0o777))
        else:
            files.append(Member(name, random.choice(_CONTENTS), mode=random.choice(_MODES)))
            entries.append(files[-1])
    owner, time = random.choice(("", "maker")), random.choice(_TIMES)
    return [
        Member(entry.name, entry.content, entry.kind, entry.target, entry.mode, time, owner)
        for entry in entries
    ]


def _fields(entry: Member, magic: bytes, numbers: bytes = b"\0") -> dict[str, bytes]:
    fields = {
        "mode": b"%07o\0" % entry.mode,
        "type": entry.kind,
        "magic": magic,
        "uname": entry.owner.encode(),
    }
    if numbers == b" ":
        fields["mode"] = b"%06o \0" % entry.mode
    return {**fields, "mtime": b"%011o%s" % (int(entry.time), numbers)}


def _posix(random: Random, entry: Member) -> Blocks:
    name, target = entry.name.encode(), entry.target.encode()
    records = [(b"mtime", b"%d.25" % int(entry.time))] if random.random() < 0.1 else []
    prefix = b""
    if len(name) > 100 and name.find(b"/") == 60 and random.random() < 0.5:
        prefix, _, name = name.partition(b"/")
    elif len(name) > 100 or random.random() < 0.1:
        records.append((b"path", name))
    if len(target) > 100:
        records.append((b"linkpath", target))
    fields = _fields(entry, POSIX, random.choice((b"\0", b"\0", b" ")))
    block = header(name[:100], len(entry.content), target=target[:100], prefix=prefix, **fields)
    data = [padded(entry.content)] if entry.content else []
    return [*(_split(extended(*records)) if records else []), block, *data]


def _gnu(_random: Random, entry: Member) -> Blocks:
    name, target = entry.name.encode(), entry.target.encode()
    blocks: Blocks = []
    if len(target) > 100:
        blocks += _split(long_name(target, type=b"K"))
    if len(name) > 100:
        blocks += _split(long_name(name))
    fields = _fields(entry, GNU)
    blocks.append(header(name[:100], len(entry.content), target=target[:100], **fields))
    return blocks + ([padded(entry.content)] if entry.content else [])


def _python(_random: Random, entry: Member) -> Blocks:
    return _split(padded(tar(entry).rstrip(b"\0")))


def _split(data: bytes) -> Blocks:
    return [data[:512], *([padded(data[512:])] if data[512:] else [])]


# What may change, and mostly changes nothing that a reader sees.


def _pick(random: Random, blocks: Blocks) -> int | None:
    """The place of any header."""
    places = [
        number for number, block in enumerate(blocks) if len(block) == 512 and block[257:262] == b"ustar"
    ]
    return random.choice(places) if places else None


def _alter(*fields: str) -> Callable[[Random, Blocks], None]:
    """A change of one of these fields in any header, with the checksum mended."""

    def alter(random: Random, blocks: Blocks) -> None:
        place = _pick(random, blocks)
        if place is not None:
            field = random.choice(fields)
            blocks[place] = mended(with_field(blocks[place], field, random.choice(_VALUES[field])))

    return alter


def _move(random: Random, blocks: Blocks) -> None:
    """Put a header, with what belongs to it, to another place."""
    place = _pick(random, blocks)
    if place is not None:
        end = place + 1
        while end < len(blocks) and blocks[end][257:262] != b"ustar":
            end += 1
        taken = blocks[place:end]
        del blocks[place:end]
        at = random.randint(0, len(blocks))
        blocks[at:at] = taken


def _add_folder(random: Random, blocks: Blocks) -> None:
    magic = blocks[0][257:265] if blocks else POSIX
    blocks.append(raw_folder(random.choice((b"new/", b"new", b"./d/new/")), magic=magic))


_QUIET: Sequence[Callable[[Random, Blocks], None]] = (
    _alter("mode", "mtime", "uname", "gname"),
    _alter("uid", "devmajor", "devminor"),
    _add_folder,
    _move,
)


# What most often is refused.


def _flip(random: Random, blocks: Blocks) -> None:
    place = _pick(random, blocks)
    if place is not None:
        block = bytearray(blocks[place])
        block[random.randrange(512)] = random.choice((0, 32, 47, 48, 49, 55, 97, 128, 255))
        blocks[place] = mended(bytes(block)) if random.random() < 0.9 else bytes(block)


def _splice(random: Random, blocks: Blocks) -> None:
    """Put an extension before any member, mostly one of the archive's own format; or two."""
    is_gnu = bool(blocks) and blocks[0][257:265] == GNU
    fitting = _long if is_gnu else _extension
    for _ in range(random.choice((1, 1, 1, 2))):
        place = _pick(random, blocks) or 0
        blocks[place:place] = _split(
            random.choice((fitting, fitting, fitting, _extension, _long, _typed))(random)
        )


#: Records that a member may have, if its kind has any use for them.
_FITTING = (
    *((b"path", name.encode()) for name in NAMES),
    *((b"linkpath", target.encode()) for target in _TARGETS),
    *((b"mtime", b"1.5"), (b"atime", b"-3"), (b"uid", b"4000000"), (b"gname", "mäker".encode())),
    *((b"comment", _HIDDEN), (b"comment", b"a\n12 path=b")),
)


def _extension(random: Random) -> bytes:
    if random.random() < 0.6:
        chosen = random.sample(_FITTING, random.choice((1, 1, 2)))
        return extended(*dict(chosen).items())
    records = [
        record(random.choice(_KEYWORDS), random.choice(_RECORDED))
        for _ in range(random.choice((0, 1, 1, 2, 2, 3)))
    ]
    if random.random() < 0.1:
        records.append(random.choice((b" 17 path=P/evil\n", b"0" * 9, bytes(3), b"12 path=b\n")))
    return extended(*records, type=random.choice((b"x", b"x", b"x", b"g")))


def _long(random: Random) -> bytes:
    name = random.choice(NAMES).encode() + random.choice((b"", b"", b"/", b"\0x"))
    return long_name(name, type=random.choice((b"L", b"L", b"K")))


def _typed(random: Random) -> bytes:
    return member(b"typed", random.choice(_CONTENTS), type=random.choice(_VALUES["type"]))


def _repeat(random: Random, blocks: Blocks) -> None:
    place = _pick(random, blocks)
    if place is not None:
        blocks.insert(random.randint(0, len(blocks)), blocks[place])


def _remove(random: Random, blocks: Blocks) -> None:
    if blocks:
        del blocks[random.randrange(len(blocks))]


def _swap(random: Random, blocks: Blocks) -> None:
    if blocks:
        one, other = random.randrange(len(blocks)), random.randrange(len(blocks))
        blocks[one], blocks[other] = blocks[other], blocks[one]


def _mix(random: Random, blocks: Blocks) -> None:
    """Members of another archive behind, which may be of another format."""
    magic = blocks[0][257:265] if blocks else POSIX
    others = _honest(random)
    if others and (others[0][257:265] == magic or random.random() < 0.2):
        blocks += others


def _pad(random: Random, blocks: Blocks) -> None:
    """Something in place of the zeros that fill a block."""
    if blocks:
        place = random.randrange(len(blocks))
        blocks[place] = blocks[place].rstrip(b"\0").ljust(len(blocks[place]), b"x")


_LOUD: Sequence[Callable[[Random, Blocks], None]] = (
    *(_alter("size"), _alter("name", "prefix"), _alter("type"), _alter("target", "magic", "padding")),
    *(_splice, _splice, _splice, _flip, _flip, _repeat, _remove, _swap, _mix, _pad),
)

_ENDS = (bytes(1024), bytes(10240), bytes(20480))
_ODD_ENDS = (
    bytes(512),
    b"",
    bytes(1024) + _HIDDEN + bytes(1024),
    bytes(512) + _HIDDEN + bytes(1024),
    bytes(1100),
)


def _with_name(data: bytes) -> bytes:
    packed = gzip.compress(data, mtime=0)
    return packed[:3] + b"\x08" + packed[4:10] + b"an archive\0" + packed[10:]


_CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    ".tar": COMPRESSIONS["tar"],
    ".tar again": COMPRESSIONS["tar"],
    ".tar.gz": COMPRESSIONS["gz"],
    ".tar.gz stored": lambda data: gzip.compress(data, 0, mtime=0),
    ".tar.gz named": _with_name,
    ".tar.xz": lambda data: lzma.compress(data, preset=0),
    ".tar.bz2": lambda data: bz2.compress(data, 1),
}

_CONTAINER_CHANGES: Sequence[Callable[[bytes], bytes]] = (
    lambda data: data + bytes(512),
    lambda data: data + b"x",
    lambda data: data[:-3],
    lambda data: data + data,
    lambda data: data + gzip.compress(_HIDDEN + bytes(1024)),
    lambda data: gzip.compress(_HIDDEN)[:-8] + data,
)

odd_archives = st.randoms(use_true_random=False).map(odd_archive)
