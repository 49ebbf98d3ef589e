"""The caches: folders in the user's cache, each registered by the module that fills it.

A path in there is only had from one of these, so that `invoke clean` knows them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from verbatim.paths import cache_directory

_REGISTERED: dict[str, Cache] = {}


@dataclass(frozen=True)
class Cache:
    """A folder of the cache, for one kind of things. Making one registers it."""

    #: The folder's name.
    name: str
    #: Whether it holds what came over the network, and so is dearer than what is made here.
    is_download: bool = False
    #: How many folders deep its entries lie, each of which is of use without the others.
    depth: int = 1
    #: Entries that are never removed: they are small, and something outside the cache depends on them.
    kept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.name in _REGISTERED:
            raise ValueError(f"there are two caches {self.name!r}")
        _REGISTERED[self.name] = self

    @property
    def folder(self) -> Path:
        """Where it is; raises what `cache_directory` raises."""
        return cache_directory() / self.name


def registered() -> Sequence[Cache]:
    """All whose modules are loaded, sorted by name."""
    return [cache for _, cache in sorted(_REGISTERED.items())]


#: What is worked in, by whatever command: nothing in it outlives its use, unless it is killed.
WORK = Cache("work")
#: What benchmarks build.
BENCHMARKS = Cache("benchmarks")
