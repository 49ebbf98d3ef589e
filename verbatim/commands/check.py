"""``invoke check``: who attested what, and whether that is enough."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from verbatim import console
from verbatim.errors import IntegrityError, MismatchError, UsageError
from verbatim.evidence.attestation import Found, read_attestations
from verbatim.evidence.identity import verify_with_identity
from verbatim.evidence.policy import POLICY, Policy
from verbatim.evidence.quorum import Matrix, count
from verbatim.evidence.untrusted import LARGEST, read_file
from verbatim.release import Published, Release
from verbatim.scratch import scratch
from verbatim.sources.history import History
from verbatim.sources.repository import GIT


@dataclass(frozen=True)
class Trust:
    """The policy that attestations are judged by, and the Sigstore that is trusted."""

    policy: Policy
    path: Path
    #: Of the policy's file.
    sha256: str
    #: Describes a Sigstore other than the public one.
    trust_config: Path | None

    @classmethod
    def load(cls, path: Path, trust_config: Path | None) -> Trust:
        """Read the policy; raises IntegrityError if it is missing or not valid."""
        policy, sha256 = Policy.load(path)
        return cls(policy, path, sha256, trust_config)


@dataclass(frozen=True)
class ReleaseChecked:
    """The attestations of one release, counted by one policy."""

    trust: Trust
    found: Found
    matrix: Matrix

    def raise_for_refused_files(self) -> None:
        """Raise IntegrityError if a file is not what it should be."""
        if self.found.refused:
            name, reason = next(iter(self.found.refused.items()))
            more = len(self.found.refused) - 1
            raise IntegrityError(
                f"{self.matrix.version}: {reason}{f'; and {more} more' if more else ''}",
                f"find out who put {name!r} there, and remove it",
            )

    def raise_for_missing_quorum(self) -> None:
        """Raise MismatchError if an artifact has no quorum."""
        missing = self.matrix.missing
        if missing:
            blocked = [row.artifact for row in missing if row.result == "blocked"]
            short = [
                f"{row.artifact} ({row.voices} of {row.needed})" for row in missing if row.result == "short"
            ]
            reasons = [f"blocked: {', '.join(blocked)}"] if blocked else []
            reasons += [f"too few confirm {', '.join(short)}"] if short else []
            raise MismatchError(
                f"there is no quorum for {self.matrix.version}: {'; '.join(reasons)}",
                "ask whoever objects to look again, and more rebuilders to attest; do not sign",
            )


def check_release(release: Release, folder: Path, trust: Trust, *, today: date) -> ReleaseChecked:
    """Read the attestations of a release, and count them."""
    verify = partial(verify_with_identity, trust_config=trust.trust_config)
    found = read_attestations(folder / release.version, release, trust.policy, verify)
    matrix = count(release, trust.policy, found, Published.of(release).hashes, today=today)
    return ReleaseChecked(trust, found, matrix)


def check_all(folder: Path, trust: Trust, *, today: date) -> list[ReleaseChecked]:
    """Check every release's folder; notes what else lies beside them. See `check_history` as well."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "check --attestations")
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    releases = [release for release in map(_release, names) if release is not None]
    beside = [name for name in names if _release(name) is None and name != POLICY]
    if beside:
        console.note(f"ignored in {folder}, since these are not versions: {', '.join(beside)}")
    return [check_release(release, folder, trust, today=today) for release in releases]


def check_history(folder: Path, version: str | None = None) -> None:
    """Raise IntegrityError if the folder is a git repository, and an attestation was ever changed or removed in it.

    The commits show that; what was not committed is found by comparing the folder with HEAD and the index.
    ``version`` limits it to the attestations of one release.
    """
    if not (folder / ".git").exists():
        console.warn(
            f"{folder} is not a git repository of its own, so removed attestations cannot be detected"
        )
        return
    with scratch(GIT.folder) as work:
        history = History(work, folder)
        altered, recorded = history.altered_paths(), history.recorded_files()
    lost = [name for name in altered if _is_attestation(name, version)]
    if lost:
        raise IntegrityError(
            f"in {folder} attestations are only added, but {_some(lost)} was changed or removed",
            f"find out what happened: git log --diff-filter=a -- {lost[0]}",
        )
    own = sorted((name, blob) for name, blob in recorded if _is_attestation(name, version))
    gone = [name for name, blob in own if not _is_there(folder / name, blob)]
    if gone:
        raise IntegrityError(
            f"git has {_some(gone)}, but {folder} does not have it, or has other bytes under its name",
            f"find out who did that, and restore it; git log -- {gone[0]} shows its origin",
        )


def _some(names: list[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]


def _is_attestation(name: str, version: str | None) -> bool:
    """Whether a file's name in git is that of an attestation; of one release, if a version is given."""
    first, slash, _ = name.partition("/")
    return bool(slash) and (first == version if version else _release(first) is not None)


def _release(name: str) -> Release | None:
    try:
        return Release.parse(name)
    except UsageError:
        return None


def _is_there(path: Path, blob: str) -> bool:
    """Whether a regular file has the bytes that git has under that id: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects"""
    try:
        data = read_file(path, 2 * LARGEST)
    except (OSError, IntegrityError):
        return False
    algorithm = "sha1" if len(blob) == hashlib.sha1(usedforsecurity=False).digest_size * 2 else "sha256"
    hashed = hashlib.new(algorithm, b"blob %d\0" % len(data), usedforsecurity=False)
    hashed.update(data)
    return hashed.hexdigest() == blob
