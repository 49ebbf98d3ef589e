"""Private working folders that never outlive their use by much.

A folder is locked by the process that works in it. Killed processes leave theirs behind unlocked, and
the next one to work in the same place removes them.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from verbatim.errors import CapabilityError

_PREFIX = ".verbatim-partial-"
#: How file systems say that they have no flock(2), or none for what is only open to be read.
_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Yield a new folder below ``parent`` that only this user may enter; remove it afterwards.

    If the folder was renamed meanwhile, it has become a result, and stays.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with locked(parent):
        _remove_abandoned(parent)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = _try_lock(folder)
    try:
        yield folder
    finally:
        remove_tree(folder)
        if lock is not None:
            os.close(lock)


def is_in_scratch(path: Path) -> bool:
    """Whether a path is that of a working folder, or lies in one."""
    return any(part.startswith(_PREFIX) for part in path.parts)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it, closed and read-only folders included; links are not followed.

    Whatever a build leaves can be removed, however deep: what lies deeper is moved up before, so that no path
    gets longer than the system takes.
    """
    if folder.is_symlink() or not folder.exists():
        return
    os.chmod(folder, 0o700)
    names = (f".{secrets.token_hex(8)}-{number}" for number in itertools.count())
    while entries := _entries(folder):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry)
                continue
            os.chmod(entry, 0o700)
            for below in _entries(Path(entry)):
                if below.is_dir(follow_symlinks=False):
                    os.chmod(below, 0o700)
                    os.rename(below, folder / next(names))
                else:
                    os.unlink(below)
            os.rmdir(entry)
    os.rmdir(folder)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        if folder.lstat().st_uid != os.geteuid():
            continue
        lock = _try_lock(folder)
        if lock is not None:
            remove_tree(folder)
            os.close(lock)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes that ask the same out of a folder while the block runs.

    Raises CapabilityError if the folder's file system knows no locks; so does all else here that locks.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, fcntl.LOCK_EX, folder)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """As `locked`, by a file for just that, which is made and stays; for what is in a folder and not there yet."""
    # Its own way out would be a file that whoever is killed leaves behind, and the next one waits for.
    lock = FileLock(path, fallback_to_soft=False)
    with _refusals(path.parent):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def use(folder: Path) -> int:
    """Note, until this process ends or the descriptor is closed, that a folder is in use."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, fcntl.LOCK_SH, folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep others from beginning to `use` a folder; raises BlockingIOError if one does so now."""
    descriptor = _try_lock(folder)
    if descriptor is None:
        raise BlockingIOError(errno.EWOULDBLOCK, "in use", str(folder))
    try:
        yield
    finally:
        os.close(descriptor)


def _try_lock(folder: Path) -> int | None:
    """Lock a folder itself; None where another process works in it (or it has just gone)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, folder)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, operation: int, folder: Path) -> None:
    """flock(2); raises BlockingIOError if it is not to wait and somebody else has the lock."""
    with _refusals(folder):
        fcntl.flock(descriptor, operation)


@contextmanager
def _refusals(folder: Path) -> Iterator[None]:
    """Say of which folder the system has no lock, as on Lustre without ``-o flock`` and on some network shares."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise CapabilityError(
            f"{folder} cannot be locked: {error.strerror or error}",
            "set VERBATIM_CACHE and --output to folders on a file system with flock(2), such as a local disk",
        ) from error
