"""Shows a verification: a verdict per artifact, where the published file was found, and the source of ours."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from verbatim import console
from verbatim.commands.verify import Verified
from verbatim.published.comparer import PublishedPair
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
        judgement, text = headline(pair, verified.source)
        console.result(f"{judgement}: {text}", style=_STYLES.get(judgement, "bold yellow"))
    for pair in verified.pairs:
        show_pair(pair, verified.explanations.get(pair.name))
        if pair.first is not None:
            console.result(f"  ours has SHA-256 {pair.first.sha256}")
        seen = "the published file was found at " if pair.seen.file else ""
        console.result(f"  {seen}{pair.seen.where}")
    if verified.is_quick:
        console.result("only the tar stream was made and compared, not compressed (--quick)")
    console.result(source_line(verified.source))


#: What the first lines begin with, and their colours on a terminal.
_STYLES = {
    "GENUINE": "bold green",
    "NOT python.org's file": "bold red",
    "NOT made from this source": "bold red",
}


def headline(pair: PublishedPair, source: Identity) -> tuple[str, str]:
    """The verdict on one file in words for everybody: what it is, and how that is known."""
    name, file = pair.name, pair.seen.file
    subject = name if file is None else f"{name}, as it is served now,"
    if pair.seen.is_users:
        subject = f"your file {pair.seen.where}"
    origin = (
        f"from commit {source.digest['gitCommit']}"
        if source.kind == "git"
        else "from the published tarball, not from git"
    )
    is_pinned = file is not None and file.sha256 == pair.published
    match pair.verdict.judgement:
        case "identical" if file is None:
            line = ("GENUINE", f"{name} has the published hash, and was built again here {origin}")
        case "identical" if is_pinned:
            line = ("GENUINE", f"{subject} is python.org's own file, and was built again here {origin}")
        case "identical":
            line = ("GENUINE", f"{subject} has the bytes that were built here {origin}")
        case "equivalent":
            line = ("GENUINE, not made again", f"{subject} has the contents that were built here {origin}")
        case "different" if is_pinned:
            line = (
                "NOT made from this source",
                f"{subject} is python.org's own file, but not what was built here",
            )
        case "different":
            line = ("NOT python.org's file", f"{subject} differs from what was built here {origin}")
        case _:
            why = pair.verdict.text.removeprefix("undecided: ")
            line = ("UNDECIDED", f"{name} could not be compared: {why}")
    return line


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
