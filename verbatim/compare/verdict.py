"""What is to be said of an artifact beside the published one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from verbatim.build.plan import Artifact
from verbatim.compare.inventory import Inventory, read_inventory
from verbatim.errors import NetworkError, UsageError
from verbatim.fetch import Fetcher
from verbatim.paths import RELEASES
from verbatim.release import Published, Release
from verbatim.sources.tarball import TarballSource, published_tarball

#: ``uncompared``: not reproducible, as another file of the release shows, but itself not to be had.
Judgement = Literal["identical", "equivalent", "uncompared", "different", "unpublished"]

#: Since python/release-tools builds in its own CI (March 2024), and has had time for a release of each branch, all
#: tarballs are packed reproducibly: one that is not has been tampered with. In seconds since 1970.
REPRODUCIBLE_SINCE = int(datetime(2024, 7, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Verdict:
    """A judgement, and in words why."""

    judgement: Judgement
    text: str


def judge(
    release: Release, artifacts: Sequence[Artifact], fetcher: Fetcher, *, releases: Path = RELEASES
) -> list[Verdict]:
    """Hold each artifact against what python.org published; the published file is read only if need be.

    ``releases`` is the folder with the published hashes.
    """
    return [_judge(release, artifact, fetcher, releases) for artifact in artifacts]


def _judge(release: Release, artifact: Artifact, fetcher: Fetcher, releases: Path) -> Verdict:
    expected = Published.of(release, releases).hashes.get(artifact.name)
    if expected is None:
        return Verdict(
            "unpublished", "nothing is published to compare with (that releases/published.toml knows of)"
        )
    if expected == artifact.sha256:
        return Verdict("identical", "identical to python.org")
    try:
        other = _published_or_sibling(release, artifact.name, fetcher, releases)
    except (NetworkError, UsageError) as error:
        return Verdict("different", f"differs from python.org, and how cannot be seen: {error.message}")
    return _beside(artifact, other)


def _beside(artifact: Artifact, other: TarballSource) -> Verdict:
    """The verdict on an artifact that is not the published one bit for bit, from what is in both."""
    ours = read_inventory(artifact.path, artifact.name)
    theirs = read_inventory(other.path, f"the published {other.name}")
    seen_in = "" if other.name == artifact.name else f" (seen in {other.name})"
    differences = content_differences(ours, theirs)
    if differences:
        return Verdict("different", f"differs from python.org{seen_in}: {_some(differences)}")
    reasons = packing_reasons(theirs)
    if not reasons or max(ours.times) >= REPRODUCIBLE_SINCE:
        how = "; ".join(reasons) or "packed or compressed differently"
        return Verdict("different", f"differs from python.org{seen_in}: the same contents, but {how}")
    why = f"its bits cannot be reproduced{seen_in}: {'; '.join(reasons)}"
    if other.name != artifact.name:
        return Verdict("uncompared", f"not compared: the published file cannot be had here, and {why}")
    return Verdict("equivalent", f"equivalent: the contents are python.org's; {why}")


def _published_or_sibling(release: Release, name: str, fetcher: Fetcher, releases: Path) -> TarballSource:
    """The published file, or, where it cannot be had, the same release in its other compression."""
    others = tuple(other for other in release.source_tarballs if other != name)
    try:
        return published_tarball(release, fetcher, (name,), releases=releases)
    except (NetworkError, UsageError):
        return published_tarball(release, fetcher, others, releases=releases)


def content_differences(ours: Inventory, theirs: Inventory) -> list[str]:
    """Members that only one of them has, or that are not the same; each in a few words."""
    added = ours.contents.keys() - theirs.contents.keys()
    removed = theirs.contents.keys() - ours.contents.keys()
    changed = {
        name
        for name in ours.contents.keys() & theirs.contents.keys()
        if ours.contents[name] != theirs.contents[name]
    }
    return [
        *(f"{name} is only in ours" for name in sorted(added)),
        *(f"{name} is only in python.org's" for name in sorted(removed)),
        *(f"{name} is not the same" for name in sorted(changed)),
    ]


def packing_reasons(inventory: Inventory) -> list[str]:
    """Why nobody can make an archive's bits again from its contents; none if it was packed the modern way."""
    reasons = []
    if not inventory.is_sorted:
        reasons.append("its members are unsorted")
    if inventory.owners != {"0/0"}:
        reasons.append(f"its makers' user names are in it ({_some(sorted(inventory.owners))})")
    if len(inventory.times) > 1:
        first, last = (
            f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}"
            for time in (min(inventory.times), max(inventory.times))
        )
        reasons.append(f"it holds {len(inventory.times)} times, from {first} to {last}")
    if not inventory.modes <= {0o644, 0o755, 0o777}:
        reasons.append("its modes are its maker's")
    return reasons


def _some(items: Iterable[str], most: int = 3) -> str:
    items = list(items)
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
