"""A job's inputs as one tar file, for engines that cannot mount this machine's folders."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from verbatim.engines.protocol import UID
from verbatim.errors import IntegrityError


def write_inputs(inputs: Mapping[str, Path], output: IO[bytes]) -> None:
    """Write what is to be seen below ``/in``, with the modes and times that it has here.

    All of it belongs to the build's user, since it does so in the sandbox as well.
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


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    info.uid = info.gid = UID
    return info


def _add(tar: tarfile.TarFile, name: str, path: bytes) -> None:
    status = os.lstat(path)
    info = tarfile.TarInfo(name)
    info.mode, info.mtime = stat.S_IMODE(status.st_mode), int(status.st_mtime)
    info.uid = info.gid = UID
    if stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
        for entry in sorted(os.listdir(path)):
            _add(tar, f"{name}/{entry.decode('utf-8', 'surrogateescape')}", path + b"/" + entry)
    elif stat.S_ISLNK(status.st_mode):
        info.type = tarfile.SYMTYPE
        info.linkname = os.readlink(path).decode("utf-8", "surrogateescape")
        tar.addfile(info)
    elif stat.S_ISREG(status.st_mode):
        info.size = status.st_size
        with open(path, "rb") as file:
            tar.addfile(info, file)
    else:
        raise IntegrityError(f"{os.fsdecode(path)} is neither a file, a folder nor a link", "remove it")
