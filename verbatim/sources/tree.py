"""The files of a commit's tree, as a release has them: contents by their SHA-256, with the line ends asked for.

Nothing is exported: git says what is in the tree, and works out each object's id when it unpacks the commit.
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

#: What changes contents on the way out of git (gitattributes(5)), besides ``text`` and ``eol``; CPython uses none.
_CONVERSIONS = ("crlf", "export-subst", "filter", "ident", "working-tree-encoding")
#: Of an attribute that asks for nothing.
_UNASKED = ("unspecified", "unset")


@dataclass(frozen=True)
class TreeFile:
    """A file or link of a tree."""

    kind: Literal["file", "link"]
    is_executable: bool
    #: The SHA-256 of a file's bytes as a release has them, or a link's target.
    body: str
    #: Whether these bytes have CRLF where the blob has LF, as the tree's own .gitattributes ask for.
    has_crlf: bool = False


def read_tree(source: GitSource) -> dict[str, TreeFile]:
    """All files and links of the commit's tree, by name.

    Raises IntegrityError if a file is to be converted in another way than by its line ends.
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
    """Whether a file is text with CRLF; raises IntegrityError for what no release's .gitattributes ask for."""
    asked = [attribute for attribute in _CONVERSIONS if attributes[attribute] not in _UNASKED]
    is_text_with_crlf = attributes["eol"] == "crlf" and attributes["text"] != "unset"
    # Whether it is text git would then guess from its content.
    if is_text_with_crlf and attributes["text"] not in ("set", "unspecified"):
        asked.append(f"text={attributes['text']}")
    if asked:
        raise IntegrityError(
            f"{name}: .gitattributes ask for {', '.join(asked)}, expected no conversion but text eol=crlf",
            "find out who committed that, and what for",
        )
    return is_text_with_crlf


def with_crlf(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces with CR before each LF that has none, as git writes files with ``text eol=crlf``."""
    before = b""
    for piece in filter(None, pieces):
        yield re.sub(rb"(?<!\r)\n", b"\r\n", before + piece)[len(before) :]
        before = b"\r" if piece.endswith(b"\r") else b""
