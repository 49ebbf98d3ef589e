"""The causes of the difference between two files, finding by finding, and why some may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verbatim.explain.cause import Cause, CauseKind, likely_causes
from verbatim.explain.findings import MOST_FINDINGS, Finding
from verbatim.explain.rules import RULES


@dataclass(frozen=True)
class Explained:
    """A finding, and its likely causes."""

    finding: Finding
    causes: tuple[Cause, ...]

    @property
    def kind(self) -> CauseKind:
        """The gravest of the causes' kinds."""
        return min((cause.kind for cause in self.causes), key=lambda kind: kind.rank)


@dataclass(frozen=True)
class Explanation:
    """All findings for one pair of files."""

    #: The gravest first.
    findings: tuple[Explained, ...] = ()
    #: Why some or all of the difference was not seen; empty if all was.
    unseen: str = ""

    @property
    def causes(self) -> dict[Cause, list[str]]:
        """Where each cause was found: the gravest cause first, each place once."""
        places: dict[Cause, dict[str, None]] = {}
        for each in self.findings:
            for cause in each.causes:
                places.setdefault(cause, {})[each.finding.member] = None
        grave = sorted(places, key=lambda cause: cause.kind.rank)
        return {cause: list(places[cause]) for cause in grave}


def explain_findings(findings: Sequence[Finding], is_whole: bool = True) -> Explanation:
    """Explain each finding of a pair; ``is_whole`` says whether these are all the findings."""
    below: dict[tuple[str, ...], set[str]] = {}
    for finding in findings:
        for depth, name in enumerate(finding.members):
            below.setdefault(finding.members[:depth], set()).add(name)
    explained = [
        Explained(finding, likely_causes(finding, RULES, below.get(finding.members, frozenset())))
        for finding in findings
    ]
    explained.sort(key=lambda each: each.kind.rank)
    if not is_whole:
        unseen = f"there are more than {MOST_FINDINGS:,} differences"
    elif any(not finding.is_looked_through for finding in findings):
        unseen = "diffoscope reached a limit of time or depth before it had seen all"
    else:
        unseen = ""
    return Explanation(tuple(explained), unseen)
