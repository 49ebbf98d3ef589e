"""``invoke build``: from a version to ``dist/VERSION/``, whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from verbatim import console
from verbatim.caches import WORK, Cache
from verbatim.compare.verdict import Verdict
from verbatim.digest import sha256_bytes
from verbatim.engines.choose import lacking
from verbatim.engines.protocol import Engine
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.errors import CapabilityError, MismatchError, UndecidedError, UsageError
from verbatim.evidence.build_info import build_info
from verbatim.evidence.results import check_folder, publish, reuse_results, write_beside
from verbatim.evidence.statement import BuildDefinition, Statement
from verbatim.fetch import Fetcher
from verbatim.published.judge import judge
from verbatim.release import Release
from verbatim.scratch import remove_tree, scratch
from verbatim.sources.choose import SourceChoice, choose_source
from verbatim.sources.git import git_url
from verbatim.sources.source import Identity, Prepared, Source
from verbatim.stages.agreement import disputed_artifacts
from verbatim.stages.plan import Artifact, Plan, Stage
from verbatim.stages.run import run, without_progress
from verbatim.store import Store

#: What engines, or rebuilds, disagree on.
DISPUTED = Cache("disputed")

#: The kind of names under which the store remembers the statements of builds that were made here.
BUILT = "built"


@dataclass(frozen=True)
class Request:
    """A stage of a release to build, from which source, by which engines."""

    release: Release
    stage: Stage
    choice: SourceChoice
    #: The folder that gets a folder for the version.
    output: Path
    engines: Sequence[Engine]

    @property
    def folder(self) -> Path:
        """The release's own folder, for the results."""
        return self.output / self.release.version

    def plan(self, source: Identity) -> Plan:
        """The plan of the build from that source."""
        return Plan(self.release, source, self.stage)

    def key(self, engine: Engine) -> str:
        """A hash of all that an engine is asked; the same wherever the results go."""
        asked = (
            self.release.version,
            self.stage.name,
            self.stage.words,
            self.choice.text,
            self.choice.commit,
            git_url(),
            engine.name,
            engine.location,
        )
        return sha256_bytes(repr(asked).encode())


@dataclass(frozen=True)
class BuildResult:
    """The artifacts of one stage, and the verdicts on them."""

    stage: str
    #: Where the artifacts are; if the engines disagree, where each engine has a folder with its own.
    folder: Path
    #: Whether it already existed, and was only verified.
    unchanged: bool
    source: Identity
    #: The first engine's, and a verdict on each.
    artifacts: list[Artifact]
    verdicts: list[Verdict]
    #: What each engine made, by its name.
    by_engine: Mapping[str, Sequence[Artifact]]

    def raise_for_dispute(self) -> None:
        """Raise MismatchError if the engines disagree."""
        disputed = disputed_artifacts(self.by_engine)
        if disputed:
            raise MismatchError(
                f"{', '.join(disputed)}: different from {' and '.join(self.by_engine)}",
                f"one of the engines may have been tampered with; what each made is in {self.folder}",
            )

    def raise_for_difference(self) -> None:
        """Raise MismatchError if the engines disagree, or an artifact differs from the published one.

        Raises UndecidedError if its hash is not the published one, and the published file is not available to compare.
        """
        self.raise_for_dispute()
        judged = list(zip(self.artifacts, self.verdicts, strict=True))
        remedy = f"if others get the same as you, the published files are in question; the evidence is in {self.folder}"
        different = [artifact.name for artifact, verdict in judged if verdict.judgement == "different"]
        if different:
            raise MismatchError(f"{', '.join(different)}: not what python.org published", remedy)
        unexplained = [artifact.name for artifact, verdict in judged if verdict.is_unexplained]
        if unexplained:
            raise UndecidedError(
                f"{', '.join(unexplained)}: not the published hash, and the published file is not available to compare",
                remedy,
            )


#: Judges artifacts against the published files.
Judge = Callable[[Release, Sequence[Artifact], Fetcher], list[Verdict]]


def build_stages(requests: Sequence[Request], fetcher: Fetcher, judging: Judge = judge) -> list[BuildResult]:
    """Build several requests for one release, all from the source that the first was built from.

    Targets are built from the tarball that the first one made: what is built is what is shipped.
    """
    first, *others = requests
    results = [build_stage(first, fetcher, judging)]
    return results + [
        build_stage(derive_request(request, results[0]), fetcher, judging) for request in others
    ]


def derive_request(request: Request, first: BuildResult) -> Request:
    """The request with the first build's source or, for a target, with the tarball that it made.

    Raises MismatchError if that tarball is disputed, or differs from the published one.
    """
    if request.stage.target is None:
        return replace(request, choice=same_source(request.choice, first))
    first.raise_for_difference()
    tarball = next(
        artifact for artifact in first.artifacts if artifact.name in request.release.source_tarballs
    )
    return replace(request, choice=SourceChoice(str(tarball.path)))


