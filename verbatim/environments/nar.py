"""The NAR hash, by which Nix names and checks a tree in its store.

The format is in Nix's manual ("Nix Archive"): every part is a string, preceded by its length and padded to
eight bytes. It has names, contents and links; of modes it has only whether a file is executable.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from pathlib import Path

from verbatim.errors import IntegrityError

_PIECE = 1 << 18


def nar_sha256(path: Path) -> str:
    """The SHA-256 of a tree's NAR, in hexadecimal digits, as ``nix-hash --type sha256 PATH`` prints it.

    Raises IntegrityError for devices, sockets and pipes.
    """
    archive = _Archive()
    archive.strings(b"nix-archive-1")
    archive.node(os.fsencode(path))
    return archive.sha256.hexdigest()


class _Archive:
    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def strings(self, *strings: bytes) -> None:
        for string in strings:
            self.sha256.update(struct.pack("<Q", len(string)) + string + _padding(len(string)))

    def node(self, path: bytes) -> None:
        status = os.lstat(path)
        self.strings(b"(", b"type")
        if stat.S_ISDIR(status.st_mode):
            self.strings(b"directory")
            for name in sorted(os.listdir(path)):
                self.strings(b"entry", b"(", b"name", name, b"node")
                self.node(path + b"/" + name)
                self.strings(b")")
        elif stat.S_ISLNK(status.st_mode):
            self.strings(b"symlink", b"target", os.readlink(path))
        elif stat.S_ISREG(status.st_mode):
            self.strings(b"regular", *((b"executable", b"") if status.st_mode & stat.S_IXUSR else ()))
            self.strings(b"contents")
            self._contents(path, status.st_size)
        else:
            raise IntegrityError(f"{os.fsdecode(path)} is neither a file, a folder nor a link", "remove it")
        self.strings(b")")

    def _contents(self, path: bytes, size: int) -> None:
        self.sha256.update(struct.pack("<Q", size))
        with open(path, "rb") as file:
            while piece := file.read(_PIECE):
                self.sha256.update(piece)
        self.sha256.update(_padding(size))


def _padding(length: int) -> bytes:
    return bytes(-length % 8)
