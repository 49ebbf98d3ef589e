"""A real release's tarball, packed anew with some member altered or smuggled in."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

Alter = Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes]]


def repacked(path: Path, alter: Alter, *more: tarfile.TarInfo) -> bytes:
    """A release tarball, packed anew with some member altered or smuggled in."""
    made = io.BytesIO()
    with (
        tarfile.open(path) as theirs,
        gzip.GzipFile(fileobj=made, mode="wb", compresslevel=1, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as ours,
    ):
        for info in theirs:
            content = theirs.extractfile(info) if info.isreg() else None
            altered, data = alter(info, content.read() if content else b"")
            altered.size = len(data)
            ours.addfile(altered, io.BytesIO(data))
        for info in more:
            ours.addfile(info)
    return made.getvalue()


def same(info: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return info, data


def one_byte(info: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    if info.name == "Python-3.13.5/configure":
        data = bytes([data[0] ^ 1]) + data[1:]
    return info, data


def one_mode(info: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    if info.name == "Python-3.13.5/README.rst":
        info.mode = 0o755
    return info, data


def smuggled() -> tarfile.TarInfo:
    info = tarfile.TarInfo("Python-3.13.5/m4/build-to-host.m4")
    info.mtime = 1749656217
    return info
