"""Who confirms what, who objects, and whether that is enough: a matrix of rebuilders by artifacts.

An artifact has its quorum if enough independent rebuilders got the expected bytes, and nobody who counts got others.
Expected are the published bytes or, if nothing was published, those that most rebuilders got.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from verbatim.errors import IntegrityError
from verbatim.evidence.attestation import Attestation, Found
from verbatim.evidence.policy import Policy
from verbatim.release import Release
from verbatim.stages.choose import artifact_names

#: Whether an attestation counts; the reasons why it may not, the gravest first.
Standing = Literal["revoked", "withdrawn", "overridden", "expired", "source", "counts"]

#: An objection blocks even if its key has expired, or if it was built from another kind of source.
_BLOCKING: frozenset[Standing] = frozenset(("counts", "expired", "source"))

#: Rebuilders, each with the hash of a statement.
Statements = Set[tuple[str, str]]

#: ``open``: the policy has no threshold for the artifact.
Result = Literal["quorum", "short", "blocked", "open"]


@dataclass(frozen=True)
class Claim:
    """One rebuilder's result for one artifact."""

    rebuilder: str
    sha256: str
    standing: Standing
    #: The attestation's file, and the hash of the statement in it.
    file: str
    statement: str


@dataclass(frozen=True)
class Row:
    """One artifact, with all claims about it."""

    artifact: str
    #: Of the expected bytes; None if the rebuilders disagree, or nobody has attested.
    sha256: str | None
    published: bool
    needed: int
    #: How many independent rebuilders confirm it.
    voices: int
    claims: Sequence[Claim]

    def confirms(self, claim: Claim) -> bool:
        return claim.sha256 == self.sha256

    @cached_property
    def objections(self) -> list[Claim]:
        """The claims that block; if the rebuilders disagree, all of them."""
        return [claim for claim in self.claims if claim.standing in _BLOCKING and not self.confirms(claim)]

    @property
    def result(self) -> Result:
        if self.objections:
            return "blocked"
        if self.needed == 0:
            return "open"
        return "quorum" if self.voices >= self.needed else "short"


@dataclass(frozen=True)
class Matrix:
    """All artifacts of a release, by rebuilder."""

    version: str
    #: Those who have attested, sorted.
    rebuilders: Sequence[str]
    #: By the artifacts' names.
    rows: Sequence[Row]

    @property
    def missing(self) -> list[Row]:
        """The artifacts that may not be signed yet."""
        return [row for row in self.rows if row.result in ("short", "blocked")]


def count(
    release: Release, policy: Policy, found: Found, published: Mapping[str, str], *, today: date
) -> Matrix:
    """Count what was found by a policy; ``published`` are hashes by the artifacts' names.

    Raises IntegrityError if the policy has a threshold for artifacts that the release does not have.
    """
    standings = _Standings(
        policy,
        _withdrawn(found, today),
        {(each.rebuilder, each.statement) for each in policy.override if each.version == release.version},
        today,
    )
    required = _required(release, policy)

    def rows(tarballs: Set[str]) -> dict[str, Row]:
        claims: dict[str, list[Claim]] = {name: [] for name in required}
        for attestation in found.attestations:
            standing = standings.of(attestation, tarballs)
            for artifact, sha256 in attestation.statement.hashes.items():
                claim = Claim(
                    attestation.signed.rebuilder,
                    sha256,
                    standing,
                    attestation.signed.file,
                    attestation.sha256,
                )
                claims.setdefault(artifact, []).append(claim)
        return {name: _row(name, each, policy, published.get(name)) for name, each in claims.items()}

    # A build from a tarball can confirm other artifacts, but not that tarball.
    made = artifact_names(release)["source"]
    sources = {name: row for name, row in rows(frozenset()).items() if name in made}
    confirmed = {row.sha256 for row in sources.values() if row.sha256 and row.result == "quorum"}
    every = rows(confirmed) | sources
    rebuilders = {attestation.signed.rebuilder for attestation in found.attestations}
    return Matrix(release.version, sorted(rebuilders), [every[name] for name in sorted(every)])


def _required(release: Release, policy: Policy) -> list[str]:
    """The artifacts that need a quorum. A pattern that matches none is an error: it would silently ask for nothing."""
    names = [name for names in artifact_names(release).values() for name in names]
    for pattern in policy.threshold:
        if not policy.matches(pattern, names):
            raise IntegrityError(
                f"the policy has a threshold for {pattern!r}, but no artifact of {release.version} has such a name",
                "correct the policy",
            )
    return [name for name in names if policy.needed(name)]


def _withdrawn(found: Found, today: date) -> Statements:
    """The withdrawn statements; a revoked key, which may be stolen, withdraws nothing."""
    return {
        (withdrawal.signed.rebuilder, withdrawal.sha256)
        for withdrawal in found.withdrawals
        if withdrawal.signed.credential.lapse(today) != "revoked"
    }


@dataclass(frozen=True)
class _Standings:
    """Decides on one day (UTC) which attestations count."""

    policy: Policy
    withdrawn: Statements
    overridden: Statements
    today: date

    def of(self, attestation: Attestation, tarballs: Set[str]) -> Standing:
        """``tarballs`` have their quorum: builds from them count, whatever sources the policy names."""
        lapse = attestation.signed.credential.lapse(self.today)
        if lapse == "revoked":
            return "revoked"
        signed = (attestation.signed.rebuilder, attestation.sha256)
        if signed in self.withdrawn:
            return "withdrawn"
        if signed in self.overridden:
            return "overridden"
        if lapse is not None:
            return lapse
        source = attestation.statement.definition.source
        counts = source.kind in self.policy.sources or source.digest.get("sha256") in tarballs
        return "counts" if counts else "source"


def _row(name: str, claims: Sequence[Claim], policy: Policy, published: str | None) -> Row:
    sha256 = published or _majority(claims, policy)
    confirming = {
        claim.rebuilder for claim in claims if claim.standing == "counts" and claim.sha256 == sha256
    }
    return Row(name, sha256, published is not None, policy.needed(name), policy.voices(confirming), claims)


def _majority(claims: Sequence[Claim], policy: Policy) -> str | None:
    """The hash that most independent rebuilders got, of those who count; None for a tie."""
    supporters: dict[str, set[str]] = {}
    for claim in claims:
        if claim.standing in _BLOCKING:
            supporters.setdefault(claim.sha256, set())
        if claim.standing == "counts":
            supporters[claim.sha256].add(claim.rebuilder)
    voices = {sha256: policy.voices(names) for sha256, names in supporters.items()}
    first = [sha256 for sha256, number in voices.items() if number == max(voices.values())]
    return first[0] if len(first) == 1 else None
