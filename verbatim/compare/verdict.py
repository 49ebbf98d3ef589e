"""The verdict on an artifact compared with another one: a judgement, and the reason in words."""

from __future__ import annotations

from dataclasses import dataclass

from verbatim.compare.comparison import Comparison, Judgement, some


@dataclass(frozen=True)
class Verdict:
    """A command's verdict on an artifact, which decides the exit status."""

    judgement: Judgement
    text: str
    #: Its comparison, if both files were read; ours is the first.
    comparison: Comparison | None = None
    #: Whether the published hash differs and no file could be read to explain that: it must not pass as a match.
    is_unexplained: bool = False

    @classmethod
    def of(cls, comparison: Comparison, first: str = "the first", second: str = "the second") -> Verdict:
        """The verdict from a comparison alone; its text calls the two files ``first`` and ``second``."""
        match comparison.judgement:
            case "equivalent":
                text = f"equivalent ({', '.join(comparison.stabilizers)}): the contents are the same"
            case "different":
                differences = comparison.differences(first, second)
                text = f"different: {some(differences) or 'they are not archives, and their contents differ'}"
            case "undecided":
                text = f"undecided: {comparison.reason}"
            case _:
                text = "identical"
        return cls(comparison.judgement, text, comparison)
