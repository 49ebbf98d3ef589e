"""``invoke policy``: what the signing stage may sign, from this checkout; and where a policy differs from it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verbatim.errors import IntegrityError, MismatchError, UsageError
from verbatim.evidence.policy import Policy
from verbatim.evidence.signing_entry import SigningEntry
from verbatim.release import Release
from verbatim.stages.choose import choose_stages


@dataclass(frozen=True)
class PolicyCompared:
    """A policy, and where it differs from this checkout."""

    path: Path
    #: By version, the differences; none for an entry that is as this checkout would write it.
    deviations: Mapping[str, Sequence[str]]

    def raise_for_deviation(self) -> None:
        """Raise MismatchError if an entry differs."""
        differing = [version for version, found in self.deviations.items() if found]
        if differing:
            raise MismatchError(
                f"{self.path} differs from this checkout for {', '.join(differing)}",
                "check out the commit of Verbatim that the release is built with, or correct the policy",
            )


def check_commit(commit: str) -> str:
    """Give a commit's id if it is one; raises UsageError if not."""
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise UsageError(f"--commit {commit!r} is not a commit", "give all 40 digits, in lower case")
    return commit


def compare_policy(path: Path, version: str) -> PolicyCompared:
    """Compare the entries of a policy with this checkout; one version's if ``version`` is not empty.

    Raises IntegrityError for a policy that is not valid, UsageError if it has no such entry.
    """
    policy = Policy.load(path)[0]
    versions = [version] if version else list(policy.signing)
    missing = [each for each in versions if each not in policy.signing]
    if missing or not versions:
        raise UsageError(
            f'{path} has no entry [signing."{version or "VERSION"}"]',
            f"add what ./invoke policy --version {version or 'VERSION'} prints",
        )
    return PolicyCompared(path, {each: _deviations(policy, each, path) for each in versions})


def _deviations(policy: Policy, version: str, path: Path) -> list[str]:
    release, entry = _release(version, path), SigningEntry.read(policy, version, path)
    try:
        stages = choose_stages(release, ",".join(entry.artifacts))
    except UsageError as error:
        return [f"artifacts: {error.message.removeprefix('--artifacts: ')}"]
    unasked = [stage.name for stage in stages if stage.name not in entry.artifacts]
    if unasked:
        return [f"artifacts lacks {', '.join(unasked)}, from which the others are built"]
    return list(entry.deviations(SigningEntry.of(stages)))


def _release(version: str, path: Path) -> Release:
    try:
        return Release.parse(version)
    except UsageError as error:
        raise IntegrityError(f"{path}: signing.{version}: {error.message}", "correct the policy") from error
