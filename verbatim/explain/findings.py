"""Reading diffoscope's report, difference by difference. It describes hostile files, and is untrusted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from verbatim.errors import IntegrityError

#: How many differences are read from one report, and how deeply archives may be nested.
MOST_FINDINGS = 1_000
_DEEPEST = 40
#: Characters of a line: a longer one counts as not shown completely.
LONGEST_LINE = 4_000

#: What recipes/explain puts before the names of what is inside another file.
_MEMBER = "member:"
#: Where diffoscope has left lines out.
_CUT_LINE = re.compile(r"[-+ ]\[ (\d+ lines removed|Too much input for diff .*) \]$")
_BYTES = re.compile(r"[-+ ][0-9a-f]{8}: ")
_CUT_COMMENT = re.compile(
    r"Timeout exceeded|Reached max container depth|diff is not available|duplicate entries"
)


@dataclass(frozen=True)
class LineChange:
    """Consecutive lines of the first file, and those of the second in their place."""

    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """One difference, as diffoscope shows it."""

    #: The file in the artifact, the file in that file, and so on; empty for the artifact itself.
    members: tuple[str, ...]
    #: How diffoscope viewed it, such as ``file list``; empty for its plain contents.
    view: str
    #: The lines of a unified diff, without headers of files.
    diff: tuple[str, ...]
    #: What diffoscope remarks.
    comments: tuple[str, ...] = ()

    @property
    def member(self) -> str:
        """The members in one line."""
        return " › ".join(self.members)

    @property
    def changes(self) -> list[LineChange]:
        """The changed lines, without their context."""
        changes: list[tuple[list[str], list[str]]] = []
        inside = False
        for line in self.diff:
            if line.startswith("\\"):
                # "No newline at end of file", about the line before.
                if inside:
                    side = changes[-1][1] or changes[-1][0]
                    side[-1] += " (without its end)"
                continue
            if not line.startswith(("-", "+")):
                inside = False
                continue
            if not inside:
                changes.append(([], []))
            inside = True
            changes[-1][line.startswith("+")].append(line[1:])
        return [LineChange(tuple(removed), tuple(added)) for removed, added in changes]

    @property
    def is_whole(self) -> bool:
        """Whether all that differs is shown."""
        is_cut = any(len(line) > LONGEST_LINE or _CUT_LINE.match(line) for line in self.diff)
        return bool(self.diff) and self.is_looked_through and not is_cut

    @property
    def is_looked_through(self) -> bool:
        """Whether diffoscope read it to the end, though it may not show all."""
        return not any(_CUT_COMMENT.search(comment) for comment in self.comments)

    @property
    def is_bytes(self) -> bool:
        """Whether the lines are those of a hex dump."""
        lines = [line for line in self.diff if not _CUT_LINE.match(line) and not line.startswith("@@ ")]
        return not self.view and bool(lines) and all(map(_BYTES.match, lines))


class _Node(BaseModel):
    """One node of the report (diffoscope's presenters/json.py)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source1: str
    source2: str
    comments: list[str] = []
    has_internal_linenos: bool = False
    unified_diff: str | None
    details: list[_Node] = []


class _Report(_Node):
    version: Literal[1] = Field(alias="diffoscope-json-version")


def read_findings(report: bytes) -> tuple[list[Finding], bool]:
    """The differences in a report, in its order, and whether these are all of them.

    Raises IntegrityError if the report has an unknown shape.
    """
    try:
        # Names need not be Unicode: the standard library takes what Pydantic does not.
        text = json.dumps(json.loads(report), ensure_ascii=False).encode("utf-8", "replace")
        root = _Report.model_validate_json(text)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"diffoscope's report cannot be read: {_first_line(error)}") from error
    findings: list[Finding] = []
    for finding in _walk(root):
        if len(findings) == MOST_FINDINGS:
            return findings, False
        findings.append(finding)
    return findings, True


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return str(error.errors(include_url=False, include_input=False)[0]["msg"])
    return str(error).partition("\n")[0][:200]


def _walk(
    node: _Node, members: tuple[str, ...] = (), view: str = "", remarks: tuple[str, ...] = ()
) -> Iterator[Finding]:
    """``remarks`` are the comments on the node's parents."""
    comments = (*remarks, *node.comments)
    shown = Finding(members, view, _lines(node.unified_diff or ""), comments)
    is_own = shown.diff or not node.details or any(map(_CUT_COMMENT.search, comments))
    if is_own:
        # Without lines and parts it differs in an unknown way.
        yield shown
    if len(members) >= _DEEPEST:
        yield Finding(members, view, (), ("Reached max container depth",))
        return
    for number, detail in enumerate(node.details):
        passed_on = comments if number == 0 and not is_own else ()
        name = detail.source1
        if name.startswith(_MEMBER):
            yield from _walk(detail, (*members, name.removeprefix(_MEMBER)), "", passed_on)
        else:
            yield from _walk(detail, members, " / ".join(filter(None, (view, name))), passed_on)


def _lines(diff: str) -> tuple[str, ...]:
    # NUL marks what has been explained, see verbatim.explain.cause.
    lines: Sequence[str] = diff.replace("\0", "�").split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)
