"""How commands read their options' values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from verbatim.addresses import showable
from verbatim.errors import UsageError
from verbatim.files import check_new
from verbatim.paths import cache_directory
from verbatim.report.generated import check_page

if TYPE_CHECKING:
    from verbatim.fetch import Fetcher

#: Downloads at a time, unless ``--jobs`` is given.
JOBS = os.cpu_count() or 1


def named(option: str, path: str) -> Path:
    """The path that an option names; raises UsageError if it is empty, or an address."""
    if not path:
        raise UsageError(f"{option} is empty", "name a file or a folder")
    if "://" in path:
        raise UsageError(f"{option}: {showable(path)} is an address", "name a file or a folder")
    return Path(path)


def new_file(option: str, path: str) -> Path:
    """The path of a file to write; raises UsageError, before any work is done, if a file cannot be written there."""
    check_new(named(option, path), option)
    return Path(path)


def new_page(path: str) -> Path:
    """The path of a page that ``--html`` names; raises UsageError, before any work is done, if it cannot be written there."""
    page = named("--html", path)
    check_page(page)
    return page


def optional(path: str) -> Path | None:
    """The path that an option names; None if the option is empty."""
    return Path(path) if path else None


def fetcher_for(*, offline: bool = False, jobs: int = JOBS) -> Fetcher:
    """A fetcher that downloads into this user's cache; raises UsageError if ``jobs`` is not at least 1."""
    from verbatim.fetch import Fetcher
    from verbatim.store import Store

    if jobs < 1:
        raise UsageError(f"--jobs is {jobs}, expected at least 1")
    return Fetcher(Store(cache_directory()), offline=offline, jobs=jobs)
