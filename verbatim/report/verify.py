"""What a verification came to: one verdict per artifact, where the published file was seen, and what ours was made from."""

from __future__ import annotations

from dataclasses import asdict

from verbatim import console
from verbatim.published.comparer import Examined
from verbatim.commands.verify import Verified
from verbatim.report.comparison import pair_as_json, show_pair
from verbatim.report.outcome import source_line


def show_verified(verified: Verified, *, as_json: bool) -> None:
    """Print it as lines or as JSON."""
    if as_json:
        console.result_json(_as_json(verified))
        return
    for pair in verified.pairs:
        show_pair(pair)
        if pair.first is not None:
            console.result(f"  ours has SHA-256 {pair.first.sha256}")
        seen = "the published file was seen at " if pair.seen.file else ""
        console.result(f"  {seen}{pair.seen.where}")
    if verified.is_quick:
        console.result("only the tar stream was made and compared, not compressed (--quick)")
    console.result(source_line(verified.source))


def _as_json(verified: Verified) -> object:
    return {
        "version": verified.release.version,
        "quick": verified.is_quick,
        "source": asdict(verified.source),
        "artifacts": [_examined(pair) for pair in verified.pairs],
    }


def _examined(pair: Examined) -> object:
    return {
        **pair_as_json(pair),
        "published": pair.published,
        "seen": pair.seen.where if pair.seen.file else None,
        "unseen": None if pair.seen.file else pair.seen.where,
    }
