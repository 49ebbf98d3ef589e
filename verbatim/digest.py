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
    """Whether it is a SHA-256 as `Sha256` has them."""
    return re.fullmatch(SHA256_PATTERN, text) is not None


class SupportsWrite(Protocol):
    """Anything that takes bytes."""

    def write(self, data: bytes, /) -> object: ...


class SupportsRead(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer at the end."""


class HashingReader:
    """A source that keeps the SHA-256 of what is read from another one, and says how much that was."""

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
    """A sink that keeps the SHA-256 and the size of what is written, and hands the bytes on."""

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
