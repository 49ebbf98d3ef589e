"""Files that a build found in the place of its results, with other bytes: it moves them aside, as ``NAME.replaced-1``.

They are kept for their owner. No command takes them for artifacts.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable
from pathlib import Path

from verbatim import console
from verbatim.evidence.untrusted import hash_file
from verbatim.files import is_plain

_REPLACED = re.compile(r"(?P<name>.+)\.replaced-[1-9][0-9]*", re.DOTALL)


def replaced_name(name: str) -> str | None:
    """The name that a file had before it was moved aside; None for any other file."""
    match = _REPLACED.fullmatch(name)
    return match["name"] if match else None


def keep_replaced(folder: Path, result: Path, names: Iterable[str]) -> None:
    """Keep in ``result`` what ``folder`` has under these names with other bytes, and what was moved aside there before.

    ``result`` is about to take the place of ``folder``. Warns of each file that it moves aside.
    """
    for path in sorted(folder.iterdir()):
        if replaced_name(path.name) is not None:
            os.link(path, result / path.name, follow_symlinks=False)
    for name in sorted(names):
        path = folder / name
        if os.path.lexists(path) and not _is_same(path, result / name):
            aside = _aside(path, result)
            console.warn(f"{path} was not what this build made; moved aside, to {folder / aside}")


def _aside(path: Path, result: Path) -> str:
    """Link a file into ``result`` under the next name that is free; one that was moved aside before is not kept twice."""
    for number in itertools.count(1):
        name = f"{path.name}.replaced-{number}"
        if not os.path.lexists(result / name):
            os.link(path, result / name, follow_symlinks=False)
            return name
        if _is_same(path, result / name):
            return name
    raise AssertionError("numbers do not end")


def _is_same(first: Path, second: Path) -> bool:
    """Whether both are regular files with the same bytes; large ones are not read if their sizes differ."""
    if not is_plain(first) or not is_plain(second) or first.stat().st_size != second.stat().st_size:
        return False
    return hash_file(first) == hash_file(second)
