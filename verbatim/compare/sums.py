"""SHA256SUMS: hashes by file name, as sha256sum(1) writes and checks them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from verbatim.digest import SHA256_PATTERN
from verbatim.errors import IntegrityError

_LINE = re.compile(rf"({SHA256_PATTERN}) [ *](.+)")
_REMEDY = "do not use it; ask whoever made it for another"


def write_sums(hashes: Mapping[str, str]) -> bytes:
    """The content of the file for these hashes, sorted by name."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(hashes.items())).encode()


def parse_sums(data: bytes, name: str) -> dict[str, str]:
    """The hashes by file name; ``name`` is the list's own, for messages.

    Raises IntegrityError for whatever sha256sum would not have written for regular files in one folder: a hash that is
    not 64 lower-case digits, a name twice or with a folder in it, half a line, nothing at all.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{name} is not UTF-8: {error}", _REMEDY) from error
    *lines, rest = text.split("\n")
    if rest or not lines:
        raise IntegrityError(f"{name} {'ends within a line' if rest else 'is empty'}", _REMEDY)
    hashes: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise IntegrityError(
                f"{name}, line {number}: expected 64 lower-case hexadecimal digits, two spaces and a name, got {line[:100]!r}",
                _REMEDY,
            )
        sha256, file = match.groups()
        if file in (".", "..") or "/" in file or "\\" in file or not file.isprintable():
            raise IntegrityError(f"{name}, line {number}: {file[:100]!r} is not a plain file name", _REMEDY)
        if file in hashes:
            raise IntegrityError(f"{name}, line {number}: {file!r} appears twice", _REMEDY)
        hashes[file] = sha256
    return hashes
