"""What a build came to, as a table or as JSON."""

from __future__ import annotations

from verbatim import console
from verbatim.compare.agreement import disputed_artifacts
from verbatim.process.build import Outcome
from verbatim.sources.source import Identity

_DIGITS = 16


def show_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """Print the artifacts, their hashes and the verdicts."""
    pairs = list(zip(outcome.artifacts, outcome.verdicts, strict=True))
    if as_json:
        console.result_json(
            {
                "folder": str(outcome.folder),
                "unchanged": outcome.unchanged,
                "source": {
                    "kind": outcome.source.kind,
                    "name": outcome.source.name,
                    "digest": dict(outcome.source.digest),
                },
                "engines": {
                    engine: {artifact.name: artifact.sha256 for artifact in artifacts}
                    for engine, artifacts in outcome.by_engine.items()
                },
                "artifacts": [
                    {
                        "name": artifact.name,
                        "size": artifact.size,
                        "sha256": artifact.sha256,
                        "verdict": verdict.judgement,
                        "explanation": verdict.text,
                    }
                    for artifact, verdict in pairs
                ],
            }
        )
        return
    if outcome.unchanged:
        console.note(f"{outcome.folder} is there already, and was verified")
    if len(outcome.by_engine) > 1:
        _show_engines(outcome)
    for artifact, verdict in pairs:
        console.result(f"{artifact.name}  {artifact.size:,} bytes")
        console.result(f"  SHA-256 {artifact.sha256}")
        console.result(f"  {verdict.text}")
    console.result(_source_line(outcome.source))


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


def _source_line(source: Identity) -> str:
    """What it was made from; from a tarball, the commit was not looked at."""
    if source.kind == "git":
        return f"built from commit {source.digest['gitCommit']}"
    return f"built from the tarball {source.name} (SHA-256 {source.digest['sha256']}), not from the commit"
