"""``invoke check``: who attested what, and whether that is enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from verbatim import console
from verbatim.errors import IntegrityError, MismatchError, UsageError
from verbatim.evidence.attestation import Found, read_attestations
from verbatim.evidence.identity import verify_with_identity
from verbatim.evidence.policy import Policy
from verbatim.evidence.quorum import Matrix, count
from verbatim.paths import cache_directory
from verbatim.release import Published, Release
from verbatim.scratch import scratch
from verbatim.sources.remote import Remote
from verbatim.sources.repository import Repository


@dataclass(frozen=True)
class Trust:
    """By what the attestations are judged."""

    policy: Policy
    path: Path
    #: Of the policy's file.
    sha256: str
    #: Of another Sigstore than the public one.
    trust_config: Path | None

    @classmethod
    def load(cls, path: Path, trust_config: Path | None) -> Trust:
        """Read the policy; what is odd about it, but not wrong, is said aloud."""
        policy, sha256 = Policy.load(path)
        for identity, names in policy.shared().items():
            console.warn(f"{path}: {' and '.join(names)} share {identity}, and count as one")
        return cls(policy, path, sha256, trust_config)


@dataclass(frozen=True)
class Checked:
    """What came of it."""

    trust: Trust
    found: Found
    matrix: Matrix

    def refuse_files(self) -> None:
        """Raise IntegrityError if a file is not what it should be."""
        if self.found.refused:
            name, reason = next(iter(self.found.refused.items()))
            more = len(self.found.refused) - 1
            raise IntegrityError(
                f"{self.matrix.version}: {reason}{f'; {more} more files are refused' if more else ''}",
                f"find out who put {name!r} there, and take it away",
            )

    def refuse_lack(self) -> None:
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


def check_release(release: Release, folder: Path, trust: Trust, *, today: date) -> Checked:
    """Read the attestations of a release, and count them."""
    verify = partial(verify_with_identity, trust_config=trust.trust_config)
    found = read_attestations(folder / release.version, release, trust.policy, verify)
    matrix = count(release, trust.policy, found, Published.of(release).hashes, today=today)
    return Checked(trust, found, matrix)


def check_all(folder: Path, trust: Trust, *, today: date) -> list[Checked]:
    """Check every release's folder; see `check_history` as well."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", "see to --attestations")
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [check_release(Release.parse(name), folder, trust, today=today) for name in names]


def check_history(folder: Path) -> None:
    """Raise IntegrityError if the folder is a git repository, and an attestation was ever changed or removed in it."""
    if not (folder / ".git").exists():
        console.warn(
            f"{folder} is no git repository of its own, so whether anything was removed cannot be seen"
        )
        return
    with scratch(cache_directory() / "git") as work:
        altered = Repository(work).altered_paths(Remote.parse(folder.resolve().as_uri()))
    lost = [name for name in altered if _is_attestation(name)]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise IntegrityError(
            f"in {folder} attestations only come, but {lost[0]}{more} was changed or removed",
            f"see what happened: git log --diff-filter=a -- {lost[0]}",
        )


def _is_attestation(name: str) -> bool:
    version, slash, _ = name.partition("/")
    try:
        Release.parse(version)
    except UsageError:
        return False
    return bool(slash)
