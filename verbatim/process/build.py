"""``invoke build``: from a version to ``dist/VERSION/``, whole or not at all."""

from __future__ import annotations

import io
import json
import os
import platform
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from verbatim import __version__, console
from verbatim.build.plan import Artifact, Plan, Stage
from verbatim.build.run import run, without_progress
from verbatim.compare.verdict import Verdict, judge
from verbatim.digest import sha256_bytes, sha256_file
from verbatim.engines.protocol import Engine
from verbatim.environments.rootfs import ensure_root
from verbatim.errors import CapabilityError, MismatchError, UsageError
from verbatim.evidence.statement import FILE_NAME, BuildDefinition, Statement
from verbatim.fetch import Fetcher
from verbatim.paths import cache_directory
from verbatim.release import Release
from verbatim.scratch import locked, scratch
from verbatim.sources.choose import SourceChoice, choose_source
from verbatim.sources.git import git_url
from verbatim.sources.repository import without_credentials
from verbatim.sources.source import Identity, Source
from verbatim.store import Store

SUMS = "SHA256SUMS"
BUILD_INFO = "buildinfo"


@dataclass(frozen=True)
class Request:
    """What the user asks for."""

    release: Release
    choice: SourceChoice
    #: The folder that gets a folder for the version.
    output: Path

    @property
    def folder(self) -> Path:
        """Where the results go."""
        return self.output / self.release.version

    @property
    def key(self) -> str:
        """The same for the same question, wherever the answer goes."""
        asked = (self.release.version, self.choice.text, self.choice.commit, git_url())
        return sha256_bytes(json.dumps(asked).encode())


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    folder: Path
    #: Whether it was there already, and only verified.
    unchanged: bool
    source: Identity
    artifacts: list[Artifact]
    verdicts: list[Verdict]

    def refuse_difference(self) -> None:
        """Raise MismatchError if an artifact differs from the published one."""
        different = [
            artifact.name
            for artifact, verdict in zip(self.artifacts, self.verdicts, strict=True)
            if verdict.judgement == "different"
        ]
        if different:
            raise MismatchError(
                f"{', '.join(different)}: not what python.org published",
                f"if others get the same as you, the published files are in question; the evidence is in {self.folder}",
            )


def build_release(request: Request, fetcher: Fetcher, engine: Engine) -> Outcome:
    """Make the source tarballs of a release, or see that they are there already; judge them.

    Raises what its parts raise; a difference from the published files is not raised but returned.
    """
    release = request.release
    _check_output(request)
    stage = Stage.load("source")
    remembered = _remembered(request, fetcher.store)
    # The network is not asked again what it answered before.
    is_known = remembered is not None and request.choice.is_remote
    source = None if is_known else choose_source(request.choice, release, fetcher)
    if remembered is not None:
        plan = Plan(release, source.identity if source else remembered.definition.source, stage)
        artifacts = _verified(request.folder, remembered, plan)
        if artifacts is not None:
            _recall_fall_back(request, plan)
            verdicts = judge(release, artifacts, fetcher)
            return Outcome(request.folder, True, plan.source, artifacts, verdicts)
    _check_engine(engine)
    source = source or choose_source(request.choice, release, fetcher)
    plan = Plan(release, source.identity, stage)
    artifacts = _build(request, plan, source, fetcher, engine)
    return Outcome(request.folder, False, plan.source, artifacts, judge(release, artifacts, fetcher))


def _recall_fall_back(request: Request, plan: Plan) -> None:
    if request.choice.text == "auto" and plan.source.kind == "tarball":
        console.warn("git could not be asked when this was built; --source git builds from the commit")


def _check_output(request: Request) -> None:
    """Raise UsageError if the results could not go where they are to go: a build is too long to learn it at its end."""
    folder = request.folder
    there = next(path for path in folder.absolute().parents if path.exists())
    if not there.is_dir():
        raise UsageError(f"{there} is not a folder", "give another --output")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"{there} cannot be written to", "give another --output")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} is there, and is no build", "move it away, or give another --output")
    ours = {*request.release.source_tarballs, SUMS, FILE_NAME, BUILD_INFO}
    strange = sorted({path.name for path in folder.iterdir()} - ours) if folder.exists() else []
    if strange:
        raise UsageError(
            f"{folder} holds {', '.join(strange[:3])}, which no build puts there",
            "move that away, or give another --output",
        )


