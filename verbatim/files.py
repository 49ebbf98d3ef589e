"""Files that somebody names: plain ones are opened, once, and whatever else is there is refused without waiting for it."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from verbatim.errors import IntegrityError, UsageError

#: In bytes: no file of a release has a tenth of it.
LARGEST = 4 << 30


def open_plain(path: Path, *, follow: bool = False) -> BufferedReader:
    """Open a plain file of at most `LARGEST` bytes to read; a link to one as well, with ``follow``.

    Raises IntegrityError for a folder, a FIFO, a device, a link, and a file that is larger. What is missing, or may not be
    read, raises what the system raises.
    """
    # Whoever opens a FIFO otherwise waits for somebody to write to it.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        # A link, or a socket or a device that nothing is behind.
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
            raise _not_plain(path) from error
        raise
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST:
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISREG(status.st_mode):
        raise IntegrityError(
            f"{path} has {status.st_size:,} bytes, expected at most {LARGEST:,}", "name a file of the release"
        )
    raise _not_plain(path)


def check_new(path: Path, option: str) -> None:
    """Raise UsageError if a new file cannot take the place of what is at a path, which ``option`` names.

    A plain file may be replaced; a device, a FIFO or a link may not: that would be lost, and is hardly what was meant.
    """
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f"{option} {path}: there is no folder for it", "name a file in a folder that is there"
        )
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(
            f"{option} {path} is there, and is not a plain file", "name a new file, or a plain one to replace"
        )


def _not_plain(path: Path) -> IntegrityError:
    return IntegrityError(f"{path} is not a plain file", "name the file itself, not a link, folder or device")
