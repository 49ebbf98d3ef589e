"""Attestations: statements signed by rebuilders, in a folder where files are only added: ``VERSION/NAME.STAGE.dsse.json``.

An attestation that objects has the same form as one that confirms: a signed statement of the results. Whoever withdraws
one signs a withdrawal, which names the statement by its hash: ``VERSION/NAME.withdrawal.dsse.json``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

import rfc8785
from pydantic import Field, ValidationError

from verbatim import console
from verbatim.digest import is_sha256, sha256_bytes
from verbatim.errors import IntegrityError, UsageError
from verbatim.evidence.envelope import Bundled, Envelope
from verbatim.evidence.keys import NAME_PATTERN
from verbatim.evidence.policy import Key, Policy, Rebuilder, SigstoreIdentity
from verbatim.evidence.statement import (
    STAGE_PATTERN,
    STATEMENT_TYPE,
    InTotoModel,
    Sha256Digest,
    Statement,
)
from verbatim.evidence.untrusted import LARGEST, Text, check_canonical, check_shape, parse_json, read_file
from verbatim.release import Release
from verbatim.scratch import scratch
from verbatim.stages.choose import artifact_names

#: The parts of a withdrawal are described in docs/reference/attestations.md.
WITHDRAWAL_TYPE: Final = "urn:verbatim:withdrawal:v1"
WITHDRAWAL: Final = "withdrawal"

#: Signed by a key of the rebuilder, or by an identity that Sigstore certified.
AttestationFormat = Literal["dsse", "sigstore"]

_FILE = re.compile(
    rf"(?P<rebuilder>{NAME_PATTERN})\.(?P<what>{STAGE_PATTERN})(\.(?P<number>[2-9]|[1-9][0-9]))?"
    r"\.(?P<form>dsse|sigstore)\.json"
)
_MOST_FILES = 10_000
_REMEDY = "do not count it; ask the rebuilder for another"


@dataclass(frozen=True)
class Signed:
    """The file, and the rebuilder and credential that signed it."""

    file: str
    rebuilder: str
    credential: Key | SigstoreIdentity


@dataclass(frozen=True)
class Attestation:
    """A statement, and who signed it."""

    signed: Signed
    statement: Statement
    #: The statement's SHA-256.
    sha256: str


@dataclass(frozen=True)
class Withdrawal:
    """A rebuilder withdraws one of their own statements, for good."""

    signed: Signed
    #: The statement's SHA-256.
    sha256: str
    reason: str


@dataclass(frozen=True)
class Found:
    """The contents of a release's folder."""

    attestations: list[Attestation] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    #: The files of names that are not in the policy; their contents cannot be checked.
    unknown_rebuilders: list[str] = field(default_factory=list)
    #: Why a file was refused, by its name.
    refused: dict[str, str] = field(default_factory=dict)


#: Gives the rebuilder's identity that signed a bundle, and the payload; raises IntegrityError if none did.
BundleVerifier = Callable[[bytes, str, Rebuilder], tuple[SigstoreIdentity, bytes]]


class _Withdrawn(InTotoModel):
    name: Literal["statement"] = "statement"
    digest: Sha256Digest


class _Reason(InTotoModel):
    reason: Text


class WithdrawalStatement(InTotoModel):
    """The payload of a withdrawal: an in-toto Statement v1 whose subject is the withdrawn statement."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")] = STATEMENT_TYPE
    subject: Annotated[list[_Withdrawn], Field(min_length=1, max_length=1)]
    predicate_type: Annotated[Literal["urn:verbatim:withdrawal:v1"], Field(alias="predicateType")] = (
        WITHDRAWAL_TYPE
    )
    predicate: _Reason

    @classmethod
    def of(cls, sha256: str, reason: str) -> WithdrawalStatement:
        """Withdraw the statement with that hash; raises UsageError for an invalid hash or reason."""
        if not is_sha256(sha256):
            raise UsageError(
                f"--statement {sha256!r} is not a SHA-256",
                "give all 64 digits, in lower case, as check shows them",
            )
        try:
            return cls(
                subject=[_Withdrawn(digest=Sha256Digest(sha256=sha256))], predicate=_Reason(reason=reason)
            )
        except ValidationError as error:
            raise UsageError(
                "--reason is missing, has more than 1000 characters, or one that is not printable",
                "say why in a sentence",
            ) from error

    def encode(self) -> bytes:
        """The bytes that are signed."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True))


