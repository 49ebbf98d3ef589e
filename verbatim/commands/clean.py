"""``invoke clean``: empty the cache. Everything in it can be made or fetched again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from verbatim.caches import Cache, registered
from verbatim.commands import build
from verbatim.engines import docker
from verbatim.environments import resolve
from verbatim.errors import UsageError
from verbatim.paths import CACHE_TAG
from verbatim.scratch import alone_in, remove_tree

#: Modules that fill caches, with those that they need: a cache is registered when its module is loaded.
FILLED_BY = (build, docker, resolve)

_DAY = 24 * 3600


def clean_cache(cache: Path, *, downloads: bool, days: int = 0) -> int:
    """Remove from the cache what Verbatim put there; give the number of bytes freed.

    With ``days``, only what was neither used nor changed for so many days. Raises UsageError if the folder is not a
    cache of Verbatim's, or is in use.
    """
    if not (cache / CACHE_TAG).is_file():
        raise UsageError(f"{cache} was not made by verbatim, so nothing is removed", "check VERBATIM_CACHE")
    before = time.time() - days * _DAY
    chosen = [each for each in registered() if downloads or not each.is_download]
    try:
        with alone_in(cache):
            return sum(_clean(cache / each.name, each, before if days else None) for each in chosen)
    except BlockingIOError as error:
        raise UsageError(f"{cache} is in use by a build", "wait until it has ended") from error


def _clean(folder: Path, cache: Cache, before: float | None) -> int:
    """Remove one cache, or what of it was last used before a time, in seconds since 1970."""
    if before is None and not cache.kept:
        return _remove(folder)
    return sum(
        _remove(entry)
        for entry in list(_entries(folder, cache.depth))
        if entry.name not in cache.kept and (before is None or _last_use(entry) < before)
    )


def _entries(folder: Path, depth: int) -> Iterator[Path]:
    if not folder.is_dir() or folder.is_symlink():
        return
    for entry in folder.iterdir():
        if depth == 1:
            yield entry
        else:
            yield from _entries(entry, depth - 1)


def _last_use(path: Path) -> float:
    """When it was last read or changed, as far as the file system notes that (mount(8): relatime)."""
    status = path.lstat()
    return max(status.st_atime, status.st_mtime, status.st_ctime)


def _remove(path: Path) -> int:
    """Give the bytes that it had; a link is left alone."""
    if path.is_symlink() or not path.exists():
        return 0
    if path.is_file():
        size = path.stat().st_size
        path.unlink()
        return size
    size = sum(each.lstat().st_size for each in path.rglob("*"))
    remove_tree(path)
    return size
