"""``invoke verify --against-git``: release tarballs compared with the commit that the release's tag names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from verbatim.caches import WORK
from verbatim.commands.build import build_with, check_engines
from verbatim.compare.archives import read_inventory
from verbatim.compare.inventory import Inventory
from verbatim.engines.protocol import Engine
from verbatim.environments.rootfs import ensure_root
from verbatim.errors import IntegrityError, MismatchError, NetworkError, UsageError
from verbatim.evidence.artifact_sets import open_given
from verbatim.fetch import Fetcher
from verbatim.published.against_git import Expected, TreeComparison
from verbatim.published.declared import Declared
from verbatim.published.judge import REPRODUCIBLE_SINCE
from verbatim.release import Release
from verbatim.scratch import scratch
from verbatim.sources.choose import SourceChoice, choose_source
from verbatim.sources.git import GitSource
from verbatim.sources.tarball import TarballSource, published_tarball, tarball_at
from verbatim.sources.tree import read_tree
from verbatim.stages.choose import packed_stage
from verbatim.stages.plan import Plan


@dataclass(frozen=True)
class TreeChecked:
    """Tarballs of one release, compared with its commit."""

    source: GitSource
    #: Each tarball with its comparison.
    comparisons: tuple[tuple[TarballSource, TreeComparison], ...]
    #: By name, why a published tarball could not be fetched.
    unchecked: Mapping[str, str]
    #: By name, why a tarball was refused; at least one other was not.
    refused: Mapping[str, IntegrityError] = field(default_factory=dict)

    def raise_for_difference(self) -> None:
        """Raise MismatchError if a tarball differs from the commit, IntegrityError if one was refused."""
        different = [tarball.name for tarball, comparison in self.comparisons if comparison.differences]
        if different:
            raise MismatchError(
                f"{', '.join(different)}: different from commit {self.source.commit}",
                "do not use what differs; if it was published, tell the release manager",
            )
        for error in self.refused.values():
            raise error


def check_against_git(
    release: Release, choice: SourceChoice, against: Sequence[Path], fetcher: Fetcher, engine: Engine
) -> TreeChecked:
    """Compare the published tarballs, or those at the paths ``against``, with the commit that is chosen.

    The path is a tarball, or a folder with tarballs of the release under their own names. The engine makes what is
    declared as generated. Raises UsageError if the choice is not a commit, UndecidedError if the folder has no such
    tarball, IntegrityError if every archive is refused, and what its parts raise; a difference is returned, not raised.
    """
    if choice.is_tarball:
        raise UsageError("--against-git needs a commit, but --source is a tarball", "name it with --against")
    check_engines([engine])
    # Where git cannot be asked, no tarball stands in for it.
    choice = SourceChoice("git", choice.commit) if choice.text == "auto" else choice
    source = choose_source(choice, release, fetcher)
    if not isinstance(source, GitSource):
        raise UsageError("--against-git needs a commit", "name a git repository with --source")
    if not against:
        tarballs, unchecked = _published(release, fetcher)
    else:
        tarballs, unchecked = [tarball_at(path, release, fetcher) for path in _named(against, release)], {}
    expected = Expected(
        release.folder,
        read_tree(source),
        Declared.load(),
        _made(source, fetcher, engine),
        source.epoch >= REPRODUCIBLE_SINCE,
    )
    comparisons, refused = _compare(expected, tarballs)
    return TreeChecked(source, comparisons, unchecked, refused)


def _compare(
    expected: Expected, tarballs: Sequence[TarballSource]
) -> tuple[tuple[tuple[TarballSource, TreeComparison], ...], dict[str, IntegrityError]]:
    """The comparisons, and why tarballs were refused; raises the first reason if all were."""
    comparisons, refused = [], {}
    for tarball in tarballs:
        try:
            inventory = read_inventory(tarball.path, tarball.name)
        except IntegrityError as error:
            refused[tarball.name] = error
        else:
            comparisons.append((tarball, expected.compare(inventory)))
    if not comparisons:
        raise next(iter(refused.values()))
    return tuple(comparisons), refused


def _published(release: Release, fetcher: Fetcher) -> tuple[list[TarballSource], dict[str, str]]:
    """The tarballs, and why others could not be fetched; raises the first reason if none could."""
    tarballs, refusals = [], {}
    for name in release.source_tarballs:
        try:
            tarballs.append(published_tarball(release, fetcher, (name,)))
        except (NetworkError, UsageError) as error:
            refusals[name] = error
    if not tarballs:
        raise next(iter(refusals.values()))
    return tarballs, {name: error.message for name, error in refusals.items()}


def _named(against: Sequence[Path], release: Release) -> list[Path]:
    named: list[Path] = []
    for path in against:
        if not path.is_dir():
            named.append(path)
            continue
        given = open_given([path], release.source_tarballs)
        files = [file for name in release.source_tarballs for file in given.files.get(name, ())]
        named += [file.path for file in files if file.path is not None]
    return named


def _made(source: GitSource, fetcher: Fetcher, engine: Engine) -> Inventory:
    """The inventory of the tar that the recipe makes of the commit."""
    plan = Plan(source.release, source.identity, packed_stage(source.release))
    root = ensure_root(plan.stage.environment, fetcher)
    with scratch(WORK.folder) as work:
        staging = work / "staging"
        staging.mkdir()
        (tar,) = build_with(engine, plan, source.prepare(work), root, work=work, staging=staging)
        return read_inventory(tar.path, f"what is made of commit {source.commit[:12]}")
