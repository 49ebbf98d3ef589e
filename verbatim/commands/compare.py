"""``invoke compare``: two builds, artifact by artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from verbatim.compare.comparison import File, some
from verbatim.compare.pairs import Pair, compare_sets
from verbatim.errors import MismatchError, UndecidedError
from verbatim.evidence.artifact_sets import open_artifacts
from verbatim.explain.explanation import Explanation


@dataclass(frozen=True)
class Compared:
    """Pairs of artifacts with their verdicts. The files of the pairs may be gone when the task ends."""

    pairs: Sequence[Pair]
    #: By the artifact's name, what explains the difference; empty without ``--explain``.
    explanations: Mapping[str, Explanation] = field(default_factory=dict, kw_only=True)

    @property
    def unequal(self) -> list[tuple[str, File, File]]:
        """By the artifact's name, the pairs that differ and whose bytes are available: those to explain."""
        return [
            (pair.name, pair.first, pair.second)
            for pair in self.pairs
            if pair.first is not None
            and pair.second is not None
            and pair.first.sha256 != pair.second.sha256
            and pair.first.path is not None
            and pair.second.path is not None
        ]

    def raise_for_difference(self) -> None:
        """Raise MismatchError if anything differs or has no partner, UndecidedError if that could not be determined."""
        different = self._judged("different")
        if different:
            raise MismatchError(f"{some(different)}: different", "see the differences above")
        undecided = self._judged("undecided", "unpublished")
        if undecided:
            raise UndecidedError(
                f"{some(undecided)}: it could not be determined whether they are the same",
                "compare where the bytes of both are available",
            )

    def _judged(self, *judgements: str) -> list[str]:
        return [pair.name for pair in self.pairs if pair.verdict.judgement in judgements]


#: A comparison, or what it is a part of.
AnyCompared = TypeVar("AnyCompared", bound=Compared)


def compare_builds(first: Path, second: Path) -> Compared:
    """Compare the builds at two paths; raises what `open_artifacts` raises.

    A refused archive is different, and the others still get verdicts.
    """
    return Compared(compare_sets(open_artifacts(first), open_artifacts(second)))
