"""The records of a pax extended header: ``LENGTH KEYWORD=VALUE`` and a line feed (POSIX, pax, "pax Extended Header").

Each keyword is known and comes once, and each value is one that all readers take in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from verbatim.archive.header import OddHeaderError

TIMES = frozenset(("atime", "ctime", "mtime"))
OWNERS = frozenset(("gid", "gname", "uid", "uname"))
NAMES = frozenset(("linkpath", "path"))
#: What a member may have. ``size`` is not among them: some readers skip it, and every size that is not refused for
#: being too large fits into the header.
_KNOWN = TIMES | OWNERS | NAMES | {"comment"}

#: What libarchive's bsdtar writes by default, above all on macOS, and what changes neither a member's name,
#: kind, content nor rights. It is not unpacked, and never the same as an archive without it, but it is named.
_HARMLESS = re.compile(
    r"(LIBARCHIVE|SCHILY)\.xattr\.com\.apple\.[A-Za-z0-9._#-]+|LIBARCHIVE\.creationtime|SCHILY\.(dev|ino|nlink)"
)

#: Of a whole number of seconds, at most twelve digits, so that it is exact in what Python computes with.
_TIME = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")
_KEYWORD = re.compile(rb"[A-Za-z0-9._#-]+")
_LENGTH = re.compile(rb"[1-9][0-9]{0,6} ")


def read_records(data: bytes) -> dict[str, str]:
    """The values by their keywords; raises OddHeaderError for a header that no packer writes.

    Values of harmless keywords, which may be any bytes, are left out: see `foreign`.
    """
    records: dict[str, str] = {}
    unknown = []
    for keyword, value in _split(data):
        if keyword in records:
            raise OddHeaderError(f"has the header {keyword} twice")
        if _HARMLESS.fullmatch(keyword):
            records[keyword] = ""
        elif keyword == "size":
            raise OddHeaderError("has its size in an extended header, as if it were larger than any release")
        elif keyword not in _KNOWN:
            unknown.append(keyword)
        else:
            records[keyword] = _value(keyword, value)
    if unknown:
        raise OddHeaderError(f"has the headers {', '.join(sorted(unknown))}")
    return records


def is_git_comment(data: bytes) -> bool:
    """Whether records are what ``git archive`` puts before all members: the commit's object id, as a comment."""
    return re.fullmatch(rb"52 comment=[0-9a-f]{40}\n|76 comment=[0-9a-f]{64}\n", data) is not None


def foreign(records: dict[str, str]) -> tuple[str, ...]:
    """The harmless keywords among those of a member, sorted."""
    return tuple(sorted(set(records) - _KNOWN))


def _split(data: bytes) -> Iterator[tuple[str, bytes]]:
    if not data:
        raise OddHeaderError("has an extended header without any records")
    while data:
        length = _LENGTH.match(data)
        end = int(length[0]) if length else 0
        record = data[:end]
        keyword, equals, value = record[length.end() :].partition(b"=") if length else (b"", b"", b"")
        if len(record) != end or not equals or not value.endswith(b"\n") or not _KEYWORD.fullmatch(keyword):
            raise OddHeaderError(f"has an invalid record in its extended header: {data[:40]!r}")
        yield keyword.decode("ascii"), value[:-1]
        data = data[end:]


def _value(keyword: str, value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise OddHeaderError(f"has a header {keyword} that is not UTF-8") from error
    # An empty value cancels that of another header (POSIX), and not every reader knows that.
    if not text or "\0" in text:
        raise OddHeaderError(f"has a header {keyword} that is empty or has a NUL in it")
    if keyword in TIMES and not _TIME.fullmatch(text):
        raise OddHeaderError(f"has a time that is out of range: {keyword}={text[:40]}")
    if keyword in ("gid", "uid") and not _NUMBER.fullmatch(text):
        raise OddHeaderError(f"has a header {keyword} that is not a number: {text[:40]!r}")
    return text
