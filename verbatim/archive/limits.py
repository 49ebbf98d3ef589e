"""How much one archive may take of this machine: bytes that come out of it, members, and time.

A few hundred bytes can decompress to any number of them. Whoever reads an archive asks for bounded pieces and counts
each here, so a limit is met before memory, disk or patience ends.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from verbatim.archive.members import UnsafeMemberError
from verbatim.errors import IntegrityError

#: In bytes, of one archive: ten times the largest known artifact.
MOST_BYTES = 4 << 30
#: In bytes, of all archives that are unpacked into one folder: more than the largest environment needs.
MOST_BYTES_TOGETHER = 16 << 30
MOST_MEMBERS = 400_000
#: In seconds: a slow and busy machine reads the largest archive in a fifth of it.
MOST_SECONDS = 900.0
#: In bytes: how much a decompressor may be asked for at once.
PIECE = 1 << 16

_REMEDY = "do not use this archive; if it is an honest one, tell Verbatim's maintainers"


class ArchiveLimits:
    """Counts what one archive takes. Beyond a limit it raises IntegrityError, which names the limit."""

    def __init__(
        self,
        archive: str,
        *,
        most_bytes: int = MOST_BYTES,
        most_members: int = MOST_MEMBERS,
        most_seconds: float = MOST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``archive`` is its name for messages; ``clock`` gives seconds."""
        self._archive = archive
        self._most_bytes = most_bytes
        self._most_members = most_members
        self._most_seconds = most_seconds
        self._clock = clock
        self._end = clock() + most_seconds
        self._announced = 0
        self._bytes = 0
        self._members = 0

    @classmethod
    def together(cls, what: str) -> ArchiveLimits:
        """The limits of all archives that are unpacked into one folder; without a limit on time."""
        return cls(what, most_bytes=MOST_BYTES_TOGETHER, most_seconds=math.inf)

    def member(self, name: str, size: int) -> None:
        """Count a member and the bytes that it announces, before they are read."""
        self._announced += size
        self._members += 1
        if self._announced > self._most_bytes:
            raise UnsafeMemberError(
                self._archive, name, f"makes the archive larger than {_bytes(self._most_bytes)}"
            )
        if self._members > self._most_members:
            raise UnsafeMemberError(self._archive, name, f"is one more than {self._most_members} members")

    def piece(self, size: int) -> None:
        """Count bytes that came out of the archive, and check the time."""
        self._bytes += size
        if self._bytes > self._most_bytes:
            raise IntegrityError(f"{self._archive} is larger than {_bytes(self._most_bytes)}", _REMEDY)
        if self._clock() > self._end:
            raise IntegrityError(
                f"{self._archive} takes longer than {self._most_seconds:.0f} seconds to read", _REMEDY
            )


def _bytes(count: int) -> str:
    return f"{count >> 30} GiB" if count >= 1 << 30 and count % (1 << 30) == 0 else f"{count} bytes"
