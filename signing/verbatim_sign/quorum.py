"""Whether enough independent rebuilders got the bytes to sign, and nobody who counts got others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from verbatim_sign.attestations import Attestation, Found
from verbatim_sign.errors import QuorumError
from verbatim_sign.policy import Policy

#: By stage, the SHA-256 of what earlier stages made, from which it may be built.
Made = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Quorum:
    """Who confirms an artifact."""

    needed: int
    voices: int
    confirming: tuple[str, ...]


@dataclass(frozen=True)
class _Claim:
    """One attestation's result for one artifact."""

    attestation: Attestation
    sha256: str
    #: Why it does not confirm; empty if it may.
    flaw: str
    #: Whether it blocks if it has other bytes.
    objects: bool

    def __str__(self) -> str:
        flaw = f" ({self.flaw})" if self.flaw else ""
        return f"{self.attestation.rebuilder} got {self.sha256}{flaw}"


class Count:
    """The attestations of a release, counted by the policy on one day (UTC)."""

    def __init__(self, version: str, policy: Policy, found: Found, today: date, made: Made) -> None:
        self._version, self._policy, self._signing = version, policy, policy.signing(version)
        self._found, self._today, self._made = found, today, made

    def quorum(self, artifact: str, sha256: str) -> Quorum:
        """Who confirms that these are the artifact's bytes; raises QuorumError if somebody objects, or too few confirm."""
        needed = self._policy.needed(artifact)
        claims = list(self._claims(artifact))
        objections = [str(claim) for claim in claims if claim.objects and claim.sha256 != sha256]
        if objections:
            raise QuorumError(
                f"{artifact} is blocked: {'; '.join(objections)}; it is {sha256}",
                "ask whoever objects to look again; do not sign",
            )
        same = [claim for claim in claims if claim.sha256 == sha256]
        confirming = sorted({claim.attestation.rebuilder for claim in same if not claim.flaw})
        voices = self._policy.voices(confirming)
        if voices < needed:
            flawed = [
                f"{claim.attestation.rebuilder} does not count: {claim.flaw}" for claim in same if claim.flaw
            ]
            names = f" ({', '.join(confirming)})" if confirming else ""
            reasons = "; ".join([f"{artifact}: too few confirm it: {voices} of {needed}{names}", *flawed])
            raise QuorumError(
                f"{reasons}; those of a kind that counts once are one voice"
                if voices < len(confirming)
                else reasons,
                "wait for more rebuilders; do not sign",
            )
        return Quorum(needed, voices, tuple(confirming))

    def unusual(self) -> Iterator[str]:
        """Notes on attestations that do not count, for whoever signs."""
        for attestation in self._found.attestations:
            if flaw := self._flaw(attestation)[0]:
                yield f"{attestation.file} does not count: {flaw}"

    def _claims(self, artifact: str) -> Iterator[_Claim]:
        for attestation in self._found.attestations:
            if artifact in attestation.statement.hashes:
                flaw, objects = self._flaw(attestation)
                yield _Claim(attestation, attestation.statement.hashes[artifact], flaw, objects)

    def _flaw(self, attestation: Attestation) -> tuple[str, bool]:
        """Why an attestation does not confirm (empty if it does), and whether it can still object."""
        key, signed = attestation.key, (attestation.rebuilder, attestation.statement.sha256)
        lapse = key.lapse(self._today) if key else None
        if lapse == "revoked":
            return "its key was revoked", False
        if signed in self._found.withdrawn:
            return f"it was withdrawn: {self._found.withdrawn[signed]}", False
        for override in self._policy.overrides:
            if (override.version, override.rebuilder, override.statement) == (self._version, *signed):
                return f"{override.by} overrides it: {override.reason}", False
        if key is None:
            return "it is signed by an identity, which is not verified here", True
        if lapse == "expired":
            return "its key has expired", True
        return attestation.statement.unfit(self._signing, self._made[attestation.statement.stage]) or "", True
