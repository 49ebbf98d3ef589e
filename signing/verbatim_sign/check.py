"""``sign check``: checks that the policy allows a release, and that enough rebuilders agree on every byte. Signs nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from verbatim_sign.attestations import read_attestations
from verbatim_sign.errors import IntegrityError, PolicyError, UsageError
from verbatim_sign.files import LARGEST, Folder, OpenFile, opened
from verbatim_sign.policy import Policy, Signing
from verbatim_sign.quorum import Count, Quorum
from verbatim_sign.statement import Statement

SUMS = "SHA256SUMS"
#: What `run` appends to the name of a file that it signs.
SIGNATURES = (".sigstore", ".asc", ".ed25519")

#: What is particular to one build, which nobody signs. It is ignored.
BUILD_INFO = "buildinfo"
_VERSION = re.compile(r"3\.(?P<minor>0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2})(?:(?:a|b|rc)[1-9][0-9]{0,2})?")


@dataclass(frozen=True)
class Checked:
    """A release that may be signed, with the files that were hashed held open."""

    version: str
    policy: Policy
    signing: Signing
    #: The folder for the signatures.
    folder: Folder
    #: The files to sign: the artifacts, or behind an air gap the list of their hashes.
    files: tuple[OpenFile, ...]
    #: SHA-256 of every artifact, by name.
    hashes: Mapping[str, str]
    quorums: Mapping[str, Quorum]
    #: What is allowed, but whoever signs should know it.
    unusual: tuple[str, ...]

    def refuse_change(self) -> None:
        """Raise IntegrityError if any file to sign has changed since it was checked."""
        for file in self.files:
            file.refuse_change()


def minor(version: str) -> int:
    """The second number of a version of CPython 3; raises UsageError if it is not valid."""
    match = _VERSION.fullmatch(version)
    if match is None:
        raise UsageError(
            f"{version!r} is not a version of CPython 3", "a version looks like 3.13.5 or 3.14.0rc1"
        )
    return int(match["minor"])


@contextmanager
def checked(
    version: str, release: Path, policy: Policy, *, today: date, digests_only: bool
) -> Iterator[Checked]:
    """Check a release, and hold its files open as long as the block runs; raises Refusal.

    ``release`` contains ``dist/VERSION/`` and ``attestations/VERSION/``, as the main program writes them. With
    ``digests_only`` the artifacts are elsewhere, and ``SHA256SUMS`` is signed.
    """
    minor(version)
    signing = policy.signing(version)
    with ExitStack() as held:
        folder = held.enter_context(version_folder(release, "dist", version))
        attestations = held.enter_context(version_folder(release, "attestations", version))
        artifacts = [] if digests_only else [name for names in signing.artifacts.values() for name in names]
        unusual = _refuse_other_files(folder, signing, artifacts)
        hashes: dict[str, str] = {}
        made: dict[str, frozenset[str]] = {}
        for stage in signing.artifacts:
            made[stage] = frozenset(hashes.values())
            hashes |= _statement(folder, version, stage, signing, made[stage]).hashes
        sums = sums_of(hashes)
        if folder.read(SUMS, LARGEST) != sums:
            raise IntegrityError(f"{folder.path / SUMS} does not list what the statements say")
        # The list of hashes is hashed as well, from the open file.
        every = {**hashes, SUMS: hashlib.sha256(sums).hexdigest()}
        files = [_open(held, folder, name, every) for name in sorted(artifacts or [SUMS])]
        found = read_attestations(attestations, version, policy, signing)
        count = Count(version, policy, found, today, made)
        quorums = {name: count.quorum(name, sha256) for name, sha256 in sorted(hashes.items())}
        alone = (f"one rebuilder is enough for {name}" for name, each in quorums.items() if each.needed == 1)
        unusual += [*found.aside, *count.unusual(), *alone]
        yield Checked(version, policy, signing, folder, tuple(files), hashes, quorums, tuple(unusual))


def sums_of(hashes: Mapping[str, str]) -> bytes:
    """The file SHA256SUMS, as sha256sum(1) writes and checks it."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(hashes.items())).encode()


@contextmanager
def version_folder(release: Path, kind: str, version: str) -> Iterator[Folder]:
    """``KIND/VERSION/`` in a release folder; raises UsageError if one of them is a link, or missing."""
    with opened(release) as top, opened(Path(kind), top) as middle, opened(Path(version), middle) as folder:
        yield folder


def _refuse_other_files(folder: Folder, signing: Signing, artifacts: list[str]) -> list[str]:
    """Raise IntegrityError if a file is missing or unexpected; give notes on the existing signatures."""
    required = {SUMS, *artifacts, *(f"{stage}.intoto.json" for stage in signing.artifacts)}
    signatures = {f"{name}{end}" for name in (SUMS, *artifacts) for end in SIGNATURES}
    there = folder.names(folders=(BUILD_INFO,))
    if missing := sorted(required - set(there)):
        raise IntegrityError(f"{folder.path} lacks {', '.join(missing)}", "copy the release folder again")
    if extra := sorted(set(there) - required - signatures - {BUILD_INFO}):
        raise IntegrityError(f"{folder.path} also holds {', '.join(extra)}, which the policy does not name")
    return [f"{name} already exists" for name in sorted(signatures & set(there))]


def _statement(folder: Folder, version: str, stage: str, signing: Signing, made: frozenset[str]) -> Statement:
    """The statement of a stage in the release's folder; raises PolicyError if the policy does not allow it."""
    name = f"{stage}.intoto.json"
    where = str(folder.path / name)
    statement = Statement.parse(folder.read(name, LARGEST), where)
    if (statement.version, statement.stage) != (version, stage):
        raise PolicyError(
            f"{where} is a statement of {statement.stage} of {statement.version}, expected {stage} of {version}"
        )
    if flaw := statement.unfit(signing, made):
        raise PolicyError(f"{where}: {flaw}")
    if tuple(statement.hashes) != (artifacts := signing.artifacts[stage]):
        raise PolicyError(
            f"{where} lists {', '.join(statement.hashes)}; the policy allows {', '.join(artifacts)} for {stage}"
        )
    return statement


def _open(held: ExitStack, folder: Folder, name: str, hashes: Mapping[str, str]) -> OpenFile:
    """A file, held open; raises IntegrityError if it does not have the hash in the statements."""
    file = OpenFile.of(folder, name)
    held.callback(file.close)
    if file.sha256 != hashes[name]:
        same = [other for other, sha256 in hashes.items() if sha256 == file.sha256]
        what = f"has the bytes of {same[0]}" if same else "was altered"
        raise IntegrityError(
            f"{folder.path / name} {what}: it has SHA-256 {file.sha256}, the statement says {hashes[name]}"
        )
    return file
