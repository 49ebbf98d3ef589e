"""What a tar archive is compressed with: one gzip member, one xz or bzip2 stream, and nothing after it.

Some programs read a second part, padding or anything else after the end, and others skip it. Bytes come
out in bounded pieces, each of which is counted.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from verbatim.archive.header import BLOCK, may_be_header
from verbatim.archive.limits import PIECE, ArchiveLimits
from verbatim.errors import IntegrityError

#: In bytes: how much of a file is read at a time.
_INPUT = 1 << 16
#: In bytes; xz -9 needs 65 MiB to decompress.
_MOST_MEMORY = 1 << 27

_REMEDY = "do not use this archive; if it came from python.org or Debian, tell them"


class Readable(Protocol):
    """What a stream must offer."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; fewer only at the end."""


class _Decompressor(Protocol):
    """What lzma and bz2 have in common; each checks its checksums when it reaches them."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


class _Gzip:
    """One gzip member, with the interface of the other two."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, /, max_length: int) -> bytes:
        plain = self._zlib.decompress(self._zlib.unconsumed_tail or data, max_length)
        # With all input taken in, there may still be output that there was no room for.
        self.needs_input = not self._zlib.unconsumed_tail and len(plain) < max_length
        return plain


#: By the name of a compression: its first bytes, and its decompressor.
_DECOMPRESSORS: dict[str, tuple[bytes, Callable[[], _Decompressor]]] = {
    "gzip": (b"\x1f\x8b", _Gzip),
    "xz": (b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)),
    "bzip2": (b"BZh", bz2.BZ2Decompressor),
}


def compression_of(beginning: bytes) -> str:
    """The name of the compression of a file that begins like this; empty if none is known."""
    return next((name for name, (magic, _) in _DECOMPRESSORS.items() if beginning.startswith(magic)), "")


class Plain:
    """The bytes of a file, decompressed if need be; raises IntegrityError at a limit."""

    def __init__(
        self,
        archive: str,
        stream: Readable,
        limits: ArchiveLimits,
        on_plain: Callable[[bytes], object] | None = None,
    ) -> None:
        """``archive`` is a name for messages; ``on_plain`` gets each piece of what comes out."""
        self._archive = archive
        self._stream = stream
        self._limits = limits
        self._on_plain = on_plain
        self._input = b""
        while len(self._input) < BLOCK and (piece := stream.read(_INPUT)):
            self._input += piece
        self.compression = compression_of(self._input)
        self._decompressor = _DECOMPRESSORS[self.compression][1]() if self.compression else None
        if self._decompressor and may_be_header(self._input[:BLOCK]):
            raise self._refusal(f"is {self.compression} to one program and a tar archive to another")
        self._piece, self._at = b"", 0

    def take(self, size: int) -> bytes:
        """Exactly ``size`` bytes; raises EOFError if there are fewer."""
        taken = self._piece[self._at : self._at + size]
        self._at += len(taken)
        while len(taken) < size:
            more = self.some(size - len(taken))
            if not more:
                raise EOFError
            taken += more
        return taken

    def some(self, most: int) -> bytes:
        """At most ``most`` bytes; nothing at the end, which is also the file's end."""
        if self._at == len(self._piece):
            self._fill()
        taken = self._piece[self._at : self._at + most]
        self._at += len(taken)
        return taken

    def _fill(self) -> None:
        self._piece, self._at = self._next(), 0
        if self._on_plain is not None:
            self._on_plain(self._piece)

    def _next(self) -> bytes:
        if self._decompressor is None:
            piece = self._take_input()
            self._limits.piece(len(piece))
            return piece
        while not self._decompressor.eof:
            piece = self._decompress(self._decompressor)
            self._limits.piece(len(piece))
            if piece:
                return piece
        if self._decompressor.unused_data or self._stream.read(1):
            raise self._refusal(f"has something after the end of its {self.compression}")
        return b""

    def _decompress(self, decompressor: _Decompressor) -> bytes:
        given = b""
        if decompressor.needs_input:
            given = self._take_input()
            if not given:
                raise EOFError
        try:
            return decompressor.decompress(given, PIECE)
        except lzma.LZMAError as error:
            if "limit" not in str(error):
                raise
            raise self._refusal(f"needs more than {_MOST_MEMORY >> 20} MiB of memory to unpack") from error

    def _take_input(self) -> bytes:
        given, self._input = self._input or self._stream.read(_INPUT), b""
        return given

    def _refusal(self, what: str) -> IntegrityError:
        return IntegrityError(f"{self._archive} {what}", _REMEDY)
