"""The verdict on an artifact beside another one: a judgement, and in words why."""

from __future__ import annotations

from dataclasses import dataclass

from verbatim.compare.comparison import Comparison, Judgement, some


@dataclass(frozen=True)
class Verdict:
    """What every command says of an artifact, and what its exit status follows from."""

    judgement: Judgement
    text: str
    #: What it is founded on, if both files were read; ours is the first.
    comparison: Comparison | None = None
    #: Whether the published hash is another one, and no file that could be read says why: it must not pass for a match.
    is_unexplained: bool = False

    @classmethod
    def of(cls, comparison: Comparison, first: str = "the first", second: str = "the second") -> Verdict:
        """The verdict that a comparison alone gives, in a line; the two files are called ``first`` and ``second``."""
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
