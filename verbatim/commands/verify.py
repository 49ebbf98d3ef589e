"""``invoke verify``: rebuild a release here, and compare it with what is published, artifact by artifact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from verbatim.caches import WORK
from verbatim.commands.build import Request, build_stages, build_with, check_engines
from verbatim.commands.check import Trust, check_release
from verbatim.commands.compare import Compared
from verbatim.compare.comparison import some
from verbatim.compare.recognition import recognized, version_in
from verbatim.compare.verdict import Verdict
from verbatim.environments.rootfs import ensure_root
from verbatim.errors import MismatchError, UndecidedError, UsageError
from verbatim.evidence.artifact_sets import open_given
from verbatim.evidence.policy import POLICY
from verbatim.evidence.quorum import Matrix, Row
from verbatim.fetch import Fetcher
from verbatim.published.comparer import PublishedComparer, PublishedPair
from verbatim.published.signatures import Anchors, SignatureChecker
from verbatim.release import Release
from verbatim.scratch import scratch
from verbatim.sources.choose import choose_source
from verbatim.sources.source import Identity
from verbatim.stages.agreement import disputed_artifacts
from verbatim.stages.choose import DOCS_FORMATS, artifact_names
from verbatim.stages.plan import Artifact


@dataclass(frozen=True)
class Verified(Compared):
    """Our artifacts, compared with the published files, and the source of ours."""

    #: Ours is the first of each.
    pairs: Sequence[PublishedPair]
    release: Release
    source: Identity
    #: Whether only the source's tar stream was made and compared.
    is_quick: bool = False
    #: Who attested what, if there are attestations of this release.
    attested: Matrix | None = None

    def row(self, pair: PublishedPair) -> Row | None:
        """The attestations of an artifact; None if there are none, or only the stream was made."""
        rows = self.attested.rows if self.attested is not None else ()
        return next((row for row in rows if row.artifact == pair.name and row.claims), None)

    def raise_for_difference(self) -> None:
        """As for any comparison; a wrong signature is a MismatchError as well, even where the bytes are the same."""
        wrong = [
            f"{pair.name}: {signature.kind} signature {signature.text}"
            for pair in self.pairs
            for signature in pair.signatures
            if signature.is_alarm
        ]
        if wrong and not self._judged("different"):
            raise MismatchError(some(wrong), "ask python.org's release managers; do not trust that signature")
        super().raise_for_difference()


@contextmanager
def verifying(
    requests: Sequence[Request], fetcher: Fetcher, against: Sequence[Path], anchors: Anchors
) -> Iterator[Verified]:
    """Build what is asked for, as ``build`` does, and compare; the downloads exist while the block runs.

    ``against`` is what the user has downloaded, if anything, instead of what is served now. Raises what its parts raise, and
    MismatchError if the engines disagree; a difference from the published files is returned, not raised.
    """
    wanted = [name for request in requests for name in request.stage.artifacts]
    given = open_given(against, wanted) if against else None
    results = build_stages(requests, fetcher, _unjudged)
    for result in results:
        result.raise_for_dispute()
    release = requests[0].release
    with scratch(WORK.folder) as work:
        signatures = SignatureChecker(release, fetcher, work, anchors)
        comparer = PublishedComparer(release, fetcher, work, given, signatures=signatures)
        artifacts = {
            artifact.name: (artifact, request.stage.target is None)
            for request, result in zip(requests, results, strict=True)
            for artifact in result.artifacts
        }
        pairs = [
            pair
            for artifact, is_served in artifacts.values()
            for pair in comparer.compare(artifact, is_served=is_served)
        ]
        yield Verified(pairs, release, results[0].source)


@contextmanager
def verifying_quickly(
    request: Request, fetcher: Fetcher, against: Sequence[Path], anchors: Anchors
) -> Iterator[Verified]:
    """Make the source's tar stream alone, and compare it with that of a published tarball; see `verifying`.

    Nothing is written to the output folder.
    """
    given = open_given(against, request.release.source_tarballs) if against else None
    check_engines(request.engines)
    source = choose_source(request.choice, request.release, fetcher)
    plan = request.plan(source.identity)
    root = ensure_root(plan.stage.environment, fetcher)
    with scratch(WORK.folder) as work:
        prepared = source.prepare(work)
        staging, served = work / "staging", work / "served"
        staging.mkdir()
        served.mkdir()
        builds = {
            engine.name: build_with(engine, plan, prepared, root, work=work, staging=staging)
            for engine in request.engines
        }
        if disputed_artifacts(builds):
            raise MismatchError(
                f"the tar stream is different from {' and '.join(builds)}",
                "one of the engines may have been tampered with; --engine all without --quick keeps what each made",
            )
        [artifact] = builds[request.engines[0].name]
        signatures = SignatureChecker(request.release, fetcher, served, anchors)
        comparer = PublishedComparer(request.release, fetcher, served, given, signatures=signatures)
        pairs = comparer.compare_stream(artifact)
        yield Verified(pairs, request.release, source.identity, is_quick=True)


def _unjudged(_release: Release, artifacts: Sequence[Artifact], _fetcher: Fetcher) -> list[Verdict]:
    """Judge nothing yet: a pinned file that cannot be fetched must not end a verification."""
    return [Verdict("undecided", "not compared yet") for _ in artifacts]


def attestations_of(release: Release, folder: Path, trust_config: Path | None, today: date) -> Matrix | None:
    """Who attested what of a release, by the attestations' own policy; None if there is no such folder, or no policy in it.

    Raises IntegrityError if the policy is not valid. Files that are refused there do not count; ``check`` names them.
    """
    if not (folder / release.version).is_dir() or not (folder / POLICY).is_file():
        return None
    return check_release(release, folder, Trust.load(folder / POLICY, trust_config), today=today).matrix


def version_of(files: Sequence[Path]) -> str:
    """The version that the files of one release name; empty if there are none.

    Raises UndecidedError if one does not name it, UsageError if they name several.
    """
    versions = {file: version_in(file) for file in files}
    unknown = [str(file) for file, version in versions.items() if version is None]
    if unknown:
        raise UndecidedError(
            f"{some(unknown)} was not examined: it does not say of which release it is",
            "name the release with --version",
        )
    found = sorted({version for version in versions.values() if version is not None})
    if len(found) > 1:
        raise UsageError(
            f"the files are of several releases: {', '.join(found)}", "verify one release at a time"
        )
    return "".join(found)


def stages_of(release: Release, files: Sequence[Path]) -> tuple[str, str]:
    """What to build for some files, as ``--artifacts`` and ``--formats`` have it: the stages whose artifacts they stand for.

    It is the source where a file stands for nothing.
    """
    stages = {name: stage for stage, names in artifact_names(release).items() for name in names}
    names = [recognized(file, stages) for file in files]
    formats = [
        format_
        for format_, endings in DOCS_FORMATS.items()
        if any(name is not None and name.endswith(endings) for name in names)
    ]
    chosen = {stages[name] if name is not None else "source" for name in names}
    return ",".join(sorted(chosen)), ",".join(formats)
