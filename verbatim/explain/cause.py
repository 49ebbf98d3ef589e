"""The likely causes of a difference: those that explain all of it, or else that the contents differ.

A cause is only given if nothing of the difference remains once what it explains is removed. What is not shown
completely is never explained.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from verbatim.explain.findings import Finding, LineChange

#: Replaces what has been explained; no line of a finding contains it.
MARK = "\0"

#: The views of findings that diffoscope gives none.
CONTENTS, BYTES = "contents", "bytes"


class CauseKind(Enum):
    """How serious a difference of this cause is, the most serious first."""

    #: Somebody has to look.
    CONTENT = "content"
    #: In the files: apparently traces of the build's conditions.
    TRACE = "trace"
    #: Around the files, not in them.
    PACKING = "packing"

    @property
    def rank(self) -> int:
        """Its position in that order."""
        return list(CauseKind).index(self)


@dataclass(frozen=True)
class Cause:
    """A reason why builds differ."""

    name: str
    kind: CauseKind
    #: Its meaning, and what to do, in a sentence each.
    meaning: str
    remedy: str


CONTENT = Cause(
    "content",
    CauseKind.CONTENT,
    "No known cause explains it: the contents differ.",
    "Read the lines: was it built from the same source, or did someone change it?",
)
MEMBERS = Cause(
    "added or removed",
    CauseKind.CONTENT,
    "Only one of the two has the file.",
    "Find out what added it, or left it out.",
)
UNSEEN = Cause(
    "not seen whole",
    CauseKind.CONTENT,
    "Too large, too deep or too slow to be shown completely: what was not seen can be anything.",
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
    "Sort before writing; check that the order means nothing here.",
)
LOCALE = Cause(
    "locale",
    CauseKind.TRACE,
    "The locale decides how names are sorted, how characters are written and what messages say.",
    "Build with LC_ALL=C.UTF-8.",
)


@dataclass(frozen=True)
class Rule:
    """The traces of a cause."""

    cause: Cause
    #: What it explains in a line: the group ``it``, or else all that matches.
    pattern: re.Pattern[str]
    #: The views that it applies to, as a pattern of the whole name.
    views: re.Pattern[str]
    #: What replaces the explained text.
    mark: str = MARK
    #: Whether it removes the whole lines that it matches, however many there are.
    drops: bool = False
    #: The beginning of a comment that diffoscope must give. Then the lines need not be complete.
    comment: str = ""
    #: A pattern that must match the beginning of a changed line.
    needs: str = ""
    #: Whether it only explains lines that end with the name of a file which has its own finding.
    of_shown: bool = False
    #: Whether it only explains as many lines as there are files which have their own findings.
    per_shown: bool = False

    def applies(self, finding: Finding, shown: Collection[str] = frozenset()) -> bool:
        """Whether it can explain a part of a finding at all."""
        return (
            self.views.fullmatch(_view(finding)) is not None
            and (not self.comment or any(each.startswith(self.comment) for each in finding.comments))
            and (not self.needs or any(re.match(self.needs, line) for line in _changed(finding.changes)))
            and (not self.per_shown or self._most(finding) <= len(shown))
        )

    def _most(self, finding: Finding) -> int:
        """The larger number of lines of one side that it matches."""
        sides = zip(*((change.removed, change.added) for change in finding.changes), strict=True)
        return max(
            (sum(bool(self.pattern.search(line)) for part in side for line in part) for side in sides),
            default=0,
        )

    def without(self, lines: Sequence[str], shown: Collection[str]) -> list[str]:
        """Lines without what it explains."""
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
        start, end = (position - match.start() for position in match.span(group))
        return f"{match[0][:start]}{self.mark}{match[0][end:]}"


def likely_causes(
    finding: Finding, rules: Sequence[Rule], shown: Collection[str] = frozenset()
) -> tuple[Cause, ...]:
    """The causes that together explain a finding, in the order of ``rules``; where two could, the first.

    ``shown`` are the names of the files in this one that have findings of their own.
    """
    fitting = [rule for rule in rules if rule.applies(finding, shown)]
    remarked = [rule.cause for rule in fitting if rule.comment]
    if remarked and finding.is_looked_through:
        return (remarked[0],)
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
    """The causes that explain all of the changes, each of which is needed; None if something remains."""
    order = _order(finding)

    def left_by(some: Sequence[Rule]) -> _Left:
        return _left(changes, some, shown)

    # Most rules match nothing: no need to try without them.
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
    """What remains of changes; a higher value is more."""

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


#: The views that list the contents of an archive, and the pattern for the name in their lines.
LISTINGS = re.compile(r"file list|zipinfo \{\}")
_NAME = re.compile(r"\S{10} .{1,300}? \d\d:\d\d(?::\d\d\.\d{6})? (?P<name>.+)")
#: The views of text, in which the order of lines may come from the build.
TEXTS = re.compile(
    rf"{CONTENTS}|Pretty-printed|pdftotext .*|strings .*|sqlite3 .*|zipnote .*"
    r"|readelf .*--string-dump=.*|readelf .*--debug-dump=(info|line|rawline|str)\b.*"
)


def _order(finding: Finding) -> Cause | None:
    """The cause if only the order of lines differs; None where the order has a meaning."""
    view = _view(finding)
    if LISTINGS.fullmatch(view):
        return ORDER_OF_MEMBERS
    return ORDER_OF_LINES if TEXTS.fullmatch(view) else None


def _is_collated(finding: Finding) -> bool:
    """Whether one side is sorted by code point and the other as people sort, as far as it is shown."""
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
