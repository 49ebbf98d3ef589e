"""Judges an artifact against the published file: by comparison, and by when it was released."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from verbatim.compare.archives import read_inventory
from verbatim.compare.comparison import compare_inventories, some
from verbatim.compare.inventory import Inventory
from verbatim.compare.verdict import Verdict
from verbatim.errors import NetworkError, UsageError
from verbatim.fetch import Fetcher
from verbatim.paths import RELEASES
from verbatim.release import Published, Release
from verbatim.sources.tarball import TarballSource, published_tarball
from verbatim.stages.plan import Artifact

#: Since python/release-tools builds in its own CI (March 2024), and has had time for a release of each branch, all
#: tarballs are packed reproducibly: one that is not has been tampered with. In seconds since 1970.
REPRODUCIBLE_SINCE = int(datetime(2024, 7, 1, tzinfo=UTC).timestamp())


def judge(
    release: Release, artifacts: Sequence[Artifact], fetcher: Fetcher, *, releases: Path = RELEASES
) -> list[Verdict]:
    """Judge each artifact against what python.org published; the published file is read only if need be.

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
        why = f"undecided: its hash is not the published one, and the published file cannot be fetched: {error.message}"
        return Verdict("undecided", why, is_unexplained=True)
    ours = read_inventory(artifact.path, artifact.name)
    theirs = read_inventory(other.path, f"the published {other.name}")
    if other.name == artifact.name:
        return judge_tarball(ours, theirs)
    verdict = judge_tarball(ours, theirs, f" (seen in {other.name})")
    if verdict.judgement != "equivalent":
        return verdict
    why = "; ".join(packing_reasons(theirs)) or "its contents are the same as ours"
    return Verdict(
        "undecided",
        f"undecided: the published file cannot be fetched here, and its bits cannot be reproduced (seen in {other.name}): {why}",
        verdict.comparison,
    )


def judge_tarball(ours: Inventory, theirs: Inventory, seen_in: str = "") -> Verdict:
    """The verdict on a source tarball that differs from the published one in its bits, by the contents of both.

    ``seen_in`` says, in brackets, which other file stands in for the published one. An uncompressed tar of ours
    is compared by its stream.
    """
    comparison = compare_inventories(ours, theirs)
    differences = comparison.differences("ours", "python.org's")
    if differences:
        return Verdict("different", f"differs from python.org{seen_in}: {some(differences)}", comparison)
    apart = ", ".join(comparison.stabilizers)
    reasons = packing_reasons(theirs)
    is_stream = ours.compression == "" and ours.stream_sha256 == theirs.stream_sha256
    if max(ours.times, default=0) >= REPRODUCIBLE_SINCE and not is_stream:
        how = "; ".join(reasons) or "packed or compressed differently"
        return Verdict(
            "different",
            f"differs from python.org{seen_in}: the same contents, but {how} ({apart})",
            comparison,
        )
    why = f"; its bits cannot be reproduced{seen_in}: {'; '.join(reasons)}" if reasons else ""
    return Verdict("equivalent", f"equivalent ({apart}): the contents are python.org's{why}", comparison)


def _published_or_sibling(release: Release, name: str, fetcher: Fetcher, releases: Path) -> TarballSource:
    """The published file or, if it cannot be fetched, the same release in its other compression."""
    others = tuple(other for other in release.source_tarballs if other != name)
    try:
        return published_tarball(release, fetcher, (name,), releases=releases)
    except (NetworkError, UsageError):
        return published_tarball(release, fetcher, others, releases=releases)


def packing_reasons(inventory: Inventory) -> list[str]:
    """Why an archive's bits cannot be reproduced from its contents; none if it was packed reproducibly."""
    reasons = []
    if not inventory.is_sorted:
        reasons.append("its members are unsorted")
    if inventory.owners != {"0/0"}:
        reasons.append(f"it has its makers' user names ({some(sorted(inventory.owners))})")
    if len(inventory.times) > 1:
        first, last = (
            f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}"
            for time in (min(inventory.times), max(inventory.times))
        )
        reasons.append(f"it has {len(inventory.times)} times, from {first} to {last}")
    if not inventory.modes <= {0o644, 0o755, 0o777}:
        reasons.append("its modes depend on its maker's umask")
    return reasons
