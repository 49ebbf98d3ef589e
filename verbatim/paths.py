"""Paths: the project's own folders, and the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from verbatim.errors import CapabilityError

PROJECT = Path(__file__).resolve().parent.parent
CONTAINERS = PROJECT / "containers"
TARGETS = PROJECT / "targets"
RECIPES = PROJECT / "recipes"
RELEASES = PROJECT / "releases"

#: Marks a folder as a cache, for backup programs and `invoke clean`: https://bford.info/cachedir/
CACHE_TAG = "CACHEDIR.TAG"


def cache_path() -> Path:
    """The path of the cache, which may not exist yet."""
    named = os.environ.get("VERBATIM_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("verbatim")


def cache_directory() -> Path:
    """The cache: ``VERBATIM_CACHE``, or ``verbatim`` in the user's own cache folder.

    It is private to the user, since environments are run from it; raises CapabilityError if it is not.
    """
    cache = cache_path().absolute()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = cache.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise CapabilityError(
            f"the cache {cache} belongs to another user, or others may write to it",
            "set VERBATIM_CACHE to a folder of your own",
        )
    if not any(cache.iterdir()):
        (cache / CACHE_TAG).write_text("Signature: 8a477f597d28d172789f06886806bc55\n", encoding="ascii")
    return cache
