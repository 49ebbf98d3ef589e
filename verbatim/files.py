"""Files that somebody names: regular ones are opened, once, and whatever else is there is refused without waiting for it."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from verbatim.errors import IntegrityError, UsageError

#: In bytes: no file of a release has a tenth of it.
LARGEST = 4 << 30

_REMEDY = "name the file itself, of a release"


def open_regular(
    path: Path, remedy: str = _REMEDY, *, largest: int = LARGEST, follows_links: bool = False
) -> BufferedReader:
    """Open a regular file of at most ``largest`` bytes to read, which may be anybody's.

    Nothing else is opened: a device never ends, a FIFO never begins. Raises IntegrityError for those, for a folder, for a
    larger file, and for a link if links are not followed. What is missing or may not be read raises what the system raises.
    """
    # Without O_NONBLOCK, opening a FIFO waits for somebody to write.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags if follows_links else flags | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise IntegrityError(f"{path} is a link, expected a regular file", remedy) from error
        if error.errno in (errno.ENXIO, errno.ENODEV):
            raise IntegrityError(
                f"{path} is a socket or a device, expected a regular file", remedy
            ) from error
        raise
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= largest:
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISREG(status.st_mode):
        raise IntegrityError(f"{path} has more than {largest:,} bytes", remedy)
    raise IntegrityError(f"{path} is not a regular file", remedy)


def check_new(path: Path, option: str) -> None:
    """Raise UsageError if a new file cannot take the place of what is at a path, which ``option`` names.

    A regular file may be replaced; a device, a FIFO or a link may not: that would be lost, and is hardly what was meant.
    """
    if not path.absolute().parent.is_dir():
        raise UsageError(
            f"{option} {path}: there is no folder for it", "name a file in a folder that is there"
        )
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(
            f"{option} {path} is there, and is not a regular file", "name a new file, or one to replace"
        )
