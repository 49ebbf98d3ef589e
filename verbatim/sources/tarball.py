"""A release tarball as source: the published one, or the user's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from verbatim import console
from verbatim.addresses import WEB, checked, showable
from verbatim.archive.unpack import Unpacker
from verbatim.digest import HashingReader
from verbatim.environments.mirrors import debian_urls
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.fetch import Download, Fetcher
from verbatim.files import open_regular
from verbatim.paths import RELEASES
from verbatim.release import Published, Release, unknown_release_hint
from verbatim.sources.source import Identity, Prepared

SUFFIXES = (".tar.xz", ".tgz", ".tar.gz")


@dataclass(frozen=True)
class TarballSource:
    """A tarball in the store, with its published name."""

    release: Release
    path: Path
    name: str
    sha256: str

    @property
    def identity(self) -> Identity:
        return Identity("tarball", self.name, {"sha256": self.sha256})

    def prepare(self, work: Path) -> Prepared:
        """Unpack it; see `Source.prepare`."""
        tree = work / "source"
        tree.mkdir()
        unpacker = Unpacker(tree)
        size = self.path.stat().st_size
        with console.progress(f"unpacking {self.name}", size) as advance, self.path.open("rb") as file:
            reader = HashingReader(file, advance)
            unpacker.tar(self.name, reader)
            unpacker.finish()
            if reader.sha256 != self.sha256:
                raise IntegrityError(
                    f"{self.path} was altered: it has SHA-256 {reader.sha256}, expected {self.sha256}",
                    "build again",
                )
        tops = sorted(entry.name for entry in tree.iterdir())
        if tops != [self.release.folder]:
            if len(tops) == 1 and tops[0].startswith("cpython-"):
                raise UsageError(
                    f"the given tarball, with {tops[0]} at its top, is a code host's own archive of a repository, not a release's tarball",
                    "build from the repository itself (--source git), or from the published tarball",
                )
            raise IntegrityError(
                f"{self.name} holds {', '.join(tops) or 'nothing'} at its top, expected {self.release.folder} alone",
                "check that --version and --source match",
            )
        return Prepared({"source": tree}, unpacker.newest)


def published_tarball(
    release: Release,
    fetcher: Fetcher,
    names: tuple[str, ...] | None = None,
    *,
    releases: Path = RELEASES,
) -> TarballSource:
    """The published tarball of a release from any mirror: the first of its names that can be fetched.

    Raises UsageError if no hash was published, NetworkError if no mirror has any of them.
    """
    published = Published.of(release, releases)
    wanted = [name for name in names or release.source_tarballs if name in published.hashes]
    if not wanted:
        raise UsageError(
            f"releases/published.toml has no source tarball of {release.version}",
            f"{unknown_release_hint(release) or 'check that the version exists'}; or build it from git: --source git",
        )
    for name in wanted:
        sha256 = published.hashes[name]
        try:
            path = fetcher.fetch(Download(name, sha256, _urls(release, name, published)))
        except (NetworkError, UsageError) as error:
            if name == wanted[-1]:
                raise
            console.note(f"{error.message}; trying {wanted[wanted.index(name) + 1]}")
        else:
            return TarballSource(release, path, name, sha256)
    raise AssertionError("the loop returns or raises")


def tarball_at(path: Path, release: Release, fetcher: Fetcher) -> TarballSource:
    """The user's own tarball, copied into the store, so that what is hashed is what is built."""
    try:
        with open_regular(path, follows_links=True) as file:
            sha256, stored = fetcher.store.add(file)
    except FileNotFoundError as error:
        raise UsageError(
            f"{showable(str(path))} does not exist", "give a .tgz or .tar.xz, or a git repository"
        ) from error
    published = Published.of(release).hashes.values()
    if published and sha256 not in published:
        console.warn(f"{path} is not a tarball that python.org published for {release.version}")
    return TarballSource(release, stored, _canonical_name(path, release), sha256)


def tarball_from(url: str, release: Release, fetcher: Fetcher) -> TarballSource:
    """A published tarball from the user's address; its hash must be the published one."""
    published = Published.of(release)
    name = _canonical_name(Path(checked(url, "--source", WEB).path), release)
    if name not in published.hashes:
        raise UsageError(
            f"no hash of {name} was published, so what {showable(url)} serves cannot be checked",
            "download it, check it, and give its path instead",
        )
    sha256 = published.hashes[name]
    return TarballSource(
        release,
        fetcher.fetch(
            Download(name, sha256, (url,), variable="", advice="check the address and the network")
        ),
        name,
        sha256,
    )


def _urls(release: Release, name: str, published: Published) -> tuple[str, ...]:
    path = published.debian_paths.get(name)
    debian = debian_urls(path) if path else ()
    mirrors = release.urls(name)
    return (*mirrors[:-1], *debian, mirrors[-1])


def _canonical_name(path: Path, release: Release) -> str:
    """The name on python.org: a statement must not contain a user's own file name."""
    suffix = ".tar.xz" if path.name.endswith(".tar.xz") else ".tgz"
    return release.folder + suffix
