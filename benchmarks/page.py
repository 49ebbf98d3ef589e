"""The tables in ``benchmarks/README.md``, each between two markers; the words around them are written by hand."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figure import HEADINGS, Figure
from verbatim.errors import IntegrityError

README = Path(__file__).parent / "README.md"


def write_table(stage: str, figures: Sequence[Figure], circumstances: str, page: Path = README) -> None:
    """Put the figures of one stage in place of those of the last run."""
    first, last = f"<!-- {stage}: written by ./invoke benchmark -->", f"<!-- {stage}: up to here -->"
    before, begin, rest = page.read_text(encoding="utf-8").partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise IntegrityError(f"{page} has not the lines {first} and {last}", "restore them")
    written = "\n\n".join((begin, *_tables(figures), circumstances, end))
    page.write_text(f"{before}{written}{after}", encoding="utf-8")


def _tables(figures: Sequence[Figure]) -> Iterator[str]:
    yield _table(HEADINGS, [figure.columns for figure in figures])
    taken_apart = [figure for figure in figures if figure.parts]
    if taken_apart:
        headings = ("of which", *(f"against {figure.beside}" for figure in taken_apart))
        names = taken_apart[0].parts
        yield _table(
            headings, [(name, *(f"{figure.parts[name]:.2f}" for figure in taken_apart)) for name in names]
        )


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, ("---",) * len(headings), *rows))


def circumstances(rounds: int, loads: Sequence[str]) -> str:
    """When, on what, and with how much going on beside."""
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} in {rounds} rounds with {os.cpu_count()} CPUs ({_processor()}), "
        f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}; "
        f"the machine's load was {loads[0]} before the first round and {loads[-1]} after the last."
    )


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    match = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return match[1].strip() if match else platform.machine()