def build_stage(request: Request, fetcher: Fetcher, judging: Judge = judge) -> BuildResult:
    """Make the artifacts of a stage, or verify those that exist; judge them.

    Raises what its parts raise; a difference between engines or from the published files is returned,
    not raised.
    """
    release = request.release
    _check_output(request)
    remembered = _remembered(request, fetcher.store)
    if remembered is None:
        check_engines(request.engines)
    # What the network answered before is not asked again.
    is_known = remembered is not None and request.choice.is_remote
    source = None if is_known else choose_source(request.choice, release, fetcher)
    if remembered is not None:
        plan = request.plan(source.identity if source else remembered.definition.source)
        artifacts = reuse_results(request.folder, remembered, plan)
        if artifacts is not None:
            _recall_fall_back(request, plan)
            # Each engine has built them before, in this or in another run.
            by_engine = {engine.name: artifacts for engine in request.engines}
            verdicts = judging(release, artifacts, fetcher)
            return BuildResult(
                request.stage.name, request.folder, True, plan.source, artifacts, verdicts, by_engine
            )
        check_engines(request.engines)
    source = source or choose_source(request.choice, release, fetcher)
    plan = request.plan(source.identity)
    folder, by_engine = _build(request, plan, source, fetcher)
    artifacts = by_engine[request.engines[0].name]
    verdicts = judging(release, artifacts, fetcher)
    return BuildResult(request.stage.name, folder, False, plan.source, artifacts, verdicts, by_engine)


def same_source(choice: SourceChoice, built: BuildResult) -> SourceChoice:
    """The choice of the very source that was used, though a server may be back or a tag may have moved."""
    text = built.source.kind if choice.text == "auto" else choice.text
    return SourceChoice(text, built.source.digest.get("gitCommit"))


def _recall_fall_back(request: Request, plan: Plan) -> None:
    if request.choice.text == "auto" and plan.source.kind == "tarball":
        console.warn("git could not be reached when this was built; --source git builds from the commit")


def _check_output(request: Request) -> None:
    """Raise UsageError if the results could not be written: a build is too long to find that out at its end."""
    folder = request.folder
    # A dangling link exists as well.
    there = next(path for path in folder.absolute().parents if os.path.lexists(path))
    if not there.is_dir():
        raise UsageError(f"{there} is not a folder", "give another --output")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"{there} cannot be written to", "give another --output")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} exists, but is not a build", "move it away, or give another --output")
    if folder.exists():
        check_folder(folder, request.release)


def check_engines(engines: Sequence[Engine]) -> None:
    """Raise CapabilityError for what an engine lacks, before anything is fetched in vain."""
    for engine in engines:
        lack = lacking(engine)
        if lack is not None:
            raise CapabilityError(f"{lack.what}: {lack.found}", lack.remedy)


def _remembered(request: Request, store: Store) -> Statement | None:
    """The statement that each engine built for the same request before, according to this user's cache.

    The output folder is not believed: whoever alters an artifact there can alter its statement as well.
    """
    paths = {store.recall(BUILT, request.key(engine)) for engine in request.engines}
    path = paths.pop()
    return Statement.read(path) if path is not None and not paths else None


def _build(
    request: Request, plan: Plan, source: Source, fetcher: Fetcher
) -> tuple[Path, dict[str, list[Artifact]]]:
    """Build with each engine separately, from the same inputs; give the folder, and each engine's artifacts."""
    started = datetime.now(UTC)
    root = ensure_root(plan.stage.environment, fetcher)
    with scratch(WORK.folder) as work, scratch(request.output) as staging:
        prepared = source.prepare(work)
        builds = {
            engine.name: build_with(engine, plan, prepared, root, work=work, staging=staging)
            for engine in request.engines
        }
        if disputed_artifacts(builds):
            return _keep_disputed(request, builds)
        artifacts = next(iter(builds.values()))
        statement = Statement.of(BuildDefinition.of(plan), artifacts)
        info = {f"{name}.log": without_progress(work / name / "build.log") for name in builds}
        info["build.json"] = build_info(list(builds), request.choice.text, plan.source, started)
        result = artifacts[0].path.parent
        write_beside(result, plan.stage.name, statement, info)
        publish(result, request.folder, staging / "former", plan)
    sha256, _ = fetcher.store.add(io.BytesIO(statement.encode()))
    for engine in request.engines:
        fetcher.store.remember(BUILT, request.key(engine), sha256)
    moved = [replace(artifact, path=request.folder / artifact.name) for artifact in artifacts]
    return request.folder, dict.fromkeys(builds, moved)


def build_with(
    engine: Engine, plan: Plan, prepared: Prepared, root: Root, *, work: Path, staging: Path
) -> list[Artifact]:
    """The artifacts that an engine makes, in its own folder below ``staging``; it works below ``work``."""
    own, output = work / engine.name, staging / engine.name
    own.mkdir()
    output.mkdir()
    return run(plan, prepared, root, engine, work=own, output=output, log=own / "build.log")


def _keep_disputed(
    request: Request, builds: Mapping[str, list[Artifact]]
) -> tuple[Path, dict[str, list[Artifact]]]:
    """Keep what engines disagree on in the cache, where it can be examined and nobody takes it for a result."""
    folder = DISPUTED.folder / f"{request.release.version}-{request.stage.name}"
    if folder.exists():
        remove_tree(folder)
    kept = {}
    for name, artifacts in builds.items():
        (folder / name).mkdir(parents=True)
        kept[name] = [
            replace(artifact, path=Path(shutil.move(artifact.path, folder / name))) for artifact in artifacts
        ]
    return folder, kept
