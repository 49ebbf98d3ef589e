"""The page that ``--explain`` writes: the differences, and their likely causes.

All that it shows is untrusted. It holds no scripts and loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from verbatim import console
from verbatim.commands.compare import Compared
from verbatim.report.pages import write_html

#: How much is shown. Of one artifact: differences with their lines, and members of one cause; of a difference: lines, and
#: consecutive lines of one side; of a line or a name: characters.
MOST_SHOWN, MOST_PLACES, MOST_LINES, MOST_IN_A_ROW, LONGEST = 200, 8, 120, 12, 240

_TONES = {"-": "removed", "+": "added", "@": "place"}


def write_explanation(compared: Compared, path: Path) -> None:
    """Write the page, and print its path."""
    write_html(
        path,
        "explanation.html",
        pairs=compared.pairs,
        explanations=compared.explanations,
        visible=visible,
        lines=shown_lines,
        numbered=lambda items: list(enumerate(items, 1)),
        most_shown=MOST_SHOWN,
        most_places=MOST_PLACES,
    )
    console.note(f"what differs, and why, is in {path}")


def shown_lines(diff: Sequence[str]) -> list[tuple[str, str]]:
    """The beginning of a difference, from each side in turn: the class of each line, and its text."""
    lines = list(_shown_lines(diff))
    left_out = len(lines) - MOST_LINES
    more = [("place", f"… and more, up to line {len(diff):,}")] if left_out > 0 else []
    return lines[:MOST_LINES] + more


def _shown_lines(diff: Sequence[str]) -> Iterator[tuple[str, str]]:
    for sign, run in groupby(diff, key=lambda line: line[:1]):
        lines = list(run)
        yield from ((_TONES.get(sign, "same"), visible(line)) for line in lines[:MOST_IN_A_ROW])
        if len(lines) > MOST_IN_A_ROW:
            yield "place", f"… and {len(lines) - MOST_IN_A_ROW:,} more such lines"


def visible(text: str) -> str:
    """The text in one line, shortened; invisible and right-to-left characters are shown by their numbers."""
    more = f" … and {len(text) - LONGEST:,} more characters" if len(text) > LONGEST else ""
    return "".join(map(_visible, text[:LONGEST])) + more


def _visible(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    return chr(0x2400 + ord(character)) if ord(character) < 0x20 else f"⟨U+{ord(character):04X}⟩"
