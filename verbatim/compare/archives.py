"""Which files are archives, by their first bytes, and what is in one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from verbatim import console
from verbatim.archive.containers import Plain
from verbatim.archive.header import BLOCK, may_be_header
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.read import damage
from verbatim.archive.zip_headers import MAGICS
from verbatim.compare.inventory import ArchiveKind, Inventory, InventoryBuilder
from verbatim.compare.tars import read_tar
from verbatim.compare.zips import read_zip
from verbatim.errors import IntegrityError

#: As python.org and others name them, and as wget does when the name is taken.
_TAR = re.compile(r"(?P<stem>.*)\.(?:tar(?:\.(?:gz|xz|bz2))?|tgz|txz|tbz2?)(?:\.\d+)?", re.DOTALL)
_ZIP = re.compile(r".*\.(?:zip|epub)(?:\.\d+)?", re.DOTALL)


@dataclass(frozen=True)
class ArchiveForm:
    """The format of a file."""

    #: None if it is not an archive.
    kind: ArchiveKind | None
    #: Of a tar archive: gzip, xz or bzip2; empty for none.
    compression: str = ""


def form_of(path: Path, name: str) -> ArchiveForm:
    """A file's format by its first bytes; only if they show none, by its name."""
    with path.open("rb") as file:
        if file.read(4) in MAGICS:
            return ArchiveForm("zip")
        file.seek(0)
        try:
            with damage(name):
                plain = Plain(name, file, ArchiveLimits(name))
                is_tar = may_be_header(plain.take(BLOCK))
        except IntegrityError:
            return ArchiveForm(archive_kind(name))
    return ArchiveForm("tar", plain.compression) if is_tar else ArchiveForm(archive_kind(name))


def archive_kind(name: str) -> ArchiveKind | None:
    """The kind that a file of this name must be; None if it need not be an archive."""
    if _TAR.fullmatch(name):
        return "tar"
    return "zip" if _ZIP.fullmatch(name) else None


def uncompressed_name(name: str) -> str:
    """A tar archive's name without its ending (such as ``.tar.xz``); any other name unchanged."""
    found = _TAR.fullmatch(name)
    return found["stem"] if found else name


def read_inventory(path: Path, name: str) -> Inventory:
    """Read an archive in one pass; ``name`` is for messages.

    Raises IntegrityError if it is damaged, has a member twice, or has what no release has.
    """
    read = read_zip if form_of(path, name).kind == "zip" else read_tar
    with console.progress(f"reading {name}", unit="things") as advance:
        return read(path, name, InventoryBuilder(name, advance))
