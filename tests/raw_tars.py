"""Tar archives block by block: each field may say what no packer would write, with the right checksum all the same."""

from __future__ import annotations

from collections.abc import Mapping

POSIX, GNU = b"ustar\x0000", b"ustar  \0"
#: Where each field begins, and its size in bytes.
FIELDS: Mapping[str, tuple[int, int]] = {
    "name": (0, 100),
    "mode": (100, 8),
    "uid": (108, 8),
    "gid": (116, 8),
    "size": (124, 12),
    "mtime": (136, 12),
    "checksum": (148, 8),
    "type": (156, 1),
    "target": (157, 100),
    "magic": (257, 8),
    "uname": (265, 32),
    "gname": (297, 32),
    "devmajor": (329, 8),
    "devminor": (337, 8),
    "prefix": (345, 155),
    "padding": (500, 12),
}
END = bytes(1024)


def header(name: bytes = b"", size: int = 0, /, **fields: bytes) -> bytes:
    """A header of a file, but for the fields that are given."""
    block = bytes(512)
    said = {
        "name": name,
        "mode": b"0000644\0",
        "uid": b"0000000\0",
        "gid": b"0000000\0",
        "size": b"%011o\0" % size,
        "mtime": b"00000000000\0",
        "type": b"0",
        "magic": POSIX,
        **fields,
    }
    for field, value in said.items():
        block = with_field(block, field, value)
    return block if "checksum" in fields else mended(block)


def with_field(block: bytes, field: str, value: bytes) -> bytes:
    """The block with one field changed, and the checksum as it was."""
    start, size = FIELDS[field]
    assert len(value) <= size
    return block[:start] + value.ljust(size, b"\0") + block[start + size :]


def mended(block: bytes) -> bytes:
    """The block with the checksum that it has to have."""
    block = with_field(block, "checksum", b" " * 8)
    return with_field(block, "checksum", b"%06o\0 " % sum(block))


def padded(data: bytes, fill: bytes = b"\0") -> bytes:
    return data + fill * (-len(data) % 512)


def member(name: bytes, data: bytes = b"", /, **fields: bytes) -> bytes:
    return header(name, len(data), **fields) + padded(data)


def folder(name: bytes, /, **fields: bytes) -> bytes:
    return header(name, **{"type": b"5", "mode": b"0000755\0", **fields})


def record(keyword: bytes, value: bytes) -> bytes:
    """A pax record, with its length before it."""
    body = b" " + keyword + b"=" + value + b"\n"
    size = len(body)
    while len(b"%d" % size) + len(body) != size:
        size = len(b"%d" % size) + len(body)
    return b"%d" % size + body


def extended(*records: bytes | tuple[bytes, bytes], **fields: bytes) -> bytes:
    """A pax extended header of these records."""
    data = b"".join(entry if isinstance(entry, bytes) else record(*entry) for entry in records)
    return header(fields.pop("name", b"PaxHeaders/x"), len(data), **{"type": b"x", **fields}) + padded(data)


def long_name(name: bytes, **fields: bytes) -> bytes:
    """GNU's header for a long name."""
    given = {"type": b"L", "magic": GNU, **fields}
    return header(b"././@LongLink", len(name) + 1, **given) + padded(name + b"\0")
