"""What was signed, and who attested what: as lines, as JSON, and as a page with a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from verbatim import console
from verbatim.commands.attest import Attested
from verbatim.commands.check import ReleaseChecked
from verbatim.evidence.quorum import Claim, Result, Row
from verbatim.report.documents import Document, Record, Sha256, show
from verbatim.report.pages import write_html

_DIGITS = 16

#: The text in a table's cell for a claim that does not count.
_STANDINGS = {
    "revoked": "key revoked",
    "withdrawn": "withdrawn",
    "overridden": "overridden",
    "expired": "key expired",
    "source": "other source",
}


class CheckedArtifact(Record):
    """An artifact, and who confirms it."""

    name: str
    sha256: Sha256 | None = Field(description="null if the rebuilders disagree, or nobody has built it")
    published: bool = Field(description="whether that is the published hash")
    result: Result
    voices: int = Field(description="how many independent rebuilders confirm it")
    needed: int
    claims: Sequence[Claim]


class WithdrawalRecord(Record):
    """A statement that its rebuilder has withdrawn."""

    rebuilder: str
    statement: Sha256
    reason: str


class PolicyRecord(Record):
    """The policy that decided."""

    path: str
    sha256: Sha256


class CheckDocument(Document):
    """Who attested to a release, and whether that is enough."""

    version: str
    policy: PolicyRecord
    quorum: bool
    artifacts: Sequence[CheckedArtifact]
    withdrawals: Sequence[WithdrawalRecord]
    unknown_rebuilders: Sequence[str] = Field(description="files of names that the policy does not have")
    refused: Mapping[str, str] = Field(description="by file, why it was refused")


def show_attested(attested: Sequence[Attested], author: str) -> None:
    """Print what was signed; warns of an objection."""
    for each in attested:
        console.result(f"{author} attests to {each.stage}: statement {each.sha256}")
        for name, sha256 in each.statement.hashes.items():
            console.result(f"  {sha256}  {name}")
        if each.objections:
            console.warn(
                f"this is an objection: {', '.join(each.objections)} differs from what was published; it blocks the release for those whose policy has you"
            )
        console.result(f"  {each.path or 'it already exists'}")


def show_checked(checked: ReleaseChecked, *, as_json: bool) -> None:
    """Print who confirms what, who objects, what does not count, and the policy."""
    if as_json:
        show(_document(checked))
        return
    matrix = checked.matrix
    if matrix.rows:
        rows = [
            [
                row.artifact,
                (row.sha256 or "disputed")[:_DIGITS],
                *(cell(row, name) for name in matrix.rebuilders),
                verdict(row),
            ]
            for row in matrix.rows
        ]
        console.result_table(["artifact", "SHA-256", *matrix.rebuilders, "quorum"], rows)
    for line in remarks(checked):
        console.result(line)
    console.result(f"the policy was {checked.trust.path} (SHA-256 {checked.trust.sha256})")


def show_all(checked: Sequence[ReleaseChecked]) -> None:
    """Print a line for each release."""
    if not checked:
        console.result("there are no attestations yet")
    for each in checked:
        made = _number(len(each.found.attestations), "attestation")
        by = _number(len(each.matrix.rebuilders), "rebuilder")
        lacking = _number(len(each.matrix.missing), "artifact")
        quorum = f"no quorum for {lacking}" if each.matrix.missing else "quorum"
        console.result(f"{each.matrix.version}: {made} by {by}, {quorum}")
        for name, reason in each.found.refused.items():
            console.result(f"  refused: {name}: {reason}")


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def write_page(checked: ReleaseChecked, path: Path) -> None:
    """Write the matrix as one page of HTML, whole or not at all."""
    write_html(
        path,
        "matrix.html",
        checked=checked,
        matrix=checked.matrix,
        cell=cell,
        tone=tone,
        verdict=verdict,
        remarks=remarks(checked),
    )


def cell(row: Row, rebuilder: str) -> str:
    """A rebuilder's result for an artifact in a word or two; the worst of several."""
    claim = _telling(row, rebuilder)
    if claim is None:
        return "-"
    same = "same" if row.confirms(claim) else "DIFFERS"
    return same if claim.standing == "counts" else f"{same}, {_STANDINGS[claim.standing]}"


def tone(row: Row, rebuilder: str) -> str:
    """The class of a cell, for its colour: ``confirms``, ``objects``, ``uncounted`` or ``silent``."""
    claim = _telling(row, rebuilder)
    if claim is None:
        return "silent"
    if claim in row.objections:
        return "objects"
    return "confirms" if claim.standing == "counts" else "uncounted"


def _telling(row: Row, rebuilder: str) -> Claim | None:
    claims = [claim for claim in row.claims if claim.rebuilder == rebuilder]
    # An objection that blocks first, then what counts.
    claims.sort(key=lambda claim: (claim not in row.objections, claim.standing != "counts"))
    return claims[0] if claims else None


def verdict(row: Row) -> str:
    """Whether there is a quorum, and how many confirm of how many needed."""
    if row.result == "open":
        return f"{row.voices}, none needed"
    return f"{'yes' if row.result == 'quorum' else row.result}, {row.voices} of {row.needed}"


def remarks(checked: ReleaseChecked) -> list[str]:
    """What a reader must know besides the matrix: objections, withdrawals, overrides, and refused files."""
    version, policy = checked.matrix.version, checked.trust.policy
    lines = [
        f"{claim.rebuilder} objects to {row.artifact}: got {claim.sha256} ({claim.file}, statement {claim.statement})"
        for row in checked.matrix.rows
        for claim in row.objections
    ]
    lines += [
        f"{each.signed.rebuilder} withdrew the statement {each.sha256}: {each.reason}"
        for each in checked.found.withdrawals
    ]
    lines += [
        f"{each.by} overrides {each.rebuilder}'s statement {each.statement}: {each.reason}"
        for each in policy.override
        if each.version == version
    ]
    if checked.found.unknown_rebuilders:
        lines.append(f"not in the policy, and ignored: {', '.join(checked.found.unknown_rebuilders)}")
    lines += [f"refused: {reason}" for reason in checked.found.refused.values()]
    return lines


def _document(checked: ReleaseChecked) -> CheckDocument:
    return CheckDocument(
        version=checked.matrix.version,
        policy=PolicyRecord(path=str(checked.trust.path), sha256=checked.trust.sha256),
        quorum=not checked.matrix.missing,
        artifacts=[
            CheckedArtifact(
                name=row.artifact,
                sha256=row.sha256,
                published=row.published,
                result=row.result,
                voices=row.voices,
                needed=row.needed,
                claims=row.claims,
            )
            for row in checked.matrix.rows
        ],
        withdrawals=[
            WithdrawalRecord(rebuilder=each.signed.rebuilder, statement=each.sha256, reason=each.reason)
            for each in checked.found.withdrawals
        ],
        unknown_rebuilders=checked.found.unknown_rebuilders,
        refused=checked.found.refused,
    )
