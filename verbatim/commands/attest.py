"""``invoke attest`` and ``invoke withdraw``: a rebuilder signs what was built here, or withdraws it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from verbatim import console
from verbatim.commands.build import BUILT
from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError, UsageError
from verbatim.evidence.attestation import (
    WITHDRAWAL,
    AttestationFormat,
    WithdrawalStatement,
    add_attestation,
    check_made,
)
from verbatim.evidence.envelope import seal
from verbatim.evidence.guard import Guard
from verbatim.evidence.identity import sign_with_identity
from verbatim.evidence.keys import public_half
from verbatim.evidence.policy import Key
from verbatim.evidence.results import check_artifacts, read_statement
from verbatim.evidence.signing_entry import SigningEntry
from verbatim.evidence.statement import Statement, file_name
from verbatim.release import Published, Release
from verbatim.stages.choose import artifact_names
from verbatim.store import Store


@dataclass(frozen=True)
class Author:
    """Who signs, and how."""

    name: str
    form: AttestationFormat
    #: Gives the file's content for a payload: an envelope, or a bundle.
    sign: Callable[[bytes], bytes]
    #: What refuses a name or a key that would not count; None without a policy.
    guard: Guard | None = None


@dataclass(frozen=True)
class Attested:
    """One statement that has been signed."""

    stage: str
    statement: Statement
    sha256: str
    #: The artifacts that differ from the published ones.
    objections: list[str]
    #: Where it was written; None if the same file already existed.
    path: Path | None


def keyed(name: str, signer: CryptoSigner, guard: Guard | None) -> Author:
    """A rebuilder who signs with a key; raises UsageError if the policy does not list it for that name."""
    if guard is not None:
        guard.check(name, Key(ed25519=public_half(signer)).identity)
    return Author(name, "dsse", partial(seal, signer=signer), guard)


def identified(name: str, trust_config: Path | None, guard: Guard | None) -> Author:
    """A rebuilder who signs with an identity that Sigstore certifies; raises UsageError for a name that is not listed.

    To sign raises UsageError if the policy does not list the identity: before anything is signed, if the token shows that.
    """
    if guard is not None:
        guard.rebuilder(name)

    def sign(payload: bytes) -> bytes:
        check = None if guard is None else partial(guard.check_token, name)
        identity, bundle = sign_with_identity(payload, trust_config, check)
        if guard is not None:
            guard.check_bundle(name, bundle, trust_config)
        console.note(f"signed as {identity}")
        return bundle

    return Author(name, "sigstore", sign, guard)


def attest_stages(
    release: Release, stages: str, built: Path, *, attestations: Path, author: Author, store: Store
) -> list[Attested]:
    """Sign the statements of what was built into a folder, and add them to the attestations.

    ``stages`` names some with commas between, or is empty for all that exist. Only what this cache knows
    to have been built here is signed, and only while the artifacts are as the statement says. Raises UsageError
    for what was not built, IntegrityError for what was altered.
    """
    published = Published.of(release).hashes
    names = artifact_names(release)
    statements = [
        (stage, _statement(release, stage, built, names[stage], store))
        for stage in _chosen(release, stages, built, list(names))
    ]
    if author.guard is not None:
        _warn_of_other_inputs(release, author.guard, [statement for _, statement in statements])
    attested = []
    for stage, statement in statements:
        payload = statement.encode()
        path = add_attestation(
            attestations / release.version, author.name, stage, author.form, author.sign(payload)
        )
        objections = [
            name for name, sha256 in statement.hashes.items() if published.get(name, sha256) != sha256
        ]
        attested.append(Attested(stage, statement, sha256_bytes(payload), objections, path))
    return attested


def withdraw_statement(
    release: Release, sha256: str, reason: str, attestations: Path, author: Author
) -> Path | None:
    """Withdraw the statement with that hash, for good; give the new file, or None if that was already done.

    Raises UsageError if this rebuilder has made no such statement.
    """
    statement = WithdrawalStatement.of(sha256, reason)
    check_made(attestations / release.version, author.name, sha256)
    return add_attestation(
        attestations / release.version, author.name, WITHDRAWAL, author.form, author.sign(statement.encode())
    )


def _warn_of_other_inputs(release: Release, guard: Guard, statements: Sequence[Statement]) -> None:
    """Warn of what the signing stage would not count; it is signed all the same, since it may be an objection."""
    if release.version not in guard.policy.signing:
        return
    try:
        entry = SigningEntry.read(guard.policy, release.version, guard.path)
    except IntegrityError as error:
        console.warn(f"inputs are not compared with the policy: {error.message}")
        return
    for statement in statements:
        for other in entry.other_inputs(statement):
            console.warn(
                f"{other}; so it can object, but the signing stage does not count it as a confirmation"
            )


def _chosen(release: Release, stages: str, built: Path, known: Sequence[str]) -> list[str]:
    there = [stage for stage in known if (built / file_name(stage)).exists()]
    chosen = stages.split(",") if stages else there
    missing = [stage for stage in chosen if stage not in there]
    if missing or not chosen:
        raise UsageError(
            f"{built} has no statement of {', '.join(missing) or 'anything'}",
            f"build it first: ./invoke build --version {release.version}",
        )
    return chosen


def _statement(
    release: Release, stage: str, built: Path, artifacts: Collection[str], store: Store
) -> Statement:
    statement = read_statement(release, stage, built, artifacts)
    # What was fetched or given is in the store as well, so being there does not show who built a file.
    if sha256_bytes(statement.encode()) not in store.remembered(BUILT):
        raise UsageError(
            f"{built / file_name(stage)} was not built here, according to this cache",
            f"attest only to what you have built: ./invoke build --version {release.version} --artifacts {stage}",
        )
    check_artifacts(built, statement.hashes)
    return statement
