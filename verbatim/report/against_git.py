"""What came of holding tarballs against a commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from verbatim import console
from verbatim.published.against_git import TreeComparison
from verbatim.compare.comparison import some
from verbatim.commands.against_git import Checked

#: More differences than these are of another release altogether, and nobody reads them; ``--json`` has all.
_MOST = 100


def show_against_git(checked: Checked, *, as_json: bool) -> None:
    """Print it as lines or as JSON."""
    if as_json:
        console.result_json(_as_json(checked))
        return
    for tarball, comparison in checked.comparisons:
        console.result(tarball.name)
        console.result(f"  SHA-256 {tarball.sha256}")
        for line in _lines(comparison):
            console.result(f"  {line}")
    for name, reason in checked.unchecked.items():
        console.result(name)
        console.result("  unchecked")
        console.warn(f"{name} was not checked: {reason}")
    for name, refusal in checked.refused.items():
        console.result(name)
        console.result(f"  refused: {refusal.message}")
    console.result(f"held against commit {checked.source.commit}")


def _lines(comparison: TreeComparison) -> Iterator[str]:
    differences = comparison.differences
    if differences:
        yield f"different from git in {len(differences):,} of its members"
        for difference in differences[:_MOST]:
            yield f"  {difference.kind:7}  {difference.member}: {difference.what}"
        if len(differences) > _MOST:
            yield f"  and {len(differences) - _MOST} more"
        return
    yield "equivalent to git: every file is the commit's, but for what is declared"
    yield f"  {comparison.files:,} files as in git, {comparison.with_crlf:,} of them with CRLF as .gitattributes ask for"
    yield f"  generated anew, and the same: {', '.join(comparison.generated) or 'none'}"
    yield f"  left out: {comparison.left_out:,} files"
    if comparison.hard_links:
        yield f"  packed as hard links to files of the same content: {some(comparison.hard_links)}"


def _as_json(checked: Checked) -> object:
    return {
        "source": asdict(checked.source.identity),
        "tarballs": [
            {
                "name": tarball.name,
                "sha256": tarball.sha256,
                "verdict": comparison.judgement,
                "differences": [
                    {"kind": difference.kind, "member": difference.member, "what": difference.what}
                    for difference in comparison.differences
                ],
                "files": comparison.files,
                "with_crlf": comparison.with_crlf,
                "generated": list(comparison.generated),
                "left_out": comparison.left_out,
                "hard_links": list(comparison.hard_links),
            }
            for tarball, comparison in checked.comparisons
        ],
        "unchecked": dict(checked.unchecked),
        "refused": {name: refusal.message for name, refusal in checked.refused.items()},
    }
