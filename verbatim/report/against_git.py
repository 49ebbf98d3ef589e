"""Shows how tarballs differ from a commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from verbatim import console
from verbatim.commands.against_git import TreeChecked
from verbatim.compare.comparison import Judgement, some
from verbatim.published.against_git import TreeComparison, TreeDifference
from verbatim.report.documents import Document, Record, Sha256, show
from verbatim.sources.source import Identity

#: With more differences it is probably another release, and nobody reads them; ``--json`` has all.
_MOST = 100


class TarballRecord(Record):
    """A tarball compared with the commit's tree."""

    name: str
    sha256: Sha256
    verdict: Judgement
    differences: Sequence[TreeDifference]
    files: int = Field(description="how many are the same as in git")
    with_crlf: int = Field(description="how many of those have CRLF where git has LF")
    generated: Sequence[str] = Field(description="files that were generated again and are the same")
    left_out: int = Field(description="how many files of the tree are left out as declared")
    hard_links: Sequence[str] = Field(description="files that are packed as hard links to equal ones")


class AgainstGitDocument(Document):
    """Published tarballs compared with the commit of their release."""

    source: Identity
    tarballs: Sequence[TarballRecord]
    unchecked: Mapping[str, str] = Field(description="by name, why a tarball could not be fetched")
    refused: Mapping[str, str] = Field(description="by name, why a tarball was refused")


def show_against_git(checked: TreeChecked, *, as_json: bool) -> None:
    """Print it as lines or as JSON."""
    if as_json:
        show(_document(checked))
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
    console.result(f"compared with commit {checked.source.commit}")


def _lines(comparison: TreeComparison) -> Iterator[str]:
    differences = comparison.differences
    if differences:
        yield f"different from git in {len(differences):,} of its members"
        for difference in differences[:_MOST]:
            yield f"  {difference.kind:7}  {difference.member}: {difference.what}"
        if len(differences) > _MOST:
            yield f"  and {len(differences) - _MOST} more"
        return
    yield "equivalent to git: every file is the commit's, except for what is declared"
    yield f"  {comparison.files:,} files as in git, {comparison.with_crlf:,} of them with CRLF as .gitattributes asks for"
    yield f"  generated again, and the same: {', '.join(comparison.generated) or 'none'}"
    yield f"  left out: {comparison.left_out:,} files"
    if comparison.hard_links:
        yield f"  packed as hard links to files of the same content: {some(comparison.hard_links)}"


def _document(checked: TreeChecked) -> AgainstGitDocument:
    return AgainstGitDocument(
        source=checked.source.identity,
        tarballs=[
            TarballRecord(
                name=tarball.name,
                sha256=tarball.sha256,
                verdict=comparison.judgement,
                differences=comparison.differences,
                files=comparison.files,
                with_crlf=comparison.with_crlf,
                generated=comparison.generated,
                left_out=comparison.left_out,
                hard_links=comparison.hard_links,
            )
            for tarball, comparison in checked.comparisons
        ],
        unchecked=checked.unchecked,
        refused={name: refusal.message for name, refusal in checked.refused.items()},
    )
