"""Shows a verification: a verdict per artifact, where the published file was found, and the source of ours."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from verbatim import console
from verbatim.commands.verify import Verified
from verbatim.report.build import source_line
from verbatim.report.comparison import ComparedArtifact, compared_fields, show_pair
from verbatim.report.documents import Document, Sha256, show
from verbatim.sources.source import Identity


class VerifiedArtifact(ComparedArtifact):
    """An artifact of ours, the first file, compared with the published one, the second."""

    published: Sha256 | None = Field(description="the published hash, if releases/published.toml has one")
    seen: str | None = Field(description="where the published file was found")
    unseen: str | None = Field(description="why it was not found")


class VerifyDocument(Document):
    """A release that was built here, compared with what is published."""

    version: str
    quick: bool = Field(description="whether only the tar stream was made and compared")
    source: Identity
    artifacts: Sequence[VerifiedArtifact]


def show_verified(verified: Verified, *, as_json: bool) -> None:
    """Print it as lines or as JSON."""
    if as_json:
        show(_document(verified))
        return
    for pair in verified.pairs:
        show_pair(pair, verified.explanations.get(pair.name))
        if pair.first is not None:
            console.result(f"  ours has SHA-256 {pair.first.sha256}")
        seen = "the published file was found at " if pair.seen.file else ""
        console.result(f"  {seen}{pair.seen.where}")
    if verified.is_quick:
        console.result("only the tar stream was made and compared, not compressed (--quick)")
    console.result(source_line(verified.source))


def _document(verified: Verified) -> VerifyDocument:
    return VerifyDocument(
        version=verified.release.version,
        quick=verified.is_quick,
        source=verified.source,
        artifacts=[
            VerifiedArtifact.model_validate(
                {
                    **compared_fields(pair, verified.explanations.get(pair.name)),
                    "published": pair.published,
                    "seen": pair.seen.where if pair.seen.file else None,
                    "unseen": None if pair.seen.file else pair.seen.where,
                }
            )
            for pair in verified.pairs
        ],
    )
