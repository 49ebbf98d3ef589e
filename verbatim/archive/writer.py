"""The one way to write below a folder that others fill: no link is followed, and nothing is overwritten.

Every path is reached from the folder's own descriptor, one component after the other, with openat(2) and
``O_NOFOLLOW``; every file is new (``O_EXCL``). So whatever links an archive or a package has put there, no byte and no
name outside the folder changes.
"""

from __future__ import annotations

import errno
import os
import stat
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from verbatim.archive.containers import Readable
from verbatim.errors import IntegrityError

#: The components of a path, relative to the folder; none for the folder itself.
Parts = tuple[str, ...]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
#: Opening a pipe that is in the way would wait for its other end.
_OLD_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_IN_THE_WAY = {errno.EEXIST, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}
_PIECE = 1 << 18


class OccupiedError(IntegrityError):
    """Something else is at the path of a file, a folder or a link, or of a folder above it."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(
            f"{'/'.join(parts)!r} cannot be written: a link or another file is in its way",
            "do not use what it came from; if that is Debian's or python.org's, tell them",
        )


class Writer:
    """Writes below one folder. Several threads may use it at once.

    Each method raises OccupiedError for what is in its way. Modes do not depend on the umask.
    """

    def __init__(self, folder: Path) -> None:
        self._top = os.open(folder, _FOLDER)
        weakref.finalize(self, os.close, self._top)

    def make_folder(self, parts: Parts, mode: int = 0o700) -> None:
        """Make a folder, which must be new; its parent must exist."""
        with self._holder(parts) as (holder, name):
            os.mkdir(name, 0o700, dir_fd=holder)
        if mode != 0o700:
            self.set_mode(parts, mode)

    def ensure_folder(self, parts: Parts, mode: int = 0o755) -> None:
        """Make a folder and those above it that are missing, each with that mode."""
        for length in range(1, len(parts) + 1):
            with self._holder(parts[:length]) as (holder, name):
                try:
                    os.mkdir(name, 0o700, dir_fd=holder)
                except FileExistsError:
                    os.close(os.open(name, _FOLDER, dir_fd=holder))
                    continue
            self.set_mode(parts[:length], mode)

    def set_mode(self, parts: Parts, mode: int) -> None:
        """Set a folder's mode, which the umask does not limit."""
        with self._folder(parts) as folder:
            os.fchmod(folder, mode)

    def write(self, parts: Parts, content: Readable, mode: int) -> None:
        """Write a new file; its mode is set last, so that nobody runs a part of it."""
        with self._holder(parts) as (holder, name):
            descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=holder)
        with open(descriptor, "wb") as file:
            while piece := content.read(_PIECE):
                file.write(piece)
            os.fchmod(descriptor, mode)

    def link(self, parts: Parts, target: str) -> None:
        """Make a symbolic link; its target is not checked."""
        with self._holder(parts) as (holder, name):
            os.symlink(target.encode(), name, dir_fd=holder)

    def target(self, parts: Parts) -> bytes:
        """The target of the link at a path."""
        with self._holder(parts) as (holder, name):
            return os.readlink(name, dir_fd=holder)

    @contextmanager
    def reading(self, parts: Parts) -> Iterator[IO[bytes]]:
        """Open an existing regular file to read."""
        with self._holder(parts) as (holder, name):
            descriptor = os.open(name, _OLD_FILE, dir_fd=holder)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OccupiedError(parts)
            yield file

    @contextmanager
    def _folder(self, parts: Parts) -> Iterator[int]:
        """A folder's descriptor, while the block runs."""
        with _named(parts):
            descriptor = self._open(parts)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _open(self, parts: Parts) -> int:
        descriptor = os.open(b".", _FOLDER, dir_fd=self._top)
        for part in parts:
            above = descriptor
            try:
                descriptor = os.open(part.encode(), _FOLDER, dir_fd=above)
            finally:
                os.close(above)
        return descriptor

    @contextmanager
    def _holder(self, parts: Parts) -> Iterator[tuple[int, bytes]]:
        """The descriptor of the folder above a path, and the last component."""
        with self._folder(parts[:-1]) as holder, _named(parts):
            yield holder, parts[-1].encode()


@contextmanager
def _named(parts: Parts) -> Iterator[None]:
    """Raise OccupiedError, which names the path, for what is in the way."""
    try:
        yield
    except OSError as error:
        if error.errno in _IN_THE_WAY:
            raise OccupiedError(parts) from error
        raise
