"""Shows what was built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from verbatim import console
from verbatim.commands.build import BuildResult
from verbatim.report.documents import Document, Judged, Sha256, show
from verbatim.sources.source import Identity
from verbatim.stages.agreement import disputed_artifacts

_DIGITS = 16


class BuiltArtifact(Judged):
    """An artifact that was built, and the verdict on it compared with the published one."""

    stage: str
    size: int = Field(description="in bytes")
    sha256: Sha256


class BuildDocument(Document):
    """What was built, and from what."""

    folder: str = Field(description="where the artifacts are")
    unchanged: bool = Field(description="whether all artifacts already existed, and were only verified")
    source: Identity
    engines: Mapping[str, Mapping[str, Sha256]] = Field(description="hashes by artifact, by engine")
    artifacts: Sequence[BuiltArtifact]


def show_build_results(results: Sequence[BuildResult], *, seconds: float, as_json: bool) -> None:
    """Print the artifacts of all stages, their hashes and the verdicts, and where they are; the stages have one source."""
    if as_json:
        show(_document(results))
        return
    for result in results:
        if result.unchanged:
            console.note(f"{result.stage} already exists, and was verified")
        if len(result.by_engine) > 1:
            _show_engines(result)
        for artifact, verdict in zip(result.artifacts, result.verdicts, strict=True):
            console.result(f"{artifact.name}  {artifact.size:,} bytes")
            console.result(f"  SHA-256 {artifact.sha256}")
            console.result(f"  {verdict.text}")
    console.result(source_line(results[0].source))
    console.note(f"finished in {console.human_time(seconds)}; the results are in")
    for folder in dict.fromkeys(result.folder for result in results):
        console.note_path(folder)


def _document(results: Sequence[BuildResult]) -> BuildDocument:
    first = results[0]
    engines: dict[str, dict[str, str]] = {name: {} for name in first.by_engine}
    for result in results:
        for name, artifacts in result.by_engine.items():
            engines[name] |= {artifact.name: artifact.sha256 for artifact in artifacts}
    return BuildDocument(
        folder=str(first.folder),
        unchanged=all(result.unchanged for result in results),
        source=first.source,
        engines=engines,
        artifacts=[
            BuiltArtifact(
                name=artifact.name,
                verdict=verdict.judgement,
                summary=verdict.text,
                stage=result.stage,
                size=artifact.size,
                sha256=artifact.sha256,
            )
            for result in results
            for artifact, verdict in zip(result.artifacts, result.verdicts, strict=True)
        ],
    )


def _show_engines(result: BuildResult) -> None:
    """Print the hashes by artifact and engine; their first digits show whether the engines agree."""
    disputed = disputed_artifacts(result.by_engine)
    rows = [
        [
            made[0].name,
            *(artifact.sha256[:_DIGITS] for artifact in made),
            "different" if made[0].name in disputed else "the same",
        ]
        for made in zip(*result.by_engine.values(), strict=True)
    ]
    console.result_table(["SHA-256", *result.by_engine, ""], rows)


def source_line(source: Identity) -> str:
    """A line about the source; a build from a tarball does not show what is in the commit."""
    if source.kind == "git":
        return f"built from commit {source.digest['gitCommit']}"
    return f"built from the tarball {source.name} (SHA-256 {source.digest['sha256']}), not from the commit"