def _check_engine(engine: Engine) -> None:
    """Raise CapabilityError for what is missing, before anything is fetched for nothing."""
    for check in engine.checks():
        if not check.passed:
            raise CapabilityError(f"{check.what}: {check.found}", check.remedy)


def _remembered(request: Request, store: Store) -> Statement | None:
    """What was built for the same request before, as this user's own cache has it.

    The output folder is not believed: whoever alters an artifact there can alter its statement as well.
    """
    path = store.recall("built", request.key)
    return Statement.read(path) if path is not None else None


def _verified(folder: Path, statement: Statement, plan: Plan) -> list[Artifact] | None:
    """The artifacts that are there, if they are of this plan, and all as the statement says; None if not."""
    if statement.definition != BuildDefinition.of(plan) or not folder.exists():
        return None
    artifacts = []
    for name, sha256 in statement.hashes.items():
        path = folder / name
        if _is_plain(path) and sha256_file(path) == sha256:
            artifacts.append(Artifact(path, path.stat().st_size, sha256))
    expected = {SUMS: _sums(artifacts), FILE_NAME: statement.encode()}
    beside = [
        name
        for name, data in expected.items()
        if not _is_plain(folder / name) or (folder / name).read_bytes() != data
    ]
    if len(artifacts) < len(statement.hashes) or beside:
        console.warn(f"{folder} is not what was built there before: building anew")
        return None
    return artifacts


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _build(request: Request, plan: Plan, source: Source, fetcher: Fetcher, engine: Engine) -> list[Artifact]:
    started = datetime.now(UTC)
    root = ensure_root(plan.stage.environment, fetcher)
    with scratch(cache_directory() / "work") as work, scratch(request.output) as staging:
        result = staging / "result"
        result.mkdir()
        log = work / "build.log"
        artifacts = run(plan, source.prepare(work), root, engine, work=work, output=result, log=log)
        (result / SUMS).write_bytes(_sums(artifacts))
        statement = Statement.of(BuildDefinition.of(plan), artifacts).encode()
        (result / FILE_NAME).write_bytes(statement)
        info = result / BUILD_INFO
        info.mkdir()
        (info / "build.log").write_text(without_progress(log), encoding="utf-8")
        (info / "build.json").write_text(_build_info(request, plan, engine, started), encoding="utf-8")
        _publish(result, request.folder, staging / "former")
    sha256, _ = fetcher.store.add(io.BytesIO(statement))
    fetcher.store.remember("built", request.key, sha256)
    return [replace(artifact, path=request.folder / artifact.name) for artifact in artifacts]


def _sums(artifacts: list[Artifact]) -> bytes:
    """As sha256sum(1) writes and checks them."""
    return "".join(f"{artifact.sha256}  {artifact.name}\n" for artifact in artifacts).encode()


def _build_info(request: Request, plan: Plan, engine: Engine, started: datetime) -> str:
    """What is particular to this run. Nobody signs it."""
    info = {
        "engine": engine.name,
        "finished": datetime.now(UTC).isoformat(),
        "kernel": platform.platform(),
        "python": platform.python_version(),
        "source": {"asked": without_credentials(request.choice.text), "used": asdict(plan.source)},
        "started": started.isoformat(),
        "verbatim": __version__,
    }
    return json.dumps(info, indent=2, sort_keys=True) + "\n"


def _publish(result: Path, folder: Path, former: Path) -> None:
    """Put the finished folder where it belongs, after it has reached the disk."""
    for path in [*result.rglob("*"), result]:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    with locked(folder.parent):
        if folder.exists():
            os.rename(folder, former)
        os.rename(result, folder)
