"""Compares artifacts with the published files: those served now, those that the user has, or their published hashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verbatim import console
from verbatim.addresses import showable
from verbatim.compare.archives import form_of
from verbatim.compare.comparison import File, compare_files, inventory_of
from verbatim.compare.pairs import ArtifactSet, Pair
from verbatim.compare.verdict import Verdict
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.fetch import Fetcher
from verbatim.paths import RELEASES
from verbatim.published.judge import judge, judge_tarball
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


@dataclass(frozen=True)
class PublishedPair(Pair):
    """An artifact of ours, the first, and the published one, the second."""

    #: The SHA-256 that was published, if releases/published.toml knows one.
    published: str | None = None
    seen: PublishedFile = PublishedFile(None, "")


@dataclass(frozen=True)
class PublishedComparer:
    """Finds the published files of one release, and compares artifacts that were built here with them."""

    release: Release
    fetcher: Fetcher
    #: A private folder for what is served now, which never goes into the store: nothing is built from it.
    work: Path
    #: What the user has downloaded, instead of what is served.
    given: ArtifactSet | None = None
    #: The folder with the published hashes.
    releases: Path = RELEASES

    def asked_for(self, artifacts: Sequence[Artifact]) -> Sequence[Artifact]:
        """The artifacts to compare: all, or only the one that the user's single file stands for; UsageError if there is none."""
        if self.given is None or not self.given.is_single:
            return artifacts
        [name] = self.given.files
        stands_for = self._stands_for(self.given.files[name])
        named = [artifact for artifact in artifacts if artifact.name == stands_for]
        if not named:
            raise UsageError(
                f"--against {name} stands for none of {', '.join(artifact.name for artifact in artifacts)}",
                "give it that name",
            )
        return named

    def compare(self, artifact: Artifact, *, is_served: bool = True) -> PublishedPair:
        """Compare an artifact with the published one; ``is_served`` says whether python.org has such files at all."""
        ours = File(artifact.name, artifact.sha256, artifact.path)
        seen = self._see(artifact.name, is_served=is_served)
        if seen.file is not None:
            return self._beside(ours, seen.file, seen)
        return self._unseen(artifact, ours, seen)

    def compare_stream(self, artifact: Artifact) -> PublishedPair:
        """Compare an uncompressed source tar with the first published tarball that can be fetched."""
        ours = File(artifact.name, artifact.sha256, artifact.path)
        if self.given is not None:
            file = self._given_tarball(self.given)
            return self._beside(ours, file, PublishedFile(file, str(file.path or file.name)))
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

    def _stands_for(self, file: File) -> str:
        """The published name of a file: of a source tarball with any name, by its format; of other artifacts, their own."""
        if file.name.startswith(f"python-{self.release.version}"):
            return file.name
        xz, gzip = self.release.source_tarballs
        if file.path is None:
            by_end = {".tar.xz": xz, ".tgz": gzip, ".tar.gz": gzip}
            return next((name for end, name in by_end.items() if file.name.endswith(end)), file.name)
        return {"xz": xz, "gzip": gzip}.get(form_of(file.path, file.name).compression, file.name)

    def _given_tarball(self, given: ArtifactSet) -> File:
        if given.is_single:
            return next(iter(given.files.values()))
        return next(given.files[name] for name in self.release.source_tarballs if name in given.files)

    def _see(self, name: str, *, is_served: bool = True) -> PublishedFile:
        """Find a file among those that the user gave or, if none were given, download what is served."""
        if self.given is not None:
            by_name = {self._stands_for(file): file for file in self.given.files.values()}
            file = (by_name if self.given.is_single else self.given.files).get(name)
            return PublishedFile(
                file, str(file.path or "by its hash alone") if file else f"--against does not have {name}"
            )
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
        name = theirs.name if theirs.name in hashes else self._stands_for(theirs)
        published = hashes.get(name)
        verdict = self._compared(ours, theirs)
        if published is not None and theirs.sha256 != published:
            what = f"{seen.where} is not the file that was published: it has SHA-256 {theirs.sha256}, expected {published}"
            console.warn(what)
            verdict = replace(verdict, judgement="different", text=f"{verdict.text}; {what}")
        return PublishedPair(ours.name, ours, theirs, verdict, published, seen)

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