def read_attestations(folder: Path, release: Release, policy: Policy, verify: BundleVerifier) -> Found:
    """Read a release's folder and check each signature; invalid files are listed as refused, with the reason.

    Raises UsageError if the folder does not exist.
    """
    found = Found()
    artifacts = artifact_names(release)
    # Rebuilders who agree have signed the same bytes.
    parsed: dict[bytes, Statement] = {}
    for name in _listed(folder):
        try:
            signed, payload, what = _opened(folder / name, policy, verify)
            if signed is None:
                found.unknown_rebuilders.append(name)
            elif what == WITHDRAWAL:
                withdrawal = parse_withdrawal(payload, name)
                sha256, reason = withdrawal.subject[0].digest.sha256, withdrawal.predicate.reason
                found.withdrawals.append(Withdrawal(signed, sha256, reason))
            else:
                statement = parsed.get(payload) or Statement.parse(payload, name)
                parsed[payload] = statement
                check_belongs(statement, name, release, what, artifacts.get(what, ()))
                found.attestations.append(Attestation(signed, statement, sha256_bytes(payload)))
        except IntegrityError as error:
            found.refused[name] = error.message
    return found


def _listed(folder: Path) -> list[str]:
    if not folder.is_dir() or folder.is_symlink():
        raise UsageError(f"there is no folder {folder}", "check --version and --attestations")
    names = sorted(os.listdir(folder))
    if len(names) > _MOST_FILES:
        raise IntegrityError(f"{folder} holds {len(names)} files", "find out who put them there")
    return names


def _opened(path: Path, policy: Policy, verify: BundleVerifier) -> tuple[Signed | None, bytes, str]:
    """Who signed a file (None if the policy does not have the name), the payload, and the stage in the file's name."""
    match = _FILE.fullmatch(path.name)
    if match is None:
        raise IntegrityError(f"{path.name!r} is not a valid attestation name")
    data = read_file(path, 2 * LARGEST)
    rebuilder = policy.rebuilders.get(match["rebuilder"])
    if rebuilder is None:
        return None, b"", match["what"]
    credential: Key | SigstoreIdentity
    if match["form"] == "sigstore":
        credential, payload = verify(data, path.name, rebuilder)
    else:
        keys = {key.ed25519: key for key in rebuilder.keys}
        public, payload = Envelope.parse(data, path.name).verify(keys)
        credential = keys[public]
    return Signed(path.name, match["rebuilder"], credential), payload, match["what"]


def parse_withdrawal(payload: bytes, name: str) -> WithdrawalStatement:
    """Parse a withdrawal, called ``name`` in messages; raises IntegrityError unless it is valid and canonical."""
    statement = check_shape(
        parse_json(payload, name), WithdrawalStatement, f"{name} does not hold a withdrawal"
    )
    check_canonical(statement, payload, name)
    return statement


def check_belongs(
    statement: Statement, name: str, release: Release, stage: str, artifacts: Collection[str]
) -> None:
    """Raise IntegrityError for a statement of another version or stage, or with artifacts that the stage does not make."""
    parameters = statement.definition.external_parameters
    if parameters.version != release.version:
        raise IntegrityError(
            f"{name} is a statement of {parameters.version}, expected {release.version}", _REMEDY
        )
    if parameters.artifacts != stage:
        raise IntegrityError(f"{name} is a statement of {parameters.artifacts}, expected {stage}", _REMEDY)
    foreign = sorted(set(statement.hashes) - set(artifacts))
    if foreign:
        raise IntegrityError(f"{name} names {', '.join(foreign)}, which {stage} does not make", _REMEDY)


def check_made(folder: Path, rebuilder: str, sha256: str) -> None:
    """Raise UsageError if no file of this rebuilder in a release's folder holds the statement with that hash.

    No signature is verified: this finds a mistyped hash, and `check` decides what counts.
    """
    made: set[str] = set()
    for name in _listed(folder):
        match = _FILE.fullmatch(name)
        if match is None or match["rebuilder"] != rebuilder or match["what"] == WITHDRAWAL:
            continue
        try:
            content = parse_json(read_file(folder / name, 2 * LARGEST), name)
            if match["form"] == "sigstore":
                content = check_shape(content, Bundled, f"{name} is not a bundle of Sigstore").envelope
            made.add(Envelope.of(content, name).unverified_sha256)
        except IntegrityError as error:
            console.warn(f"{name} is ignored: {error.message}")
    if sha256 not in made:
        raise UsageError(
            f"{rebuilder} made no statement {sha256}; in {folder} are {', '.join(sorted(made)) or 'none by that name'}",
            "give the SHA-256 that check shows, and the name that signed it",
        )


def add_attestation(
    folder: Path, rebuilder: str, what: str, form: AttestationFormat, data: bytes
) -> Path | None:
    """Write an attestation under the next free name; give its path, or None if the same file exists already.

    It never replaces a file. Raises UsageError if there are too many.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with scratch(folder.parent) as work:
        (work / "signed").write_bytes(data)
        for number in range(1, 100):
            path = folder / f"{rebuilder}.{what}{f'.{number}' if number > 1 else ''}.{form}.json"
            try:
                os.link(work / "signed", path)
            except FileExistsError:
                if read_file(path, 2 * LARGEST) == data:
                    return None
            else:
                return path
    raise UsageError(f"{folder} has 99 of {rebuilder}'s attestations of {what}", "use another name")
