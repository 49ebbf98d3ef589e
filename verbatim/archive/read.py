"""Reading a tar archive to its very end, so that no damage goes unnoticed.

The standard library takes whatever it cannot understand behind the first member for the end of the
archive, and does not look at the checksums of gzip. Here an archive that ends early is damaged.
"""

from __future__ import annotations

import bz2
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Protocol, Self, cast

from verbatim.errors import IntegrityError

#: In bytes; what even a bomb makes of so few fits into memory.
_PIECE = 1 << 14
#: In bytes: of names and other extensions, which are held in memory.
_LONGEST_HEADER = 1 << 20
#: In bytes; xz -9 needs 65 MiB to decompress.
_MOST_MEMORY = 1 << 27


class Readable(Protocol):
    """All that is asked of a stream."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer at the end."""


@contextmanager
def reading(
    archive: str,
    stream: Readable,
    *,
    on_plain: Callable[[bytes], object] | None = None,
    on_header: Callable[[bytes], object] | None = None,
) -> Iterator[tarfile.TarFile]:
    """Open a tar archive, compressed or not, to be read in one pass; ``archive`` is its name for messages.

    ``on_plain`` gets each piece of the decompressed stream, ``on_header`` each block of 512 bytes that is a
    header, those before a member included. The block must read all of it. Raises IntegrityError if it is damaged.
    """
    with damage(archive):
        plain = _Plain(stream, on_plain)
        with tarfile.open(
            fileobj=cast(IO[bytes], plain), mode="r|", encoding="utf-8", tarinfo=_heard(on_header)
        ) as tar:
            yield tar
            # Behind the archive's end are padding, and the checksums of what it was compressed with.
            rest = cast(Readable, tar.fileobj)
            while piece := rest.read(_PIECE):
                if any(piece):
                    raise tarfile.ReadError("there is more behind its end")


@contextmanager
def damage(archive: str) -> Iterator[None]:
    """Say of every way in which an archive can be unreadable that it is damaged."""
    try:
        yield
    except (
        EOFError,
        OverflowError,
        RuntimeError,
        ValueError,
        lzma.LZMAError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise IntegrityError(
            f"{archive} is damaged: {str(error) or 'it ends early'}", "fetch it again"
        ) from error
    except OSError as error:
        # What bz2 raises is not of the system, and has no number.
        if error.errno is not None:
            raise
        raise IntegrityError(f"{archive} is damaged: {error}", "fetch it again") from error


class _StrictHeader(tarfile.TarInfo):
    """A header that is understood, or the end of the archive, or an error."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise  # The archive's end, as its maker marked it.
            raise tarfile.ReadError(str(error)) from error
        if header.type not in tarfile.REGULAR_TYPES and header.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {header.size} bytes")
        return header


def _heard(on_header: Callable[[bytes], object] | None) -> type[_StrictHeader]:
    """The headers of one archive, of which each block is handed on."""

    class Heard(_StrictHeader):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            if on_header is not None:
                on_header(bytes(buf))
            return super().frombuf(buf, encoding, errors)

    return Heard


class _Decompressor(Protocol):
    """What zlib, lzma and bz2 have in common; each checks its checksums when it reaches them."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


#: By the name of a compression: how it begins, and what undoes it.
_DECOMPRESSORS: dict[str, tuple[bytes, Callable[[], _Decompressor]]] = {
    "gzip": (b"\x1f\x8b", lambda: zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)),
    "xz": (b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)),
    "bzip2": (b"BZh", bz2.BZ2Decompressor),
}


def compression_of(beginning: bytes) -> str:
    """The name of the compression of a file that begins like this; empty for none that is known."""
    return next((name for name, (magic, _) in _DECOMPRESSORS.items() if beginning.startswith(magic)), "")


class _Plain:
    """A stream, decompressed if need be, in pieces of whatever size they come in."""

    def __init__(self, stream: Readable, on_plain: Callable[[bytes], object] | None = None) -> None:
        self._stream = stream
        self._on_plain = on_plain
        self._next = stream.read(_PIECE)
        compression = compression_of(self._next)
        self._make = _DECOMPRESSORS[compression][1] if compression else None
        self._decompressor = self._make() if self._make else None

    def read(self, _size: int = -1, /) -> bytes:
        """The next piece, however much was asked for; nothing at the end."""
        piece = self._piece()
        if self._on_plain is not None:
            self._on_plain(piece)
        return piece

    def _piece(self) -> bytes:
        while data := self._next:
            if self._make is None or self._decompressor is None:
                self._next = self._stream.read(_PIECE)
                return data
            if self._decompressor.eof and (data := data.lstrip(b"\0")):
                # Not padding: another compressed part.
                self._decompressor = self._make()
            plain = self._decompressor.decompress(data) if data else b""
            self._next = self._decompressor.unused_data if self._decompressor.eof and data else b""
            self._next = self._next or self._stream.read(_PIECE)
            if plain:
                return plain
        if self._decompressor is not None and not self._decompressor.eof:
            raise EOFError
        return b""
