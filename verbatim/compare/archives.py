"""Which files are archives, by their names, and what is in one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from verbatim import console
from verbatim.compare.inventory import Gathered, Inventory, Kind
from verbatim.compare.tars import read_tar
from verbatim.compare.zips import read_zip

_ENDS: Mapping[str, Kind] = {
    **dict.fromkeys((".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2"), "tar"),
    **dict.fromkeys((".zip", ".epub"), "zip"),
}


def archive_kind(name: str) -> Kind | None:
    """What a file of this name has to be; None if it need not be an archive."""
    return next((kind for end, kind in _ENDS.items() if name.endswith(end)), None)


def uncompressed_name(name: str) -> str:
    """A tar archive's name without its end, which says how it is compressed; any other name as it is."""
    tars = (end for end, kind in _ENDS.items() if kind == "tar" and name.endswith(end))
    return name.removesuffix(next(tars, ""))


def read_inventory(path: Path, name: str) -> Inventory:
    """Read an archive in one pass; ``name`` is for messages, and says whether it has to be a zip archive.

    Raises IntegrityError if it is damaged, names a member twice, or has what no release has.
    """
    read = read_zip if archive_kind(name) == "zip" else read_tar
    with console.progress(f"reading {name}", unit="things") as advance:
        return read(path, name, Gathered(name, advance))
