"""Files, opened once: regular ones, below a folder that is held open, never through a link. Open files can be checked again."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from verbatim_sign.errors import IntegrityError, PolicyError, UsageError

#: A file's name, without any character that is special to a shell, a terminal or a path.
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}"

#: In bytes, of what is read at once; the statement of a release with every artifact has some ten thousand.
LARGEST = 1 << 20
_MOST_FILES = 10_000
_KINDS = {"l": "a link", "p": "a FIFO", "c": "a device", "b": "a device", "s": "a socket", "d": "a folder"}
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Folder:
    """A folder, held open, so that replacing it has no effect."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor = descriptor
        self.path = path

    def names(self, folders: Collection[str] = ()) -> list[str]:
        """All names in it, sorted; raises IntegrityError for unusual ones, and for anything but regular files and these folders."""
        with os.scandir(self.descriptor) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        if len(found) > _MOST_FILES:
            raise IntegrityError(f"{self.path} holds {len(found)} files, expected at most {_MOST_FILES}")
        for entry in found:
            if not re.fullmatch(NAME_PATTERN, entry.name):
                raise IntegrityError(f"{self.path} has a file with the unusual name {entry.name!r}")
            mode = entry.stat(follow_symlinks=False).st_mode
            if not (stat.S_ISDIR(mode) if entry.name in folders else stat.S_ISREG(mode)):
                expected = "a folder" if entry.name in folders else "a regular file"
                raise IntegrityError(f"{self.path / entry.name} is {_kind(mode)}, expected {expected}")
        return [entry.name for entry in found]

    def open(self, name: str) -> int:
        """Open a regular file in it, and give its descriptor; raises IntegrityError if it is something else, or missing."""
        try:
            descriptor = os.open(name, _READ, dir_fd=self.descriptor)
        except OSError as error:
            what = "a link" if error.errno == errno.ELOOP else str(error.strerror).lower()
            raise IntegrityError(f"{self.path / name} cannot be read: {what}") from error
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise IntegrityError(f"{self.path / name} is {_kind(mode)}, expected a regular file")
        return descriptor

    def read(self, name: str, largest: int) -> bytes:
        """The bytes of a small file; raises IntegrityError for more than ``largest``."""
        with open(self.open(name), "rb") as file:
            data = file.read(largest + 1)
        if len(data) > largest:
            raise IntegrityError(f"{self.path / name} has more than {largest:,} bytes")
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a new file, completely or not at all; raises IntegrityError if the name exists."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            descriptor = os.open(name, flags, 0o644, dir_fd=self.descriptor)
        except FileExistsError as error:
            raise IntegrityError(f"{self.path / name} exists, and this run did not write it") from error
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            os.unlink(name, dir_fd=self.descriptor)
            raise
        os.fsync(self.descriptor)


@contextmanager
def opened(path: Path, below: Folder | None = None) -> Iterator[Folder]:
    """A folder, open while the block runs: one that the user names, or one in another, which must not be a link."""
    flags = _FOLDER if below else _FOLDER & ~os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, dir_fd=below.descriptor if below else None)
    except OSError as error:
        where = below.path / path if below else path
        raise UsageError(
            f"{where} is not a readable folder: {error.strerror}",
            "name a folder that holds dist/VERSION/ and attestations/VERSION/, without links",
        ) from error
    try:
        yield Folder(descriptor, below.path / path if below else path)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class OpenFile:
    """A file as it was when it was opened and hashed."""

    name: str
    folder: Folder
    descriptor: int
    sha256: str

    @classmethod
    def of(cls, folder: Folder, name: str) -> OpenFile:
        """Open and hash it; whoever calls closes it."""
        descriptor = folder.open(name)
        hashed = hashlib.sha256()
        for piece in _pieces(descriptor):
            hashed.update(piece)
        return cls(name, folder, descriptor, hashed.hexdigest())

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.descriptor)

    def refuse_change(self) -> None:
        """Raise IntegrityError if the name now means another file, or this one has other bytes."""
        try:
            now = os.stat(self.name, dir_fd=self.folder.descriptor, follow_symlinks=False)
            same = os.path.samestat(now, os.fstat(self.descriptor))
        except FileNotFoundError:
            same = False
        if not same:
            raise IntegrityError(f"{self.folder.path / self.name} was replaced since it was checked")
        self.read()

    def read(self) -> bytes:
        """The bytes that were hashed; raises IntegrityError if they have changed."""
        data = b"".join(_pieces(self.descriptor))
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise IntegrityError(f"{self.folder.path / self.name} was altered since it was checked")
        return data


def _pieces(descriptor: int) -> Iterator[bytes]:
    """All bytes of an open file, from its start, whatever its position."""
    at = 0
    while piece := os.pread(descriptor, 1 << 20, at):
        yield piece
        at += len(piece)


def read_trusted(path: Path, largest: int = LARGEST) -> bytes:
    """Read a file that decides what is signed: only root and this user may be able to change or replace it.

    So it, and each folder above it, must not be a link, must belong to one of the two, and must not be writable by others;
    but a folder of root may be sticky, as /tmp is. Raises PolicyError.
    """
    with ExitStack() as held:
        where, descriptor = Path("/"), os.open("/", _FOLDER)
        held.callback(os.close, descriptor)
        parts = Path(os.path.normpath(Path.cwd() / path)).parts[1:] or ("/",)
        for left, part in enumerate(parts, start=1 - len(parts)):
            where /= part
            try:
                descriptor = os.open(part, _FOLDER if left else _READ, dir_fd=descriptor)
            except OSError as error:
                reason = "it is a link" if where.is_symlink() else error.strerror
                raise PolicyError(
                    f"{path}: {where} cannot be used: {reason}", "name the file itself"
                ) from error
            held.callback(os.close, descriptor)
            refuse_shared(os.fstat(descriptor), where, plain=not left)
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(largest + 1)
    if len(data) > largest:
        raise PolicyError(f"{path} has more than {largest:,} bytes", "name the file itself")
    return data


def refuse_shared(status: os.stat_result, where: Path, *, plain: bool) -> None:
    """Raise PolicyError if others than root and this user can write to it; or, if ``plain``, unless it is a regular file."""
    if plain and not stat.S_ISREG(status.st_mode):
        raise PolicyError(f"{where} is not a regular file", "name the file itself")
    if status.st_uid not in (0, os.geteuid()):
        what = f"{where} belongs to user {status.st_uid}, expected root or you"
        raise PolicyError(what, "keep it in a folder of your own")
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX and status.st_uid == 0
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
        raise PolicyError(
            f"others can write to {where} (mode {stat.S_IMODE(status.st_mode):04o})", f"chmod go-w {where}"
        )


def _kind(mode: int) -> str:
    return _KINDS.get(stat.filemode(mode)[0], "a regular file")
