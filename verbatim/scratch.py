"""Private working folders that are removed after use, even if the process is killed.

A folder is locked by the process that works in it. A killed process leaves its folder unlocked, and
the next one to work in the same parent folder removes it.
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
#: The errors of file systems without flock(2), or without it for files that are open for reading only.
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
    """Whether a path is a working folder, or in one."""
    return any(part.startswith(_PREFIX) for part in path.parts)


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it, closed and read-only folders included; links are not followed.

    It removes trees of any depth: deeper folders are moved up first, so that no path
    gets longer than the system accepts.
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
    """Hold a folder's lock while the block runs; other processes that lock it wait.

    Raises CapabilityError if the folder's file system has no locks, as everything here that locks does.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, fcntl.LOCK_EX, folder)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """As `locked`, with a lock file, which is created and kept: for something that does not exist yet."""
    # Its fall-back is a file that a killed process would leave, and the next one would wait for.
    lock = FileLock(path, fallback_to_soft=False)
    with _refusals(path.parent):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def use(folder: Path) -> int:
    """Mark a folder as in use until this process ends or the descriptor, which it gives, is closed."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, fcntl.LOCK_SH, folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep others from starting to `use` a folder; raises BlockingIOError if it is in use now."""
    descriptor = _try_lock(folder)
    if descriptor is None:
        raise BlockingIOError(errno.EWOULDBLOCK, "in use", str(folder))
    try:
        yield
    finally:
        os.close(descriptor)


def _try_lock(folder: Path) -> int | None:
    """Lock a folder itself; None if another process works in it, or it no longer exists."""
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
    """flock(2); without waiting, raises BlockingIOError if another process has the lock."""
    with _refusals(folder):
        fcntl.flock(descriptor, operation)


@contextmanager
def _refusals(folder: Path) -> Iterator[None]:
    """Raise CapabilityError for a folder that cannot be locked, as on Lustre without ``-o flock`` and some network shares."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        raise CapabilityError(
            f"{folder} cannot be locked: {error.strerror or error}",
            "set VERBATIM_CACHE and --output to folders on a file system with flock(2), such as a local disk",
        ) from error
