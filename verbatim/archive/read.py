"""Reading an untrusted archive in one pass; every way of being unreadable is reported as damage."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from verbatim.archive.containers import Plain, Readable
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.tar import TarReader
from verbatim.errors import IntegrityError

__all__ = ["Readable", "damage", "read_member", "reading"]

#: In bytes: of a member that is read into memory.
_MOST_READ = 1 << 20


@contextmanager
def reading(
    archive: str,
    stream: Readable,
    *,
    limits: ArchiveLimits | None = None,
    on_plain: Callable[[bytes], object] | None = None,
) -> Iterator[TarReader]:
    """Open a tar archive, compressed or not, to be read in one pass; ``archive`` is its name for messages.

    ``on_plain`` gets each piece of the decompressed stream. The block must iterate over all members: what follows
    the last one is read then. Raises IntegrityError if the archive is damaged, exceeds a limit, or has what no release has.
    """
    with damage(archive):
        limits = limits or ArchiveLimits(archive)
        yield TarReader(archive, Plain(archive, stream, limits, on_plain), limits)


def read_member(archive: str, stream: Readable, name: str) -> bytes:
    """The content of one file of a tar archive, which is read to its end; ``name`` has no leading ``./``.

    Raises IntegrityError as `reading` does, and if there is no such file or it is larger than a mebibyte.
    """
    found = None
    with reading(archive, stream) as tar:
        for member in tar:
            if member.kind == "file" and "/".join(member.parts) == name and member.size <= _MOST_READ:
                found = b"".join(iter(tar.read, b""))
    if found is None:
        raise IntegrityError(f"{archive} has no file {name} of at most {_MOST_READ} bytes", "fetch it again")
    return found


@contextmanager
def damage(archive: str) -> Iterator[None]:
    """Raise IntegrityError, "is damaged", for every way in which an archive can be unreadable."""
    try:
        yield
    except (
        EOFError,
        OverflowError,
        RuntimeError,
        ValueError,
        lzma.LZMAError,
        zlib.error,
    ) as error:
        raise IntegrityError(
            f"{archive} is damaged: {str(error) or 'it ends early'}", "fetch it again"
        ) from error
    except OSError as error:
        # bz2 raises OSError without a number; the system's errors have one.
        if error.errno is not None:
            raise
        raise IntegrityError(f"{archive} is damaged: {error}", "fetch it again") from error
