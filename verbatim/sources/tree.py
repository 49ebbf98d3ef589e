"""The files of a commit's tree, as a release has them: contents by their SHA-256, with the requested line ends.

Nothing is exported: git lists the tree, and computes each object's id when it unpacks the commit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from verbatim.errors import IntegrityError
from verbatim.scratch import scratch
from verbatim.sources.git import GitSource
from verbatim.sources.repository import GIT, Entry, Repository

#: Attributes with which git converts contents on checkout (gitattributes(5)), besides ``text`` and ``eol``; CPython uses none.
_CONVERSIONS = ("crlf", "export-subst", "filter", "ident", "working-tree-encoding")
#: The values of an attribute that asks for nothing.
_UNASKED = ("unspecified", "unset")


@dataclass(frozen=True)
class TreeFile:
    """A file or link of a tree."""

    kind: Literal["file", "link"]
    is_executable: bool
    #: The SHA-256 of a file's bytes as a release has them, or a link's target.
    body: str
    #: Whether these bytes have CRLF where the blob has LF, as the tree's own .gitattributes asks for.
    has_crlf: bool = False


def read_tree(source: GitSource) -> dict[str, TreeFile]:
    """All files and links of the commit's tree, by name.

    Raises IntegrityError if .gitattributes asks for another conversion than that of line ends.
    """
    with scratch(GIT.folder) as work:
        git = Repository(work)
        git.unpack(source.commit, source.pack)
        entries = list(git.entries(source.commit))
        names = [entry.name for entry in entries]
        attributes = git.attributes(source.commit, names, ("text", "eol", *_CONVERSIONS))
        contents = git.contents([entry.identity for entry in entries])
        return {
            entry.name: _tree_file(entry, attributes[entry.name], pieces)
            for entry, pieces in zip(entries, contents, strict=True)
        }


def _tree_file(entry: Entry, attributes: Mapping[str, str], pieces: Iterable[bytes]) -> TreeFile:
    if entry.is_link:
        return TreeFile("link", False, b"".join(pieces).decode("utf-8", "surrogateescape"))
    has_crlf = _asks_for_crlf(entry.name, attributes)
    sha256 = hashlib.sha256()
    for piece in with_crlf(pieces) if has_crlf else pieces:
        sha256.update(piece)
    return TreeFile("file", entry.mode == "100755", sha256.hexdigest(), has_crlf)


def _asks_for_crlf(name: str, attributes: Mapping[str, str]) -> bool:
    """Whether a file is text with CRLF; raises IntegrityError for what no release's .gitattributes asks for."""
    asked = [attribute for attribute in _CONVERSIONS if attributes[attribute] not in _UNASKED]
    is_text_with_crlf = attributes["eol"] == "crlf" and attributes["text"] != "unset"
    # Git would guess from its content whether it is text.
    if is_text_with_crlf and attributes["text"] not in ("set", "unspecified"):
        asked.append(f"text={attributes['text']}")
    if asked:
        raise IntegrityError(
            f"{name}: .gitattributes asks for {', '.join(asked)}, expected no conversion but text eol=crlf",
            "find out who committed that, and why",
        )
    return is_text_with_crlf


def with_crlf(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces with CR before each LF that has none, as git writes files with ``text eol=crlf``."""
    before = b""
    for piece in filter(None, pieces):
        yield re.sub(rb"(?<!\r)\n", b"\r\n", before + piece)[len(before) :]
        before = b"\r" if piece.endswith(b"\r") else b""
