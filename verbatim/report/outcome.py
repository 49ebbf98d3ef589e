"""What a build came to, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from verbatim import console
from verbatim.stages.agreement import disputed_artifacts
from verbatim.commands.build import Outcome
from verbatim.sources.source import Identity

_DIGITS = 16


def show_outcomes(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """Print the artifacts of all stages, their hashes and the verdicts; the stages have one source."""
    if as_json:
        console.result_json(_as_json(outcomes))
        return
    for outcome in outcomes:
        if outcome.unchanged:
            console.note(f"{outcome.folder}: {outcome.stage} is there already, and was verified")
        if len(outcome.by_engine) > 1:
            _show_engines(outcome)
        for artifact, verdict in zip(outcome.artifacts, outcome.verdicts, strict=True):
            console.result(f"{artifact.name}  {artifact.size:,} bytes")
            console.result(f"  SHA-256 {artifact.sha256}")
            console.result(f"  {verdict.text}")
    console.result(source_line(outcomes[0].source))


def _as_json(outcomes: Sequence[Outcome]) -> object:
    first = outcomes[0]
    engines: dict[str, dict[str, str]] = {name: {} for name in first.by_engine}
    for outcome in outcomes:
        for name, artifacts in outcome.by_engine.items():
            engines[name] |= {artifact.name: artifact.sha256 for artifact in artifacts}
    return {
        "folder": str(first.folder),
        "unchanged": all(outcome.unchanged for outcome in outcomes),
        "source": asdict(first.source),
        "engines": engines,
        "artifacts": [
            {
                "name": artifact.name,
                "stage": outcome.stage,
                "size": artifact.size,
                "sha256": artifact.sha256,
                "verdict": verdict.judgement,
                "explanation": verdict.text,
            }
            for outcome in outcomes
            for artifact, verdict in zip(outcome.artifacts, outcome.verdicts, strict=True)
        ],
    }


def _show_engines(outcome: Outcome) -> None:
    """Artifact by engine; the beginning of a hash is enough to see whether they agree."""
    disputed = disputed_artifacts(outcome.by_engine)
    rows = [
        [
            made[0].name,
            *(artifact.sha256[:_DIGITS] for artifact in made),
            "different" if made[0].name in disputed else "the same",
        ]
        for made in zip(*outcome.by_engine.values(), strict=True)
    ]
    console.result_table(["SHA-256", *outcome.by_engine, ""], rows)


def source_line(source: Identity) -> str:
    """What it was made from; from a tarball, the commit was not looked at."""
    if source.kind == "git":
        return f"built from commit {source.digest['gitCommit']}"
    return f"built from the tarball {source.name} (SHA-256 {source.digest['sha256']}), not from the commit"
