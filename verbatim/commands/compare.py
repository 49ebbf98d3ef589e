"""``invoke compare``: two builds, artifact by artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from verbatim.compare.comparison import Comparison, File, Judgement, compare_files, some
from verbatim.explain.explanation import Explanation
from verbatim.errors import IntegrityError, MismatchError, UndecidedError
from verbatim.evidence.artifact_sets import Side, open_side


@dataclass(frozen=True)
class Pair:
    """An artifact of two builds, and what is to be said of it."""

    name: str
    #: None where only the other build has it.
    first: File | None
    second: File | None
    judgement: Judgement
    text: str
    comparison: Comparison | None = None
    #: What accounts for the difference, if that was asked for.
    explanation: Explanation | None = field(default=None, kw_only=True)
    #: Why one of the two was refused, which makes it different.
    refusal: IntegrityError | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Compared:
    """What came of a comparison. The files of its pairs may be gone when the task ends."""

    pairs: Sequence[Pair]

    @property
    def unequal(self) -> list[tuple[str, File, File]]:
        """The pairs that are not identical and at hand: what there is to explain, by the artifact's name."""
        return [
            (pair.name, pair.first, pair.second)
            for pair in self.pairs
            if pair.first is not None
            and pair.second is not None
            and pair.first.sha256 != pair.second.sha256
            and pair.first.path is not None
            and pair.second.path is not None
        ]

    def refuse_difference(self) -> None:
        """Raise MismatchError if anything differs or has no partner, UndecidedError if it could not be told."""
        different = [pair.name for pair in self.pairs if pair.judgement == "different"]
        if different:
            raise MismatchError(f"{some(different)}: not the same", "what differs is said above")
        undecided = [pair.name for pair in self.pairs if pair.judgement == "undecided"]
        if undecided:
            raise UndecidedError(
                f"{some(undecided)}: it could not be told whether they are the same",
                "compare where the bytes of both are at hand",
            )


#: A comparison, or what it is a part of.
AnyCompared = TypeVar("AnyCompared", bound=Compared)


def compare_builds(first: Path, second: Path) -> Compared:
    """Compare what is at two places; raises what `open_side` raises.

    An archive that is refused is different, and the others have a verdict of their own; if all are, that is raised.
    """
    ours, theirs = open_side(first), open_side(second)
    if ours.is_single and theirs.is_single:
        [one], [other] = ours.files.values(), theirs.files.values()
        pairs = [_pair(one.name, one, other)]
    else:
        pairs = [_pair(name, *pair) for name, pair in sorted(_paired(ours, theirs).items())]
    refusals = [pair.refusal for pair in pairs if pair.refusal is not None]
    if refusals and len(refusals) == len(pairs):
        raise refusals[0]
    return Compared(pairs)


def _paired(ours: Side, theirs: Side) -> dict[str, tuple[File | None, File | None]]:
    """By name; then by being the same archive, otherwise compressed; then those that only one has.

    One file beside a whole build is only held against its partner there.
    """
    pairs: dict[str, tuple[File | None, File | None]] = {}
    taken: set[str] = set()
    for name, file in ours.files.items():
        partner = theirs.partner(name) if file.path is not None else theirs.files.get(name)
        pairs[name] = (file, partner)
        taken.update({partner.name} if partner else ())
    if theirs.is_single and taken:
        return {name: pair for name, pair in pairs.items() if pair[1] is not None}
    for name, file in theirs.files.items():
        if name not in taken and not ours.is_single:
            pairs[name] = (ours.partner(name) if file.path is not None else None, file)
    return pairs


def _pair(name: str, first: File | None, second: File | None) -> Pair:
    if first is None or second is None:
        return Pair(name, first, second, "different", f"only in {'the first' if first else 'the second'}")
    try:
        comparison = compare_files(first, second)
    except IntegrityError as error:
        return Pair(name, first, second, "different", f"different: {error.message}", refusal=error)
    return Pair(name, first, second, comparison.judgement, describe(comparison), comparison)


def describe(comparison: Comparison, first: str = "the first", second: str = "the second") -> str:
    """A comparison in a line; the two files are called ``first`` and ``second``."""
    match comparison.judgement:
        case "equivalent":
            return f"equivalent ({', '.join(comparison.stabilizers)}): the contents are the same"
        case "different":
            differences = comparison.differences(first, second)
            return f"different: {some(differences) or 'they are not archives, and their contents differ'}"
        case "undecided":
            return f"undecided: {comparison.reason}"
        case _:
            return "identical"
