"""A job's inputs as one tar file, for engines that cannot mount this machine's folders."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from verbatim.archive.canonical import add_member, walk
from verbatim.sandboxing.contract import UID


def write_inputs(inputs: Mapping[str, Path], output: IO[bytes]) -> None:
    """Write what must be visible below ``/in``, with the modes and times that it has here.

    All of it belongs to the build's user, as it does in the sandbox.
    """
    with tarfile.open(fileobj=output, mode="w|", format=tarfile.PAX_FORMAT, encoding="utf-8") as tar:
        folders: set[str] = set()
        for name, path in sorted(inputs.items()):
            for folder in _parents(name):
                if folder not in folders:
                    folders.add(folder)
                    tar.addfile(_folder(folder))
            _add(tar, name, os.fsencode(path))


def _parents(name: str) -> Iterator[str]:
    parts = name.split("/")
    return ("/".join(parts[:length]) for length in range(1, len(parts)))


def _member(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.uid = info.gid = UID
    return info


def _folder(name: str) -> tarfile.TarInfo:
    info = _member(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info


def _add(tar: tarfile.TarFile, name: str, path: bytes) -> None:
    top = os.lstat(path)
    first = name.encode("utf-8", "surrogateescape")
    below = walk(path, first + b"/") if stat.S_ISDIR(top.st_mode) else ()
    for member, member_path, status in ((first, path, top), *below):
        info = _member(member.decode("utf-8", "surrogateescape"))
        info.mtime = int(status.st_mtime)
        add_member(tar, info, member_path, status)
