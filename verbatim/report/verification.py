"""Shows a verification: a verdict per artifact, where the published file was found, and the source of ours."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from verbatim import console
from verbatim.commands.verify import Verified
from verbatim.evidence.quorum import Result, Row
from verbatim.published.comparer import PublishedFile, PublishedPair
from verbatim.published.signature_files import SignatureKind
from verbatim.published.signatures import SignatureState
from verbatim.release import PYTHON_ORG
from verbatim.report.build import source_line
from verbatim.report.comparison import ComparedArtifact, compared_fields, show_pair
from verbatim.report.documents import Document, Record, Sha256, show
from verbatim.report.headline import headline, style
from verbatim.sources.source import Identity


class SignatureRecord(Record):
    """One signature of a published file."""

    kind: SignatureKind
    state: SignatureState
    summary: str = Field(description="what is known about it, in words")
    where: str = Field(description="its path or address; empty if there is none")


class AttestedRecord(Record):
    """What the attestations say about an artifact."""

    confirm: Sequence[str] = Field(description="the rebuilders who got the bytes that were built here")
    object: Sequence[str] = Field(description="those who got others; counted or not")
    needed: int = Field(description="how many the policy asks for")
    result: Result


class VerifiedArtifact(ComparedArtifact):
    """An artifact of ours, the first file, compared with the published one, the second."""

    published: Sha256 | None = Field(description="the published hash, if releases/published.toml has one")
    seen: str | None = Field(description="where the published file was found")
    unseen: str | None = Field(description="why it was not found")
    answer: str = Field(
        description="what the file is: `GENUINE`, and the other words that the first line begins with"
    )
    headline: str = Field(description="the rest of the first line")
    attested: AttestedRecord | None = Field(description="null if there are no attestations")
    signatures: Sequence[SignatureRecord] = Field(
        description="the release manager's; empty if no file was seen"
    )


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
    # Where somebody gave files, what is said first is about those.
    users = [pair for pair in verified.pairs if pair.seen.is_users]
    for pair in users or verified.pairs:
        answer, text = headline(pair, verified.source)
        console.result(f"{answer}: {text}", style=style(answer))
    for pair in verified.pairs:
        show_pair(pair, verified.explanations.get(pair.name))
        if pair.first is not None:
            console.result(f"  ours has SHA-256 {pair.first.sha256}")
        console.result(f"  {_published(pair)}")
        for signature in pair.signatures:
            console.result(f"  {signature.kind} signature: {signature.text}")
        if (row := verified.row(pair)) is not None:
            console.result(f"  {_attested(row, pair)}")
        console.result(f"  {_seen(pair.seen)}")
    if verified.is_quick:
        console.result("only the tar stream was made and compared, not compressed (--quick)")
    console.result(source_line(verified.source))


def _seen(seen: PublishedFile) -> str:
    """Whose file was compared, or why none was."""
    if seen.file is None:
        return seen.where
    if seen.is_users:
        return f"your file is {seen.where}"
    return f"{'python.org' if seen.where.startswith(f'{PYTHON_ORG}/') else 'the mirror'} serves {seen.where}"


def _published(pair: PublishedPair) -> str:
    """The published hash, and where it is known from."""
    if pair.published is None:
        return "no published hash is known here (releases/published.toml)"
    return f"the published SHA-256 is {pair.published} (releases/published.toml, taken from pyenv's list)"


def _attested(row: Row, pair: PublishedPair) -> str:
    """Who else got the bytes that were built here, and who did not."""
    confirm, against = _voices(row, pair)
    needed = f", {row.needed} needed" if row.needed else ""
    text = f"attested by {', '.join(confirm) or 'nobody'} ({len(confirm)} in all{needed})"
    return f"{text}; other bytes were attested by {', '.join(against)}" if against else text


def _voices(row: Row, pair: PublishedPair) -> tuple[list[str], list[str]]:
    """The rebuilders who got the bytes that were built here, and those who got others."""
    ours = pair.first.sha256 if pair.first is not None else None
    confirm = {claim.rebuilder for claim in row.claims if claim.sha256 == ours and claim.standing == "counts"}
    against = {claim.rebuilder for claim in row.claims if claim.sha256 != ours}
    return sorted(confirm), sorted(against)


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
                    **_answer(pair, verified.source),
                    "attested": _attested_record(verified.row(pair), pair),
                    "signatures": [
                        SignatureRecord(kind=each.kind, state=each.state, summary=each.text, where=each.where)
                        for each in pair.signatures
                    ],
                    "unseen": None if pair.seen.file else pair.seen.where,
                }
            )
            for pair in verified.pairs
        ],
    )


def _answer(pair: PublishedPair, source: Identity) -> dict[str, str]:
    answer, text = headline(pair, source)
    return {"answer": answer, "headline": text}


def _attested_record(row: Row | None, pair: PublishedPair) -> AttestedRecord | None:
    if row is None:
        return None
    confirm, against = _voices(row, pair)
    return AttestedRecord(confirm=confirm, object=against, needed=row.needed, result=row.result)
