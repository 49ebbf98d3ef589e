"""``invoke clean``: give the cache's space back. Nothing in it is worth more than the time to make it again."""

from __future__ import annotations

from pathlib import Path

from verbatim.errors import UsageError
from verbatim.paths import CACHE_TAG
from verbatim.scratch import alone_in, remove_tree

#: What the cache holds: environments, what benchmarks built, work left behind, logs; and what was downloaded.
_MADE = ("apt", "benchmarks", "disputed", "environments", "git", "images", "logs", "wheels", "work")
_DOWNLOADED = ("names", "partial", "sha256")


def clean_cache(cache: Path, *, downloads: bool) -> int:
    """Remove what is in the cache, and nothing that is not ours; give the bytes that were freed."""
    if not (cache / CACHE_TAG).is_file():
        raise UsageError(f"{cache} was not made by verbatim, so nothing is removed", "check VERBATIM_CACHE")
    names = (*_MADE, *(_DOWNLOADED if downloads else ()))
    try:
        with alone_in(cache):
            return sum(_remove(cache / name) for name in names)
    except BlockingIOError as error:
        raise UsageError(f"{cache} is in use by a build", "wait until it has ended") from error


def _remove(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    size = sum(path.lstat().st_size for path in folder.rglob("*"))
    remove_tree(folder)
    return size
