"""What a member of an archive, or a file in a git tree, may be called and may point to.

Whoever makes an archive chooses these names; they are refused unless they can only mean one path
below the folder that is unpacked into.
"""

from __future__ import annotations

import re

from verbatim.errors import IntegrityError

_REMEDY = "do not use this archive; if it came from python.org or Debian, tell them"


#: In bytes: much longer than any known name, and short enough to exist below any folder.
_LONGEST = 1000
_LONGEST_PART = 255
#: As on Windows. bsdtar(1) removes it on every system, and then reads another name.
_DRIVE = re.compile(r"[A-Za-z]:")
#: In the year 2242, in seconds since 1970: what a tar header holds without an extension.
_LATEST = 1 << 33


class UnsafeMemberError(IntegrityError):
    """The archive has a member that no honest release has."""

    def __init__(self, archive: str, name: str, what: str) -> None:
        super().__init__(f"{archive}: the member {name!r} {what}", _REMEDY)


def member_parts(archive: str, name: str) -> tuple[str, ...]:
    """The components of a member's name; a leading ``./`` and a trailing ``/`` are removed.

    The top itself (``./``) has none. Raises UnsafeMemberError for an absolute name, ``..``, an empty
    or over-long component, a name that is not UTF-8, for control characters and backslashes, and for a drive
    letter, which bsdtar(1) removes.
    """
    if name.startswith("/"):
        raise UnsafeMemberError(archive, name, "has an absolute name")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnsafeMemberError(archive, name, "has a name that is not UTF-8") from error
    if "\\" in name or not all(character.isprintable() for character in name):
        raise UnsafeMemberError(archive, name, "has a name with control characters or backslashes")
    if _DRIVE.match(name):
        raise UnsafeMemberError(archive, name, "has a name that begins with a drive letter")
    if len(name.encode()) > _LONGEST:
        raise UnsafeMemberError(archive, f"{name[:40]}…", f"has a name of more than {_LONGEST} bytes")
    bare = name.removeprefix("./").removesuffix("/")
    if bare in ("", "."):
        return ()
    parts = tuple(bare.split("/"))
    for part in parts:
        if part == "..":
            raise UnsafeMemberError(archive, name, "leads out of the archive with '..'")
        if part in ("", ".") or len(part.encode()) > _LONGEST_PART:
            raise UnsafeMemberError(
                archive, name, "has a component that is empty, '.' or over 255 bytes long"
            )
    return parts


def check_time(archive: str, name: str, time: float) -> None:
    """Raise UnsafeMemberError for a member's time (seconds since 1970) that is out of range."""
    if not -_LATEST < time < _LATEST:
        raise UnsafeMemberError(archive, name, "has a time that is out of range")


def check_link(archive: str, parts: tuple[str, ...], target: str, *, absolute: bool = False) -> None:
    """Raise UnsafeMemberError if a symbolic link at ``parts`` leads out of the archive.

    ``absolute`` targets are for root file systems, where ``/`` is the root itself.
    """
    name = "/".join(parts)
    if not target or not all(character.isprintable() for character in target):
        raise UnsafeMemberError(archive, name, "is a link with an empty or unprintable target")
    if len(target.encode()) > _LONGEST:
        raise UnsafeMemberError(archive, name, f"is a link to a name of more than {_LONGEST} bytes")
    if target.startswith("/"):
        if not absolute:
            raise UnsafeMemberError(archive, name, f"is a link that leads out, to {target!r}")
        return
    depth = len(parts) - 1
    goes_down = False
    for part in target.split("/"):
        if len(part.encode()) > _LONGEST_PART:
            raise UnsafeMemberError(archive, name, f"is a link to a name of more than {_LONGEST_PART} bytes")
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
            goes_down = True
        # What is above a name that is itself a link may be anywhere.
        if depth < 0 or (goes_down and part == ".." and not absolute):
            raise UnsafeMemberError(archive, name, f"is a link that leads out, to {target!r}")
