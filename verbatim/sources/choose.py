"""Chooses the source by the options ``--source`` and ``--commit``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from verbatim import console
from verbatim.addresses import checked, is_scp_like, showable
from verbatim.errors import CapabilityError, NetworkError, UsageError
from verbatim.fetch import Fetcher
from verbatim.release import Release
from verbatim.sources.git import git_source, git_url
from verbatim.sources.remote import SCHEMES
from verbatim.sources.source import Source
from verbatim.sources.tarball import SUFFIXES, published_tarball, tarball_at, tarball_from

#: A code host's own archive of a repository, by its name or by the host's address for it.
_HOSTED = re.compile(
    r"(?:.*/)?(?:cpython-v?|v)3\.[^/]*\.(?:zip|tar\.gz)|.*/(?:legacy\.)?(?:zip|tar\.gz)/refs/.*"
)
_GIVE_INSTEAD = "give the repository itself (--source git, or its address), or the published Python-{}.tgz"


@dataclass(frozen=True)
class SourceChoice:
    """The user's choice: ``auto``, ``git``, ``tarball``, a path or an address; possibly a commit."""

    text: str = "auto"
    commit: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether resolving it needs the network."""
        return self.text in ("auto", "git", "tarball") or _is_address(self.text)

    @property
    def is_tarball(self) -> bool:
        return self.text == "tarball" or self.path.endswith(SUFFIXES)

    @property
    def path(self) -> str:
        """The path; of an address only its path part, since a token may follow."""
        if "://" not in self.text:
            return self.text
        return checked(self.text, "--source", SCHEMES).path


def choose_source(choice: SourceChoice, release: Release, fetcher: Fetcher) -> Source:
    """The source that was chosen; warns if it falls back to the tarball.

    Raises UsageError if the choice is not valid, and what the kinds of sources raise.
    """
    if choice.commit is not None and choice.is_tarball:
        raise UsageError("--commit names a commit, but the source is a tarball", "leave out one of them")
    if choice.text == "auto":
        return _git_or_tarball(choice, release, fetcher)
    if choice.text == "tarball":
        return published_tarball(release, fetcher)
    if choice.text == "git":
        return _git(git_url(), choice, release, fetcher)
    if not _is_address(choice.text):
        return _at_path(Path(choice.text), choice, release, fetcher)
    _refuse_hosted(choice, release)
    if choice.is_tarball:
        return tarball_from(choice.text, release, fetcher)
    return _git(choice.text, choice, release, fetcher)


def _is_address(text: str) -> bool:
    """Whether a text is an address. A file may have a name like ssh's ``user@host:path``, and is then a file."""
    return "://" in text or ("@" in text and is_scp_like(text) and not os.path.lexists(text))


def _refuse_hosted(choice: SourceChoice, release: Release) -> None:
    """Raise UsageError for a code host's archive of a repository, which is neither a release nor a repository."""
    if _HOSTED.fullmatch(choice.path):
        raise UsageError(
            f"{showable(choice.text)} is a code host's own archive of a repository, not a release's tarball",
            _GIVE_INSTEAD.format(release.version),
        )


def _git(url: str, choice: SourceChoice, release: Release, fetcher: Fetcher) -> Source:
    return git_source(release, fetcher.store, url=url, commit=choice.commit, offline=fetcher.offline)


def _git_or_tarball(choice: SourceChoice, release: Release, fetcher: Fetcher) -> Source:
    try:
        return _git(git_url(), choice, release, fetcher)
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
        return _git(path.resolve().as_uri(), choice, release, fetcher)
    if path.name.endswith(SUFFIXES):
        return tarball_at(path, release, fetcher)
    if path.suffix == ".zip":
        _refuse_hosted(choice, release)
    raise UsageError(
        f"--source {showable(choice.text)!r} is neither auto, git, tarball, an address, a git repository nor a .tgz or .tar.xz",
        "check the spelling; a repository's address is SCHEME://HOST/PATH, or USER@HOST:PATH for ssh",
    )
