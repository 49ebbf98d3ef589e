"""The tables in ``benchmarks/README.md``, each between two markers; the words around them are written by hand."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
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
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(figure.columns for figure in figures)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    page.write_text(f"{before}{begin}\n\n{table}\n\n{circumstances}\n\n{end}{after}", encoding="utf-8")


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
