"""Files that somebody names: only regular ones are opened, and anything else is refused without waiting for it."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from verbatim.errors import IntegrityError, UsageError

#: In bytes: ten times as much as any file of a release.
LARGEST = 4 << 30

_REMEDY = "name a release's file itself"


def open_regular(
    path: Path, remedy: str = _REMEDY, *, largest: int = LARGEST, follows_links: bool = False
) -> BufferedReader:
    """Open a regular file of at most ``largest`` bytes to read, which anyone may have made.

    Nothing else is opened: a device never ends, a FIFO never begins. Raises IntegrityError for those, for a folder, for a
    larger file, and for a link if links are not followed. A missing or unreadable file raises what the system raises.
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


def is_plain(path: Path) -> bool:
    """Whether there is a regular file that is not a link."""
    return path.is_file() and not path.is_symlink()


def check_new(path: Path, option: str) -> None:
    """Raise UsageError if a new file cannot be written at a path, which ``option`` names.

    It may replace a regular file, but no device, FIFO or link: losing those is hardly what the user meant.
    """
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{option} {path}: its folder does not exist", "name a file in an existing folder")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(
            f"{option} {path} exists and is not a regular file", "name a new file, or one to replace"
        )
