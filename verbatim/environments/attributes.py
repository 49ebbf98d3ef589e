"""What a program in a root could notice although the root's digest does not cover it: times, owners, extended attributes, links.

They are set when a root is made, and checked before each use of one in the cache. Of a file's times only that of its
last change of content can be set; the others differ from machine to machine.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

#: Extended attributes that a program in the sandbox can see and that somebody has set, besides those of ``user.``.
#: Labels of security modules, and what network file systems keep there, belong to this machine.
_SET_BY_SOMEBODY = {"security.capability", "system.posix_acl_access", "system.posix_acl_default"}
_NANOSECONDS = 1_000_000_000


def settle(root: Path, time: int) -> None:
    """Give all files of a root the same time (in seconds since 1970), this user as owner, and no attributes.

    Hard links become separate files: what a build sees must not depend on where the tree was unpacked.
    """
    for folder, name in _entries(root):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            _separate(folder, name, status)
        if (status.st_uid, status.st_gid) != _owner():
            os.chown(name, *_owner(), dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISLNK(status.st_mode):
                os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=folder)
        for attribute in _attributes(folder, name):
            os.removexattr(_path(folder, name), attribute, follow_symlinks=False)
        os.utime(name, (time, time), dir_fd=folder, follow_symlinks=False)


def deviation(root: Path, time: int) -> str:
    """The first deviation from what `settle` left, to be read after the root's name; empty if there is none."""
    for folder, name in _entries(root):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        is_folder = stat.S_ISDIR(status.st_mode)
        found = {
            "has another time": status.st_mtime_ns != time * _NANOSECONDS,
            "has another owner": (status.st_uid, status.st_gid) != _owner(),
            "has a second name": status.st_nlink > 1 and not is_folder,
            "has extended attributes": any(_attributes(folder, name)),
        }
        for what, is_so in found.items():
            if is_so:
                path = os.path.relpath(os.readlink(f"/proc/self/fd/{folder}"), root)
                return f"{os.path.normpath(os.path.join(path, os.fsdecode(name)))} {what}"
    return "its folder has another mode" if stat.S_IMODE(root.lstat().st_mode) != 0o755 else ""


def _entries(root: Path) -> Iterator[tuple[int, bytes]]:
    """The descriptor of each folder with the names in it, deepest first; the root itself comes last, as ``.``."""
    top = os.fsencode(root)
    for folder, folders, files, descriptor in os.fwalk(top, topdown=False):
        # A link to a folder is among the folders, but not walked into.
        for name in (*files, *folders):
            yield descriptor, name
        if folder == top:
            yield descriptor, b"."


def _owner() -> tuple[int, int]:
    return os.geteuid(), os.getegid()


def _path(folder: int, name: bytes) -> bytes:
    """A path for calls that take no folder's descriptor: see proc(5)."""
    return b"/proc/self/fd/%d/%b" % (folder, name)


def _attributes(folder: int, name: bytes) -> list[str]:
    try:
        found = os.listxattr(_path(folder, name), follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise
    return [each for each in found if each in _SET_BY_SOMEBODY or each.startswith("user.")]


def _separate(folder: int, name: bytes, status: os.stat_result) -> None:
    """Replace one name of a file with several names by a separate copy."""
    copy = f".{secrets.token_hex(8)}".encode()
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    with open(source, "rb") as old, open(target, "wb") as new:
        shutil.copyfileobj(old, new, 1 << 18)
        os.fchmod(target, stat.S_IMODE(status.st_mode))
    os.rename(copy, name, src_dir_fd=folder, dst_dir_fd=folder)
