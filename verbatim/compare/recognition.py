"""Which artifact of a release a file is, whatever it is called: by the folder at its top and its compression.

People's downloads are renamed by browsers (``Python-3.13.5 (1).tgz``), by wget (``….tgz.1``), and by distributions
(``python3.13_3.13.5.orig.tar.xz``).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from verbatim.archive.containers import Plain
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.read import damage
from verbatim.archive.tar import TarReader
from verbatim.archive.tar_member import TarMember
from verbatim.archive.zip import ZipMember, ZipReader
from verbatim.compare.archives import ArchiveForm, form_of
from verbatim.errors import IntegrityError

#: How the names of archives end, by their compression.
_ENDINGS = {"gzip": (".tgz", ".tar.gz"), "xz": (".tar.xz",), "bzip2": (".tar.bz2",), "": (".tar",)}
#: What browsers and wget add to a name that is taken.
_ADDED = re.compile(r" ?\(\d{1,4}\)(?=\.)|\.\d{1,4}\Z")
#: The folder at the top of an archive of CPython's names the version.
_VERSION = re.compile(
    r"(?:Python|python|cpython)-(3\.\d{1,3}\.\d{1,3}(?:(?:a|b|rc)\d{1,3})?)(?:-.*)?", re.DOTALL
)


def recognized(path: Path, wanted: Collection[str]) -> str | None:
    """The wanted artifact that a file stands for; None if it stands for none of them.

    A file with an artifact's own name stands for it, whatever it contains. Of any other the contents decide, and where
    these cannot be read, the name without what was added to it.
    """
    if path.name in wanted:
        return path.name
    form, top = _opened(path)
    if top is None:
        plain = _ADDED.sub("", path.name)
        return plain if plain in wanted else None
    endings = (".zip",) if form.kind == "zip" else _ENDINGS[form.compression]
    return next((f"{top}{ending}" for ending in endings if f"{top}{ending}" in wanted), None)


def version_in(path: Path) -> str | None:
    """The version that the folder at the top of an archive names; None if it names none, or cannot be read."""
    match = _VERSION.fullmatch(top_folder(path) or "")
    return match[1] if match else None


def top_folder(path: Path) -> str | None:
    """The first component of an archive's first member; None if the file is not an archive that can be read."""
    return _opened(path)[1]


def _opened(path: Path) -> tuple[ArchiveForm, str | None]:
    """A file's format, and what `top_folder` gives."""
    name, limits = path.name, ArchiveLimits(path.name)
    form = form_of(path, name)
    first: TarMember | ZipMember | None = None
    try:
        with damage(name), path.open("rb") as file:
            if form.kind == "zip":
                first = next(iter(ZipReader(name, file, limits).laid_out), None)
            elif form.kind == "tar":
                first = next(iter(TarReader(name, Plain(name, file, limits), limits)), None)
    except IntegrityError:
        return form, None
    return form, first.parts[0] if first is not None and first.parts else None
