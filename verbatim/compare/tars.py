"""A tar archive, member by member, in one pass and with nothing unpacked."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

from verbatim.archive.members import check_time
from verbatim.archive.read import compression_of, reading
from verbatim.compare.inventory import Content, Gathered, Inventory, Packing, body_sha256, telling_mode
from verbatim.digest import HashingReader
from verbatim.errors import IntegrityError

#: Pax headers (POSIX, pax) by what they are about; a tarball may have no others: they could carry privileges.
_TIMES = frozenset(("atime", "ctime", "mtime"))
_OWNERS = frozenset(("gid", "gname", "uid", "uname"))
_CONTENTS = frozenset(("linkpath", "path", "size"))
_KNOWN = _TIMES | _OWNERS | _CONTENTS | {"comment"}

#: The kinds of headers that hold pax headers: for one member, for all, and Solaris's.
_EXTENSIONS = b"xgX"


def read_tar(path: Path, name: str, gathered: Gathered) -> Inventory:
    """Read a tar archive, compressed or not.

    Raises IntegrityError if it is damaged, names a member twice, or has what no release has.
    """
    blocks: list[bytes] = []
    stream = hashlib.sha256()
    with path.open("rb") as file:
        compression = compression_of(file.read(16))
        file.seek(0)
        whole = HashingReader(file)
        with reading(name, whole, on_plain=stream.update, on_header=blocks.append) as tar:
            for info in tar:
                # tarfile would keep them all.
                tar.members = []  # type: ignore[attr-defined]
                _refuse_unknown_headers(name, info)
                check_time(name, info.name, info.mtime)
                place = gathered.claim(info.name, info.size)
                mode = telling_mode(info.mode, is_link=info.issym())
                # The headers of a member have all been read when it comes; the next one's have not.
                packing = _packing(info, blocks)
                blocks.clear()
                gathered.add(place, Content(_kind(info), mode, _body(tar, info)), packing)
    return Inventory(
        "tar",
        whole.sha256,
        stream.hexdigest(),
        compression,
        gathered.contents,
        gathered.packings,
        gathered.order,
    )


def _packing(info: tarfile.TarInfo, blocks: list[bytes]) -> Packing:
    return Packing(
        time=info.mtime,
        times=repr([info.pax_headers.get(key) for key in ("atime", "ctime")]),
        owner=f"{info.uname or info.uid}/{info.gname or info.gid}",
        owners=repr((info.uid, info.gid, info.uname, info.gname)),
        mode=info.mode,
        headers=_headers(info, blocks),
    )


def _headers(info: tarfile.TarInfo, blocks: list[bytes]) -> str:
    """A hash of how a member's headers are written, whatever times, owners and modes they say.

    An extension that says nothing else is left out: other times or owners may not need it.
    """
    said = {
        key: "" if key in _CONTENTS else value
        for key, value in info.pax_headers.items()
        if key not in _TIMES | _OWNERS
    }
    digest = hashlib.sha256(repr(sorted(said.items())).encode("utf-8", "surrogateescape"))
    for block in blocks:
        kind = block[156:157]
        if kind not in _EXTENSIONS or said:
            # Name, kind, target, format and its version; device, prefix and what else there is (POSIX, ustar).
            digest.update(block[:100] + block[156:265] + block[329:512])
    return digest.hexdigest()


def _refuse_unknown_headers(archive: str, info: tarfile.TarInfo) -> None:
    unknown = sorted(set(info.pax_headers) - _KNOWN)
    if unknown:
        raise IntegrityError(
            f"{archive}: the member {info.name!r} has the headers {', '.join(unknown)}",
            "do not use this archive",
        )


def _kind(info: tarfile.TarInfo) -> str:
    for kind, is_kind in {
        "file": info.isreg() and not info.issparse(),
        "folder": info.isdir(),
        "link": info.issym(),
        "hard link": info.islnk(),
    }.items():
        if is_kind:
            return kind
    return "special"


def _body(tar: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    kind = _kind(info)
    if kind in ("folder", "link", "hard link"):
        return info.linkname
    # Of a device there is none.
    content = tar.extractfile(info) if info.isreg() else None
    body = body_sha256(content) if content is not None else ""
    return body if kind == "file" else repr((info.type, info.linkname, info.devmajor, info.devminor, body))
