"""The content of a member of a zip archive: exactly what its headers announce, or an error."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

from verbatim.archive.limits import PIECE, ArchiveLimits
from verbatim.archive.zip_headers import DEFLATED, CentralHeader
from verbatim.errors import IntegrityError

#: A reader that does not use the list at the end looks for this where it does not know a member's size.
_DESCRIPTOR = b"PK\x07\x08"


class ZipContent:
    """A stream of a member's content, decompressed in bounded pieces.

    ``packed`` are its data in the archive, in pieces. Reading raises IntegrityError once they turn out not to be what
    the headers say: both sizes and the checksum must be right, and the compressed stream must end where the data do.
    """

    def __init__(
        self, archive: str, name: str, packed: Iterator[bytes], header: CentralHeader, limits: ArchiveLimits
    ) -> None:
        self._archive = archive
        self._name = name
        self._packed = packed
        self._header = header
        self._limits = limits
        self._packed_sha256 = hashlib.sha256()
        self._pieces = self._checked()

    def read(self, _size: int = -1, /) -> bytes:
        """The next piece, whatever its size; nothing at the end."""
        return next(self._pieces, b"")

    @property
    def packed_sha256(self) -> str:
        """Of the data in the archive, as far as they have been read."""
        return self._packed_sha256.hexdigest()

    def _checked(self) -> Iterator[bytes]:
        size, crc = 0, 0
        for piece in self._inflated() if self._header.method == DEFLATED else self._stored():
            self._limits.piece(len(piece))
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            if size > self._header.size:
                raise self._damaged("is larger than its headers say")
            yield piece
        if size < self._header.size:
            raise self._damaged("is smaller than its headers say")
        if crc != self._header.crc:
            raise self._damaged("does not have the checksum that its headers say")

    def _hashed(self) -> Iterator[bytes]:
        for data in self._packed:
            self._packed_sha256.update(data)
            yield data

    def _stored(self) -> Iterator[bytes]:
        before = b""
        for data in self._hashed():
            if self._header.has_descriptor and _DESCRIPTOR in before + data:
                raise self._damaged("is stored without a size before it, and could end earlier")
            before = (before + data)[1 - len(_DESCRIPTOR) :]
            yield data

    def _inflated(self) -> Iterator[bytes]:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for packed in self._hashed():
                data = packed
                while data:
                    if inflate.eof:
                        raise self._damaged("has something after the end of its compressed data")
                    if piece := inflate.decompress(data, PIECE):
                        yield piece
                    data = inflate.unconsumed_tail or inflate.unused_data
            # Output of the last input bytes may still be inside.
            while piece := inflate.decompress(b"", PIECE):
                yield piece
        except zlib.error as error:
            raise self._damaged(f"cannot be decompressed ({error})") from error
        if not inflate.eof:
            raise self._damaged("has compressed data that end early")

    def _damaged(self, why: str) -> IntegrityError:
        return IntegrityError(
            f"{self._archive} is damaged or forged: the member {self._name!r} {why}",
            "do not use it; fetch it again",
        )
