"""Shows a comparison of two builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from verbatim import console
from verbatim.commands.compare import Compared
from verbatim.compare.comparison import Comparison, File, some
from verbatim.compare.pairs import Pair
from verbatim.explain.cause import CauseKind
from verbatim.explain.explanation import Explanation
from verbatim.report.documents import Document, Judged, Record, Sha256, show


class FileRecord(Record):
    """One of the two files of a comparison."""

    name: str
    sha256: Sha256


class CauseRecord(Record):
    """A likely cause, and in which members it was found."""

    name: str
    kind: CauseKind
    places: Sequence[str]


class ExplanationRecord(Record):
    """What `--explain` found."""

    causes: Sequence[CauseRecord]
    unseen: str | None = Field(description="why not all was seen; null if all was")


class ComparedArtifact(Judged):
    """An artifact of two builds."""

    stabilizers: Sequence[str] = Field(description="what packers did differently with the same contents")
    added: Sequence[str] = Field(description="members that only the second file has")
    removed: Sequence[str] = Field(description="members that only the first file has")
    changed: Mapping[str, str] = Field(description="by member, how it differs")
    first: FileRecord | None = Field(description="null if only the second build has the artifact")
    second: FileRecord | None
    explanation: ExplanationRecord | None = Field(description="null unless `--explain` was given")


class CompareDocument(Document):
    """Two builds, artifact by artifact."""

    artifacts: Sequence[ComparedArtifact]


def show_compared(compared: Compared, *, as_json: bool) -> None:
    """Print a verdict for each artifact."""
    if as_json:
        artifacts = [
            ComparedArtifact.model_validate(compared_fields(pair, compared.explanations.get(pair.name)))
            for pair in compared.pairs
        ]
        show(CompareDocument(artifacts=artifacts))
        return
    for pair in compared.pairs:
        show_pair(pair, compared.explanations.get(pair.name))


def show_pair(pair: Pair, explanation: Explanation | None) -> None:
    """Print one artifact's verdict, and the name of the file that it was compared with if that differs."""
    others = [file.name for file in (pair.first, pair.second) if file and file.name != pair.name]
    console.result(" and ".join([pair.name, *others]))
    console.result(f"  {pair.verdict.text}")
    if explanation is not None:
        _show_explanation(explanation)


def _show_explanation(explanation: Explanation) -> None:
    if explanation.causes:
        console.result("  likely causes")
    for cause, places in explanation.causes.items():
        console.result(f"    {cause.name}: {some(place or 'the artifact itself' for place in places)}")
    if explanation.unseen:
        console.result(f"  not completely explained: {explanation.unseen}")


def compared_fields(pair: Pair, explanation: Explanation | None) -> dict[str, object]:
    """The values of a `ComparedArtifact`, for a record that may have more."""
    comparison = pair.verdict.comparison or Comparison(pair.verdict.judgement)
    return {
        "name": pair.name,
        "verdict": pair.verdict.judgement,
        "summary": pair.verdict.text,
        "stabilizers": comparison.stabilizers,
        "added": comparison.added,
        "removed": comparison.removed,
        "changed": {change.name: change.what for change in comparison.changed},
        "first": _file(pair.first),
        "second": _file(pair.second),
        "explanation": _explained(explanation),
    }


def _explained(explanation: Explanation | None) -> ExplanationRecord | None:
    if explanation is None:
        return None
    causes = [
        CauseRecord(name=cause.name, kind=cause.kind, places=places)
        for cause, places in explanation.causes.items()
    ]
    return ExplanationRecord(causes=causes, unseen=explanation.unseen or None)


def _file(file: File | None) -> FileRecord | None:
    return FileRecord(name=file.name, sha256=file.sha256) if file is not None else None
