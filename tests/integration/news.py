"""Takes Misc/NEWS apart again, into the files that ``blurb merge`` makes it of.

CPython's repository has a file ``Misc/NEWS.d/VERSION.rst`` for each version, with the entries in the order of
Misc/NEWS, each a body below lines of metadata; ``..`` stands between two entries. A release has only Misc/NEWS.
What is lost there, the time and the nonce of an entry, ``blurb merge`` does not read, and is made up here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

_VERSION = re.compile(r"\n\nWhat's New in Python (.+)\?\n=+\n\n\*Release date: (.+)\*\n\n")
_SECTION = re.compile(r"^(\S.*)\n-{3,}\n\n", re.MULTILINE)
_ENTRY = re.compile(r"^- ", re.MULTILINE)
_ISSUE = re.compile(r"(?:(?P<cve>CVE-\d+-\d+)(?:, |:\s))?(?:(?P<kind>gh|bpo)-(?P<number>\d+):\s)?")
_END = "\n**(For information about older versions, consult the HISTORY file.)**\n"

_WIDTH = 76


def split_news(news: str) -> dict[str, str]:
    """The files of ``Misc/NEWS.d``, by name, that ``blurb merge`` makes this text of."""
    _, *versions = _VERSION.split(news.removesuffix(_END))
    return {
        f"{_short(version)}.rst": "\n..\n\n".join(_entries(text, date))
        for version, date, text in zip(versions[::3], versions[1::3], versions[2::3], strict=True)
    }


def _short(version: str) -> str:
    """The version as files are named: ``3.13.0rc1`` for "3.13.0 release candidate 1"."""
    for long, short in {" final": "", " release candidate ": "rc", " beta ": "b", " alpha ": "a"}.items():
        version = version.replace(long, short)
    return version


def _entries(text: str, date: str) -> Iterator[str]:
    """The entries of one version; the first one also tells when it was released."""
    above, *sections = _SECTION.split(text)
    if not sections:
        metadata = {"bpo": "0", "no changes": "True", "release date": date, "section": "Library"}
        yield _entry(metadata, above.strip())
    released = {"release date": date}
    for section, entries in zip(sections[::2], sections[1::2], strict=True):
        for wrapped in _ENTRY.split(entries)[1:]:
            body = _unwrapped(wrapped.rstrip("\n"))
            issue = _ISSUE.match(body)
            assert issue is not None
            metadata = {"gh-issue" if issue["kind"] == "gh" else "bpo": issue["number"] or "0"}
            cve = {"cve": issue["cve"]} if issue["cve"] else {}
            yield _entry({**cve, **metadata, **released, "section": section}, body[issue.end() :])
            released = {}


def _entry(metadata: dict[str, str], body: str) -> str:
    made_up = {"date": "2001-01-01-00-00-00", "nonce": "abcdef"}
    lines = [f".. {name}: {value}\n" for name, value in sorted({**metadata, **made_up}.items())]
    return f"{''.join(lines)}\n{body}\n"


def _unwrapped(entry: str) -> str:
    """An entry without its indentation, which ``blurb`` makes (that before its first line is off already).

    ``blurb`` wraps paragraphs, but not lists, nor what follows a line that ends in ``::``.
    """
    paragraphs = []
    is_kept = False
    for number, paragraph in enumerate(entry.split("\n\n")):
        lines = [line.removeprefix("  ") for line in paragraph.split("\n")]
        is_kept = is_kept or (number > 0 and lines[0].startswith(("* ", "- ", "1. ", "#. ")))
        paragraphs.append("\n".join(lines) if is_kept else _with_two_spaces(lines))
        is_kept = lines[-1].endswith("::")
    return "\n\n".join(paragraphs)


def _with_two_spaces(lines: list[str]) -> str:
    """A paragraph that ``blurb`` wraps, with the two spaces that it had after some sentences.

    Where a line was broken although the next word would have fitted, there were two of them. Elsewhere
    they are still there, or made no difference.
    """
    joined = lines[0]
    for before, after in itertools.pairwise(lines):
        word, _, _ = after.partition(" ")
        would_fit = 2 + len(before) + 1 + len(word) <= _WIDTH
        joined += ("  " if would_fit else "\n") + after
    return joined
