"""From what the user says of the source (``--source``, ``--commit``) to a source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from verbatim import console
from verbatim.errors import CapabilityError, NetworkError, UsageError
from verbatim.fetch import Fetcher
from verbatim.release import Release
from verbatim.sources.git import git_source, git_url
from verbatim.sources.source import Source
from verbatim.sources.tarball import SUFFIXES, published_tarball, tarball_at, tarball_from

_URL = re.compile(r"(?:https?|ssh|git|file)://[^\s]+")


@dataclass(frozen=True)
class SourceChoice:
    """What was asked for: ``auto``, ``git``, ``tarball``, a path or an address; perhaps a commit."""

    text: str = "auto"
    commit: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether the network would have to be asked to know what it stands for."""
        return self.text in ("auto", "git", "tarball") or _URL.fullmatch(self.text) is not None

    @property
    def is_tarball(self) -> bool:
        return self.text == "tarball" or self.text.endswith(SUFFIXES)


def choose_source(choice: SourceChoice, release: Release, fetcher: Fetcher) -> Source:
    """The source that was asked for; a fall-back is said aloud.

    Raises UsageError if the choice means nothing, and what the kinds of sources raise.
    """
    if choice.commit is not None and choice.is_tarball:
        raise UsageError("--commit names a commit, but the source is a tarball", "leave out one of them")
    if choice.text == "auto":
        return _git_or_tarball(choice, release, fetcher)
    if choice.text == "tarball":
        return published_tarball(release, fetcher)
    if choice.text == "git":
        return git_source(
            release, fetcher.store, url=git_url(), commit=choice.commit, offline=fetcher.offline
        )
    if _URL.fullmatch(choice.text):
        if choice.text.endswith(SUFFIXES):
            return tarball_from(choice.text, release, fetcher)
        return git_source(
            release, fetcher.store, url=choice.text, commit=choice.commit, offline=fetcher.offline
        )
    return _at_path(Path(choice.text), choice, release, fetcher)


def _git_or_tarball(choice: SourceChoice, release: Release, fetcher: Fetcher) -> Source:
    try:
        return git_source(
            release, fetcher.store, url=git_url(), commit=choice.commit, offline=fetcher.offline
        )
    except (NetworkError, CapabilityError) as error:
        if choice.commit is not None:
            # A tarball cannot stand in for a commit.
            raise
        reason = error.message
    except UsageError as error:
        if choice.commit is not None or not fetcher.offline:
            raise
        reason = error.message
    console.warn(f"git: {reason.removeprefix('git ')}; building from the published tarball instead")
    return published_tarball(release, fetcher)


def _at_path(path: Path, choice: SourceChoice, release: Release, fetcher: Fetcher) -> Source:
    if choice.text and path.is_dir():
        return git_source(
            release, fetcher.store, url=path.resolve().as_uri(), commit=choice.commit, offline=fetcher.offline
        )
    if path.name.endswith(SUFFIXES):
        return tarball_at(path, release, fetcher)
    raise UsageError(
        f"--source {choice.text!r} is neither auto, git, tarball, an address, a git repository nor a .tgz or .tar.xz"
    )
