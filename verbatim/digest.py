"""SHA-256, the one hash that decides."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import StringConstraints

SHA256_PATTERN = r"[0-9a-f]{64}"

#: 64 lower-case hexadecimal digits, as ``sha256sum`` prints them.
Sha256 = Annotated[str, StringConstraints(pattern=rf"^{SHA256_PATTERN}$", strict=True)]


def sha256_bytes(data: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 in the form of `Sha256`."""
    return re.fullmatch(SHA256_PATTERN, text) is not None


class SupportsWrite(Protocol):
    """Anything that bytes can be written to."""

    def write(self, data: bytes, /) -> object: ...


class SupportsRead(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; fewer only at the end."""


class HashingReader:
    """Reads from another source, and computes the SHA-256 of what was read; reports the size of each piece."""

    def __init__(self, source: SupportsRead, advance: Callable[[int], None] | None = None) -> None:
        self._source = source
        self._advance = advance
        self._hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        if self._advance is not None:
            self._advance(len(data))
        return data

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class HashingWriter:
    """A sink that computes the SHA-256 and the size of what is written, and passes the bytes on."""

    def __init__(self, onward: SupportsWrite | None = None) -> None:
        self._hash = hashlib.sha256()
        self._onward = onward
        self.size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        if self._onward is not None:
            self._onward.write(data)
        return len(data)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()
