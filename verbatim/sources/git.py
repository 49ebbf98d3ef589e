"""A git commit as source: exactly one commit, fetched shallowly, and every object's id computed again.

The host's git only fetches. The result is packed, and the environment's own git unpacks it
inside the sandbox: it computes each id from the content, so the commit's id vouches for all of it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from verbatim.errors import IntegrityError, UsageError
from verbatim.release import Release
from verbatim.scratch import scratch
from verbatim.sources.remote import Remote
from verbatim.sources.repository import GIT, Repository
from verbatim.sources.source import Identity, Prepared
from verbatim.store import Store

CPYTHON = "https://github.com/python/cpython"

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class GitSource:
    """One commit, with everything in its tree, as a pack in the store."""

    release: Release
    commit: str
    tree: str
    epoch: int
    pack: Path

    @property
    def identity(self) -> Identity:
        """The commit and its tree; their server makes no difference."""
        return Identity("git", "cpython", {"gitCommit": self.commit, "gitTree": self.tree})

    def prepare(self, work: Path) -> Prepared:
        """See `Source.prepare`; the recipe's own git unpacks the pack, and checks the tree's id as well."""
        return Prepared({"source/commit.pack": self.pack}, self.epoch)


def git_url() -> str:
    """The address to fetch from: ``VERBATIM_GIT_URL``, or CPython's own repository."""
    return os.environ.get("VERBATIM_GIT_URL") or CPYTHON


def git_source(
    release: Release, store: Store, *, url: str, commit: str | None = None, offline: bool = False
) -> GitSource:
    """The commit of a release: the one that its tag names, or the given one, which must agree with the tag.

    Raises UsageError if there is no such tag or commit, or the address is not one, IntegrityError if the tag points elsewhere or
    the tree holds what no release does, NetworkError if the repository cannot be reached,
    CapabilityError without git.
    """
    if commit is not None and not _COMMIT.fullmatch(commit):
        raise UsageError(f"{commit!r} is not a commit", "give all 40 hexadecimal digits, in lower case")
    remote = Remote.parse(url)
    reachable = not offline or remote.is_local
    with scratch(GIT.folder) as work:
        git = Repository(work)
        commit = _tagged(git, release, remote, commit) if reachable else _known(release, commit)
        pack = git.take(commit, store)
        if pack is None and not reachable:
            raise UsageError(f"commit {commit} is not in the cache", "run once without --offline")
        if pack is None:
            git.fetch(remote, commit)
            pack = git.pack(commit, store)
        tree, epoch = git.tree_and_time(commit)
        git.check_tree(commit)
        return GitSource(release, commit, tree, epoch, pack)


def _tagged(git: Repository, release: Release, remote: Remote, commit: str | None) -> str:
    """The commit to build, checked against the tag if that exists; a commit may be older than its tag."""
    tagged = git.tagged_commit(remote, release.tag)
    if commit is not None and tagged not in (None, commit):
        raise IntegrityError(
            f"the tag {release.tag} at {remote.shown} points to {tagged}, expected {commit}",
            "find out who moved the tag before you go on",
        )
    found = commit or tagged
    if found is None:
        raise UsageError(
            f"{remote.shown} has no tag {release.tag}", "check that the version exists, or give --commit"
        )
    return found


def _known(release: Release, commit: str | None) -> str:
    if commit is None:
        raise UsageError(f"the commit of the tag {release.tag} is not known offline", "give --commit as well")
    return commit
