"""Shows the checks of `invoke doctor`."""

from __future__ import annotations

from collections.abc import Sequence

from verbatim import console
from verbatim.capabilities import Check


def show_checks(needed: Sequence[Check], helpful: Sequence[Check]) -> None:
    """Print each check and, after those that failed, what to do."""
    for check in needed:
        _show(check, "MISSING")
    for check in helpful:
        _show(check, "no")


def _show(check: Check, failed: str) -> None:
    remedy = f"; {check.remedy}" if not check.passed and check.remedy else ""
    console.result(f"{'ok' if check.passed else failed:8} {check.what}: {check.found}{remedy}")
