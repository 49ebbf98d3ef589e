"""The likely cause of a difference: what accounts for all of it that is shown, or else that the contents differ.

A cause is only given if nothing of the difference is left once what it accounts for is taken away. What is not shown
whole is never explained.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from verbatim.explain.findings import Finding, LineChange

#: Stands for what has been explained; no line of a finding holds it.
MARK = "\0"

#: What a finding without a view is looked at as.
CONTENTS, BYTES = "contents", "bytes"


class CauseKind(Enum):
    """How a difference of this cause is to be taken, the gravest first."""

    #: Somebody has to look.
    CONTENT = "content"
    #: In the files: what the build left there of its surroundings, by the look of it.
    TRACE = "trace"
    #: Around the files, not in them.
    PACKING = "packing"

    @property
    def rank(self) -> int:
        """Its place in that order."""
        return list(CauseKind).index(self)


@dataclass(frozen=True)
class Cause:
    """Why builds differ."""

    name: str
    kind: CauseKind
    #: What it means, and what to do about it, in a sentence each.
    meaning: str
    remedy: str


CONTENT = Cause(
    "content",
    CauseKind.CONTENT,
    "Nothing known accounts for it: the contents are not the same.",
    "Read the lines: was it built from the same source, or did someone change it?",
)
MEMBERS = Cause(
    "added or removed",
    CauseKind.CONTENT,
    "A file is in one of the two only.",
    "Find out what put it there, or left it out.",
)
UNSEEN = Cause(
    "not seen whole",
    CauseKind.CONTENT,
    "Too large, too deep or too slow to be shown whole: what was not seen can be anything.",
    "Unpack both, and compare this file by hand.",
)
ORDER_OF_MEMBERS = Cause(
    "order of members",
    CauseKind.PACKING,
    "The same files, packed in another order, such as that in which a file system lists them.",
    "Sort what is packed: tar --sort=name, or a sorted list of names.",
)
ORDER_OF_LINES = Cause(
    "order of lines",
    CauseKind.TRACE,
    "The same lines in another order, as of a hash table, a listing of a folder, or a race.",
    "Sort before writing; see that the order means nothing here.",
)
LOCALE = Cause(
    "locale",
    CauseKind.TRACE,
    "The locale decides how names are sorted, how characters are written and what messages say.",
    "Build with LC_ALL=C.UTF-8.",
)


@dataclass(frozen=True)
class Rule:
    """What a cause leaves behind."""

    cause: Cause
    #: What it accounts for in a line: the group ``it``, or else all that matches.
    pattern: re.Pattern[str]
    #: The views that it is looked for in, as a pattern of all of the name.
    views: re.Pattern[str]
    #: What takes the place.
    mark: str = MARK
    #: Whether the lines that it finds are gone, however many there are.
    drops: bool = False
    #: What diffoscope must remark, at the beginning of a remark. Then the lines need not be seen whole.
    comment: str = ""
    #: A pattern of the beginning of a line that must be among the changed ones.
    needs: str = ""
    #: Whether it only accounts for lines that end with the name of a file which is itself shown to differ.
    of_shown: bool = False
    #: Whether it only accounts for as many lines as there are files which are themselves shown to differ.
    per_shown: bool = False

    def applies(self, finding: Finding, shown: Collection[str] = frozenset()) -> bool:
        """Whether it may be looked for in a finding at all."""
        return (
            self.views.fullmatch(_view(finding)) is not None
            and (not self.comment or any(said.startswith(self.comment) for said in finding.comments))
            and (not self.needs or any(re.match(self.needs, line) for line in _changed(finding.changes)))
            and (not self.per_shown or self._most(finding) <= len(shown))
        )

    def _most(self, finding: Finding) -> int:
        """How many lines of either side it finds."""
        sides = zip(*((change.removed, change.added) for change in finding.changes), strict=True)
        return max(
            (sum(bool(self.pattern.search(line)) for part in side for line in part) for side in sides),
            default=0,
        )

    def without(self, lines: Sequence[str], shown: Collection[str]) -> list[str]:
        """Lines without what it accounts for."""
        left = (self._line(line, shown) for line in lines)
        return [line for line in left if line is not None]

    def _line(self, line: str, shown: Collection[str]) -> str | None:
        if self.of_shown and not any(line.endswith(f" {name}") for name in shown):
            return line
        if self.drops:
            return None if self.pattern.fullmatch(line) else line
        return self.pattern.sub(self._marked, line)

    def _marked(self, match: re.Match[str]) -> str:
        group = "it" if "it" in self.pattern.groupindex else 0
        start, end = (place - match.start() for place in match.span(group))
        return f"{match[0][:start]}{self.mark}{match[0][end:]}"


def likely_causes(
    finding: Finding, rules: Sequence[Rule], shown: Collection[str] = frozenset()
) -> tuple[Cause, ...]:
    """The causes that together account for a finding, in the order of ``rules``; where two could, the first.

    ``shown`` are the names of the files in this one that have findings of their own.
    """
    fitting = [rule for rule in rules if rule.applies(finding, shown)]
    said = [rule.cause for rule in fitting if rule.comment]
    if said and finding.is_looked_through:
        return (said[0],)
    if not finding.is_whole:
        return (UNSEEN,)
    in_both, lonely = _without_lonely(finding)
    explained = _explained(finding, fitting, shown, in_both) if any(in_both) else ()
    if explained is None:
        explained = (CONTENT,)
    return (MEMBERS, *explained) if lonely else explained or (CONTENT,)


def _explained(
    finding: Finding, rules: Sequence[Rule], shown: Collection[str], changes: Sequence[LineChange]
) -> tuple[Cause, ...] | None:
    """The causes that account for all of the changes, each of which is needed; None if something is left."""
    order = _order(finding)

    def left_by(some: Sequence[Rule]) -> _Left:
        return _left(changes, some, shown)

    # Most rules find nothing: no need to try without them.
    needed = [rule for rule in rules if _finds_anything(rule, changes, shown)]
    whole = left_by(needed)
    if whole is _Left.OTHER or (whole is _Left.ORDER and order is None):
        return None
    for rule in reversed(needed):
        fewer = [other for other in needed if other is not rule]
        if left_by(fewer).value <= whole.value:
            needed = fewer
    causes = [rule.cause for rule in needed]
    if whole is _Left.ORDER and order is not None:
        is_collated = order is ORDER_OF_LINES and _is_collated(finding)
        causes.append(LOCALE if is_collated else order)
    return tuple(dict.fromkeys(causes))


class _Left(Enum):
    """What is left of changes; the more the worse."""

    NOTHING = 0
    ORDER = 1
    OTHER = 2


def _left(changes: Sequence[LineChange], rules: Sequence[Rule], shown: Collection[str]) -> _Left:
    removed, added = [], []
    is_same = True
    for change in changes:
        before, after = list(change.removed), list(change.added)
        for rule in rules:
            before, after = rule.without(before, shown), rule.without(after, shown)
        is_same = is_same and before == after
        removed += before
        added += after
    if is_same:
        return _Left.NOTHING
    return _Left.ORDER if sorted(removed) == sorted(added) else _Left.OTHER


def _finds_anything(rule: Rule, changes: Sequence[LineChange], shown: Collection[str]) -> bool:
    return any(
        rule.without(lines, shown) != list(lines)
        for change in changes
        for lines in (change.removed, change.added)
    )


def _changed(changes: Sequence[LineChange]) -> Iterator[str]:
    return (line for change in changes for line in (*change.removed, *change.added))


def _view(finding: Finding) -> str:
    return BYTES if finding.is_bytes else finding.view or CONTENTS


#: The views that list what is in an archive, and what in their lines is the name.
LISTINGS = re.compile(r"file list|zipinfo \{\}")
_NAME = re.compile(r"\S{10} .{1,300}? \d\d:\d\d(?::\d\d\.\d{6})? (?P<name>.+)")
#: The views of text, in which the order of lines may come from the build.
TEXTS = re.compile(
    rf"{CONTENTS}|Pretty-printed|pdftotext .*|strings .*|sqlite3 .*|zipnote .*"
    r"|readelf .*--string-dump=.*|readelf .*--debug-dump=(info|line|rawline|str)\b.*"
)


def _order(finding: Finding) -> Cause | None:
    """What it is if only the order of lines differs; None where the order is the meaning."""
    view = _view(finding)
    if LISTINGS.fullmatch(view):
        return ORDER_OF_MEMBERS
    return ORDER_OF_LINES if TEXTS.fullmatch(view) else None


def _is_collated(finding: Finding) -> bool:
    """Whether one side is sorted by code and the other one as people sort, as far as it is shown."""
    first, second = ([line[1:] for line in finding.diff if line[:1] in (mark, " ")] for mark in "-+")
    return len(first) > 3 and any(
        by_code == sorted(by_code) and by_people == sorted(by_people, key=str.casefold)
        for by_code, by_people in ((first, second), (second, first))
    )


def _without_lonely(finding: Finding) -> tuple[list[LineChange], bool]:
    """The changes of a listing without the lines of files that only one side has, and whether there are any."""
    changes = finding.changes
    if not LISTINGS.fullmatch(_view(finding)):
        return changes, False
    lonely = _names(line for change in changes for line in change.removed) ^ _names(
        line for change in changes for line in change.added
    )

    def kept(lines: Sequence[str]) -> tuple[str, ...]:
        return tuple(line for line in lines if not _names([line]) & lonely)

    rest = [LineChange(kept(change.removed), kept(change.added)) for change in changes]
    return [change for change in rest if change.removed or change.added], bool(lonely)


def _names(lines: Iterable[str]) -> set[str]:
    return {match["name"] for line in lines if (match := _NAME.fullmatch(line))}
