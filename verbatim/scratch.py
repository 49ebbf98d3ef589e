"""Private working folders that never outlive their use by much.

A folder is locked by the process that works in it. Killed processes leave theirs behind unlocked, and
the next one to work in the same place removes them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = ".verbatim-partial-"


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


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it, read-only folders included; links are not followed."""
    if folder.is_symlink() or not folder.exists():
        return
    os.chmod(folder, 0o700)
    for path, directories, _ in os.walk(folder):
        for name in directories:
            directory = os.path.join(path, name)
            if not os.path.islink(directory):
                os.chmod(directory, 0o700)
    shutil.rmtree(folder)


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
    """Keep other processes that ask the same out of a folder while the block runs."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def use(folder: Path) -> int:
    """Note, until this process ends or the descriptor is closed, that a folder is in use."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
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
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
