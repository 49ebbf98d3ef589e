"""Turns errors of the operating system into Verbatim's own, except for those that only a bug in Verbatim can cause."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import ssl
from collections.abc import Iterable, Sequence
from pathlib import Path

from verbatim.errors import CapabilityError, NetworkError, VerbatimError
from verbatim.log import without_secrets
from verbatim.paths import cache_path
from verbatim.scratch import is_in_scratch

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
#: What this machine refuses or cannot do: permissions, limits, hardware, file systems.
_REFUSED = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ETXTBSY),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOLCK, errno.EMLINK),
    *(errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EILSEQ),
    *(errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOEXEC, errno.EPIPE),
}
#: What depends on the path: the user's mistake if the user named it, otherwise a bug.
_OF_PATHS = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.EINVAL}
_UNREACHED = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}

_OF_THE_KERNEL = {("proc",), ("sys",), ("dev",)}

_OWN_FOLDERS = "set --output and VERBATIM_CACHE to folders of your own"


def as_verbatim_error(error: OSError, named: Iterable[object]) -> VerbatimError | None:
    """The error to show the user; None if it is a bug in Verbatim.

    ``named`` are the values of the options: a string may be a path.
    """
    what = f"{error.strerror or error}: {error.filename or 'a file that was being read or written'}"
    if error.errno in _FULL:
        return CapabilityError(
            what, "free some space, or set --output and VERBATIM_CACHE to where there is more"
        )
    if _is_of_network(error):
        return NetworkError(
            without_secrets(str(error)), "check the connection, the proxy and the certificates"
        )
    if error.errno in _REFUSED:
        return CapabilityError(what, f"check that path, or {_OWN_FOLDERS}")
    if error.errno in _OF_PATHS:
        return _of_path(what, error, [value for value in named if isinstance(value, str)])
    return None


def _is_of_network(error: OSError) -> bool:
    if isinstance(error, BrokenPipeError):
        # Usually of a pipe, not of a connection.
        return False
    is_known = isinstance(error, ConnectionError | TimeoutError | socket.gaierror | ssl.SSLError)
    # The HTTP client's errors are OSErrors as well; this avoids importing it.
    return (
        is_known
        or error.errno in _UNREACHED
        or any(kind.__module__.partition(".")[0] == "requests" for kind in type(error).__mro__)
    )


def _of_path(what: str, error: OSError, named: Sequence[str]) -> VerbatimError | None:
    if error.filename is None:
        # As for the current folder, and in Python for the folder of temporary files.
        remedy = "check that the current folder and that for temporary files exist"
        return CapabilityError(what, remedy) if error.errno == errno.ENOENT else None
    name = os.fsdecode(error.filename)
    if error.errno == errno.ENOENT and "/" not in name and name not in named and shutil.which(name) is None:
        # As subprocess reports a missing program.
        return CapabilityError(f"there is no program {name} on this machine", f"install {name}")
    path = _absolute(name)
    if path.parts[1:2] in _OF_THE_KERNEL:
        return CapabilityError(what, "check that it is mounted")
    if _is_users(path, [_absolute(text) for text in named if text]) and not is_in_scratch(path):
        return CapabilityError(what, f"check that path, or {_OWN_FOLDERS}")
    return None


def _is_users(path: Path, given: Sequence[Path]) -> bool:
    """Whether the user named it, a folder above it, or something in it; or it is the cache or above the cache."""
    cache = _absolute(str(cache_path()))
    is_given = any(path == each or path in each.parents or each in path.parents for each in given)
    return is_given or path == cache or path in cache.parents


def _absolute(text: str) -> Path:
    """An absolute path without following links, even if the current folder has been removed."""
    try:
        current = os.getcwd()
    except FileNotFoundError:
        current = "/"
    return Path(os.path.normpath(os.path.join(current, text)))
