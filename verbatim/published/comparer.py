"""Compares artifacts with the published files: those served now, those that the user has, or their published hashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verbatim import console
from verbatim.addresses import showable
from verbatim.compare.comparison import File, compare_files, inventory_of
from verbatim.compare.pairs import Given, Pair
from verbatim.compare.recognition import recognized
from verbatim.compare.verdict import Verdict
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.fetch import Fetcher
from verbatim.paths import RELEASES
from verbatim.published.judge import judge, judge_tarball
from verbatim.published.signatures import Signature, SignatureChecker
from verbatim.release import Published, Release
from verbatim.sources.tarball import published_tarball
from verbatim.stages.plan import Artifact


@dataclass(frozen=True)
class PublishedFile:
    """A published file, and where it was found."""

    #: None if it was not found.
    file: File | None
    #: The address or the folder; or why it was not found.
    where: str
    #: Whether it is a file of the user's, not what is served.
    is_users: bool = False


@dataclass(frozen=True)
class PublishedPair(Pair):
    """An artifact of ours, the first, and the published one, the second."""

    #: The SHA-256 that was published, if releases/published.toml knows one.
    published: str | None = None
    seen: PublishedFile = PublishedFile(None, "")
    #: The release manager's, of the second file.
    signatures: Sequence[Signature] = ()


@dataclass(frozen=True)
class PublishedComparer:
    """Finds the published files of one release, and compares artifacts that were built here with them."""

    release: Release
    fetcher: Fetcher
    #: A private folder for what is served now, which never goes into the store: nothing is built from it.
    work: Path
    #: What the user has downloaded, instead of what is served.
    given: Given | None = None
    #: The folder with the published hashes.
    releases: Path = RELEASES
    #: Who looks at the release manager's signatures, if anybody does.
    signatures: SignatureChecker | None = None

    def compare(self, artifact: Artifact, *, is_served: bool = True) -> list[PublishedPair]:
        """Compare an artifact with the published one, or with each file that the user has of it.

        ``is_served`` says whether python.org has such files at all. Of a single file that stands for another artifact,
        nothing is said here.
        """
        ours = File(artifact.name, artifact.sha256, artifact.path)
        if self.given is not None and artifact.name in self.given.files:
            return self._beside_users(ours, self.given.files[artifact.name])
        if self.given is not None and self.given.is_single:
            return []
        seen = self._see(artifact.name, is_served=is_served)
        if seen.file is not None:
            return [self._beside(ours, seen.file, seen)]
        return [self._unseen(artifact, ours, seen)]

    def compare_stream(self, artifact: Artifact) -> list[PublishedPair]:
        """Compare an uncompressed source tar with each given tarball, or with the first published one that can be fetched."""
        ours = File(artifact.name, artifact.sha256, artifact.path)
        if self.given is None:
            return [self._compare_served_stream(ours)]
        files = [file for name in self.release.source_tarballs for file in self.given.files.get(name, ())]
        return self._beside_users(ours, files)

    def _beside_users(self, ours: File, files: Sequence[File]) -> list[PublishedPair]:
        return [
            self._beside(
                ours, file, PublishedFile(file, str(file.path or "by its hash alone"), is_users=True)
            )
            for file in files
        ]

    def _compare_served_stream(self, ours: File) -> PublishedPair:
        unseen = ""
        for name in self.release.source_tarballs:
            seen = self._see(name)
            if seen.file is not None:
                return self._beside(ours, seen.file, seen)
            unseen = unseen or seen.where
        try:
            tarball = published_tarball(self.release, self.fetcher, releases=self.releases)
        except (NetworkError, UsageError) as error:
            why = f"undecided: no published tarball can be fetched: {error.message}"
            return PublishedPair(
                ours.name, ours, None, Verdict("undecided", why), seen=PublishedFile(None, unseen)
            )
        file = File(tarball.name, tarball.sha256, tarball.path)
        return self._beside(ours, file, PublishedFile(None, unseen))

    def _see(self, name: str, *, is_served: bool = True) -> PublishedFile:
        """Find a file among those that the user gave or, if none were given, download what is served."""
        if self.given is not None:
            return PublishedFile(None, f"--against does not have {name}")
        if not is_served:
            return PublishedFile(None, "python.org has no such files")
        try:
            served = self.fetcher.fetch_served(name, self.release.urls(name), self.work / name)
        except (NetworkError, UsageError) as error:
            return PublishedFile(None, f"what is served now could not be fetched: {error.message}")
        return PublishedFile(File(name, served.sha256, served.path), showable(served.url))

    def _beside(self, ours: File, theirs: File, seen: PublishedFile) -> PublishedPair:
        """The verdict from both files; ``different`` if ``theirs`` does not have the published hash, whatever it contains."""
        hashes = self._published
        published = hashes.get(self._name_of(ours, theirs))
        verdict = self._compared(ours, theirs)
        if published is not None and theirs.sha256 != published:
            what = f"{seen.where} is not the file that was published: it has SHA-256 {theirs.sha256}, expected {published}"
            console.warn(what)
            verdict = replace(verdict, judgement="different", text=f"{verdict.text}; {what}")
        return PublishedPair(
            ours.name, ours, theirs, verdict, published, seen, self._signatures(ours, theirs, seen)
        )

    def _signatures(self, ours: File, theirs: File, seen: PublishedFile) -> Sequence[Signature]:
        """The signatures of a file that was served, or given; not of one that stands in for another."""
        if self.signatures is None or seen.file is None:
            return ()
        return self.signatures.check(theirs, self._name_of(ours, theirs), is_users=seen.is_users)

    def _compared(self, ours: File, theirs: File) -> Verdict:
        """The verdict from the contents of both; a file that cannot be read is different."""
        is_tarball = ours.name.removesuffix(".tar") == self.release.folder or (
            ours.name in self.release.source_tarballs
        )
        try:
            if is_tarball and theirs.path is not None and ours.sha256 != theirs.sha256:
                return judge_tarball(inventory_of(ours), inventory_of(theirs))
            comparison = compare_files(ours, theirs)
        except IntegrityError as error:
            return Verdict("different", f"different: {error.message}")
        return Verdict.of(comparison, "ours", "the published one")

    def _unseen(self, artifact: Artifact, ours: File, seen: PublishedFile) -> PublishedPair:
        """The verdict without the file itself: by its published hash, or by another file with the same contents."""
        [verdict] = judge(self.release, [artifact], self.fetcher, releases=self.releases)
        if verdict.judgement == "identical":
            verdict = replace(verdict, text="identical to python.org by the published hash")
        return PublishedPair(ours.name, ours, None, verdict, self._published.get(ours.name), seen)

    @property
    def _published(self) -> dict[str, str]:
        return Published.of(self.release, self.releases).hashes

    def _name_of(self, ours: File, theirs: File) -> str:
        """The published name of a file: that of ours, unless ours is only the tar stream of both tarballs."""
        if ours.name in self.release.source_tarballs or not ours.name.endswith(".tar"):
            return ours.name
        if theirs.path is None:
            return theirs.name
        return recognized(theirs.path, self.release.source_tarballs) or theirs.name
