"""The one grammar of tar archives: what packers write is read, and each trick that splits two readers is refused by name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import re
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.archives import COMPRESSIONS, TIME, contents, file, folder, link, tar
from tests.raw_tars import (
    END,
    FIELDS,
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
from tests.refused_tars import HELLO, INNER, LONG, ODD, TOP, gnu, packed
from verbatim.archive.canonical import write_tree
from verbatim.archive.header import Header, NoHeaderError, OddHeaderError, may_be_header
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.read import read_member, reading
from verbatim.archive.tar_member import TarMember
from verbatim.archive.unpack import Unpacker
from verbatim.compare.archives import read_inventory
from verbatim.errors import IntegrityError


def read(archive: bytes) -> list[tuple[TarMember, bytes]]:
    """The members of an archive with their contents."""
    with reading("an archive", io.BytesIO(archive)) as reader:
        return [(found, b"".join(iter(lambda: reader.read(1 << 10), b""))) for found in reader]


@pytest.mark.parametrize(("archive", "complaint"), ODD.values(), ids=ODD.keys())
def test_what_no_packer_writes_is_refused(tmp_path: Path, archive: bytes, complaint: str) -> None:
    path = tmp_path / "an archive.tar"
    path.write_bytes(archive)
    with pytest.raises(IntegrityError, match=complaint) as refusal:
        read_inventory(path, path.name)
    assert refusal.value.message.startswith("an archive.tar")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    with pytest.raises(IntegrityError, match=complaint):
        Unpacker(unpacked).tar("an archive", io.BytesIO(archive))


def gzipped(data: bytes, *, flags: int = 0, more: bytes = b"") -> bytes:
    """One gzip member, nothing compressed in it, with the flags and fields of RFC 1952 that are given."""
    compressor = zlib.compressobj(0, wbits=-15)
    body = compressor.compress(data) + compressor.flush()
    trailer = struct.pack("<II", zlib.crc32(data), len(data))
    return b"\x1f\x8b\x08" + bytes([flags]) + bytes(5) + b"\xff" + more + body + trailer


def of_two_faces() -> bytes:
    """A gzip file whose first block is a tar header as well: GNU tar looks for that first, others for gzip."""
    extra = bytearray(600)
    head = gzipped(b"", flags=4, more=struct.pack("<H", len(extra)))[:12]
    first = bytearray((head + extra)[:512])
    first[124:136] = b"%011o\0" % 0x10000
    first[257:265] = b"ustar\x0000"
    extra[:500] = mended(bytes(first))[12:]
    return gzipped(packed(), flags=4, more=struct.pack("<H", len(extra)) + bytes(extra))


INSIDE = packed(member(b"P/a", random.Random(0).randbytes(2000)))
CONTAINERS: dict[str, tuple[bytes, str]] = {
    "two gzip members": (
        gzip.compress(INSIDE[:512]) + gzip.compress(INSIDE[512:]),
        "after the end of its gzip",
    ),
    "a gzip member and padding": (gzip.compress(INSIDE) + bytes(512), "after the end of its gzip"),
    "two xz streams": (lzma.compress(INSIDE[:512]) + lzma.compress(INSIDE[512:]), "after the end of its xz"),
    "an xz stream and padding": (lzma.compress(INSIDE) + bytes(4), "after the end of its xz"),
    "two bzip2 streams": (
        bz2.compress(INSIDE[:512]) + bz2.compress(INSIDE[512:]),
        "after the end of its bzip2",
    ),
    "a bzip2 stream and more": (bz2.compress(INSIDE) + b"x", "after the end of its bzip2"),
    "compressed twice": (bz2.compress(gzip.compress(INSIDE)), "compressed twice"),
    "a name that passes for bzip2": (gzip.compress(member(b"BZh91AY&SY") + END), "compressed twice"),
    "a tar archive and gzip at once": (of_two_faces(), "a tar archive to another"),
    "lzma without xz": (lzma.compress(INSIDE, lzma.FORMAT_ALONE), "damaged"),
    "xz that needs much memory": (
        lzma.compress(
            INSIDE, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 29, "mode": lzma.MODE_FAST}]
        ),
        "more than 128 MiB of memory",
    ),
}


@pytest.mark.parametrize(("archive", "complaint"), CONTAINERS.values(), ids=CONTAINERS.keys())
def test_what_two_programs_decompress_in_two_ways_is_refused(archive: bytes, complaint: str) -> None:
    with pytest.raises(IntegrityError, match=complaint):
        read(archive)


#: What packers in use write, each in its own way.
HONEST: dict[str, bytes] = {
    "nothing": END,
    "Python's pax": tar(folder("P"), file(f"P/{'x' * 200}", b"x"), link("P/l", "y" * 200)),
    "Python's GNU": tar(
        folder("P"), file(f"P/{'x' * 200}"), link("P/l", "y" * 200), format=tarfile.GNU_FORMAT
    ),
    "Python's ustar": tar(folder("P"), file(f"P/{'x' * 90}/{'y' * 90}"), format=tarfile.USTAR_FORMAT),
    "git's": extended((b"comment", b"0" * 40), type=b"g", name=b"pax_global_header", mode=b"0000666\0")
    + packed(member(b"P/a", HELLO)),
    "git's, with a SHA-256": extended((b"comment", b"0" * 64), type=b"g", name=b"pax_global_header")
    + packed(),
    "libarchive's numbers": packed(
        header(
            b"P/a",
            mode=b"000644 \0",
            uid=b"000765 \0",
            gid=b"000024 \0",
            size=b"00000000005 ",
            mtime=b"14753204210 ",
            devmajor=b"000000 \0",
            devminor=b"000000 \0",
        )
        + padded(HELLO)
    ),
    "Go's kinds in modes": packed(
        raw_folder(b"P/d/", mode=b"0040755\0"),
        member(b"P/a", HELLO, mode=b"0100644\0"),
        header(b"P/l", type=b"2", target=b"a", mode=b"0120777\0"),
    ),
    "a large owner in GNU's format": gnu(b"a", HELLO, uid=b"\x80\0\0\0\x7f\0\0\0") + END,
    "a name that fills its field": packed(member(b"P/" + b"x" * 98, HELLO)),
    "a short name that ends with a slash": packed(
        extended((b"path", b"P/" + b"x" * 97 + b"/y")), member(b"P/" + b"x" * 97 + b"/", HELLO)
    ),
    "a hard link": packed(member(b"P/a", HELLO), header(b"P/b", type=b"1", target=b"P/a")),
    "a full record": packed(end=bytes(20480 - 512)),
}


def git_checksum(block: bytes) -> bytes:
    """The block with its checksum as git writes it."""
    blank = with_field(block, "checksum", b" " * 8)
    return with_field(block, "checksum", b"%07o\0" % sum(blank))


HONEST["git's checksum"] = git_checksum(header(b"a", 5)) + padded(HELLO) + END


@pytest.mark.parametrize("archive", HONEST.values(), ids=HONEST.keys())
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_packers_write_is_read_as_python_reads_it(archive: bytes, compression: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive), encoding="utf-8") as other:
        expected = [(info.name, info.mode & 0o7777, info.mtime, info.linkname) for info in other]
    found = read(COMPRESSIONS[compression](archive))
    assert [(entry.name.rstrip("/"), entry.mode, entry.time, entry.target) for entry, _ in found] == expected


def test_contents_are_read_whole_or_passed_over() -> None:
    sizes = (0, 1, 511, 512, 513, 200_000)
    archive = packed(*(member(b"P/%d" % size, bytes([size % 251 + 1]) * size) for size in sizes))
    assert [len(content) for _, content in read(archive)[1:]] == list(sizes)
    with reading("an archive", io.BytesIO(archive)) as reader:
        assert [entry.size for entry in reader] == [0, *sizes]


@pytest.mark.parametrize("padding", [b"\0", b" "])
def test_a_field_of_another_padding_is_odd(padding: bytes) -> None:
    block = mended(with_field(header(b"a"), "uname", b"maker".ljust(32, padding)))
    if padding == b"\0":
        assert Header.parse(block).uname == b"maker"
    else:
        # Spaces are part of a name: everyone reads them, and so it is written.
        assert Header.parse(block).uname == b"maker".ljust(32)


def test_one_member_is_read_and_the_rest_is_checked() -> None:
    archive = packed(member(b"./control", HELLO), member(b"P/control", b"other"))
    assert read_member("an archive", io.BytesIO(archive), "control") == HELLO
    for odd in (packed(raw_folder(b"control")), packed(member(b"control", bytes(2 << 20)))):
        with pytest.raises(IntegrityError, match="an archive has no file control"):
            read_member("an archive", io.BytesIO(odd), "control")
    with pytest.raises(IntegrityError, match="more after its end"):
        read_member("an archive", io.BytesIO(archive + INNER), "control")


# Properties.

blocks = st.binary(min_size=512, max_size=512)
fields = st.sampled_from(
    ["name", "mode", "uid", "size", "mtime", "type", "target", "magic", "devmajor", "prefix"]
)


#: Like numbers, and as long as the fields are.
numbers = st.lists(
    st.sampled_from([b"0", b"7", b"8", b"-", b"+", b" ", b"\0", b"_", b"\x80", b"\xff"]), max_size=12
)


@given(fields, st.binary(max_size=12) | numbers.map(b"".join))
@example("size", b"-0000000777\0")
@example("uid", b"77777777")
@settings(max_examples=300)
def test_what_is_read_of_a_header_is_all_that_is_in_it(field: str, value: bytes) -> None:
    block = mended(with_field(header(b"a", 5), field, value[: FIELDS[field][1]]))
    try:
        parsed = Header.parse(block)
    except OddHeaderError:
        return
    assert parsed.written() == block
    said = block[slice(FIELDS[field][0], sum(FIELDS[field]))]
    if field in ("mode", "uid", "size", "mtime"):
        assert re.fullmatch(rb"[0-7]{7}\0|[0-7]{6} \0|[0-7]{11}[\0 ]", said)


@given(blocks | blocks.map(mended))
def test_any_block_is_a_header_or_refused(block: bytes) -> None:
    try:
        parsed = Header.parse(block)
    except (NoHeaderError, OddHeaderError):
        return
    assert parsed.written() == block
    assert may_be_header(block)


def records() -> st.SearchStrategy[bytes]:
    keywords = st.sampled_from([b"path", b"linkpath", b"size", b"mtime", b"comment", b"uid", b"x", b""])
    return st.builds(record, keywords, st.binary(max_size=20)) | st.binary(max_size=20)


pieces = st.one_of(
    st.binary(max_size=600),
    blocks.map(mended),
    st.builds(
        lambda field, value: mended(with_field(header(b"a", 5), field, value[:1])), fields, st.binary()
    ),
    st.lists(records(), max_size=3).map(lambda found: extended(*found)),
    st.sampled_from([TOP, INNER, END, long_name(LONG), bytes(512)]),
)
containers: st.SearchStrategy[Callable[[bytes], bytes]] = st.sampled_from(
    [*COMPRESSIONS.values(), lambda data: COMPRESSIONS["gz"](data)[:-3], lambda data: b"\x1f\x8b" + data]
)


@given(st.lists(pieces, max_size=6), containers, st.binary(max_size=3))
@settings(deadline=None)
def test_whatever_the_bytes_they_are_read_or_refused(
    found: list[bytes], pack: Callable[[bytes], bytes], more: bytes
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, "a.tar")
        path.write_bytes(pack(b"".join(found)) + more)
        try:
            read_inventory(path, path.name)
        except IntegrityError as refusal:
            assert refusal.message


@given(st.lists(st.sampled_from("abcdä"), min_size=1, max_size=9, unique=True), st.binary(max_size=700))
@settings(deadline=None, max_examples=40)
def test_what_is_written_here_is_read_here(names: list[str], content: bytes) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary)
        for number, name in enumerate(names):
            (top / (name * 60)).mkdir()
            (top / (name * 60) / (name * (1 + number * 20))).write_bytes(content)
            (top / f"{name}{number}").symlink_to(name * 120)
        written = io.BytesIO()
        write_tree(top, TIME, written)
        assert {entry.name.rstrip("/").encode() for entry, _ in read(written.getvalue())} == set(
            contents(top)
        )


# Bombs.


def bomb(compress: Callable[[bytes], bytes], size: int) -> bytes:
    return compress(header(b"P/z", size) + bytes(size + 1024))


@pytest.mark.parametrize("compression", ["gz", "xz", "bz2"])
def test_a_bomb_comes_out_in_bounded_pieces_and_meets_a_limit(compression: str) -> None:
    archive = bomb(COMPRESSIONS[compression], 6 << 20)
    largest, together = 0, 0

    def note(piece: bytes) -> None:
        nonlocal largest, together
        largest, together = max(largest, len(piece)), together + len(piece)

    limits = ArchiveLimits("an archive", most_bytes=2 << 20)
    with (
        pytest.raises(IntegrityError, match="an archive: the member 'P/z' makes the archive larger than"),
        reading("an archive", io.BytesIO(archive), limits=limits, on_plain=note) as reader,
    ):
        list(reader)
    assert together <= 1 << 18
    limits = ArchiveLimits("an archive", most_bytes=7 << 20)
    with reading("an archive", io.BytesIO(archive), limits=limits, on_plain=note) as reader:
        list(reader)
    assert together > 6 << 20
    assert largest <= 1 << 18


def test_a_bomb_of_zeros_behind_the_end_meets_a_limit() -> None:
    with pytest.raises(IntegrityError, match="zeros after its end"):
        read(bz2.compress(bytes(4 << 20)))


def test_a_limit_of_time_is_met_and_said() -> None:
    now = iter(range(1000))
    limits = ArchiveLimits("an archive", most_seconds=3, clock=lambda: float(next(now)))
    with (
        pytest.raises(IntegrityError, match="an archive takes longer than 3 seconds to read"),
        reading("an archive", io.BytesIO(bomb(gzip.compress, 4 << 20)), limits=limits) as reader,
    ):
        list(reader)
