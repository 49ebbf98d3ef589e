"""The canonical tar of a folder: the same bytes for the same tree, wherever it lies.

Sorted by name, every time the same, owner 0:0 without names, permission bits alone, hard links as files
of their own, POSIX (pax) headers. An environment's root digest is the SHA-256 of such a tar.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from verbatim.digest import HashingWriter, SupportsWrite
from verbatim.errors import IntegrityError


def write_tree(folder: Path, time: int, onward: SupportsWrite | None = None) -> HashingWriter:
    """Write the tree's canonical tar; give its SHA-256 and size.

    ``time`` is the modification time of every member, in seconds since 1970. Raises IntegrityError for
    devices, sockets and pipes.
    """
    sink = HashingWriter(onward)
    with tarfile.open(
        fileobj=cast(IO[bytes], sink), mode="w|", format=tarfile.PAX_FORMAT, encoding="utf-8"
    ) as tar:
        for name, path, status in walk(os.fsencode(folder), b""):
            info = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
            info.mtime = time
            add_member(tar, info, path, status)
    return sink


def add_member(tar: tarfile.TarFile, info: tarfile.TarInfo, path: bytes, status: os.stat_result) -> None:
    """Add what is at a path, under the name, time and owner of ``info``, which gets its kind, mode and size.

    Raises IntegrityError for what is neither a file, a folder nor a link.
    """
    info.mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        info.type = tarfile.SYMTYPE
        info.mode = 0o777
        info.linkname = os.readlink(path).decode("utf-8", "surrogateescape")
        tar.addfile(info)
    elif stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif stat.S_ISREG(status.st_mode):
        info.size = status.st_size
        with open(path, "rb") as file:
            tar.addfile(info, file)
    else:
        raise IntegrityError(f"{os.fsdecode(path)} is neither a file, a folder nor a link", "remove it")


def walk(folder: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes, os.stat_result]]:
    """Names relative to the top, paths and statuses, in byte order, each folder before its contents."""
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        name = prefix + entry.name
        status = entry.stat(follow_symlinks=False)
        yield name, entry.path, status
        if stat.S_ISDIR(status.st_mode):
            yield from walk(entry.path, name + b"/")
