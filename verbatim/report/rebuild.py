"""Shows a rebuild: what was varied, what was not and why, and the cause of a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from verbatim import console
from verbatim.commands.rebuild import Rebuilt
from verbatim.report.documents import Document, Judged, Sha256, show
from verbatim.variation.rebuilder import Findings


class RebuiltArtifact(Judged):
    """An artifact that was built again, and the verdict on it compared with the published one."""

    sha256: Sha256


class RebuildDocument(Document):
    """A build that was repeated under other conditions."""

    identical: bool = Field(description="whether all rebuilds gave the same bytes")
    artifacts: Sequence[RebuiltArtifact]
    varied: Mapping[str, Sequence[str]] = Field(description="by variation, its values")
    not_varied: Mapping[str, str] = Field(description="by variation, why it was not possible here")
    different: Findings


def show_rebuilt(rebuilt: Rebuilt, *, as_json: bool) -> None:
    """Print it as lines or as JSON."""
    if as_json:
        show(_document(rebuilt))
        return
    findings = rebuilt.findings
    for artifact, verdict in zip(rebuilt.built.artifacts, rebuilt.built.verdicts, strict=True):
        console.result(artifact.name)
        console.result(f"  SHA-256 {artifact.sha256}")
        console.result(f"  {verdict.text}")
    if findings.is_identical:
        console.result("identical, rebuilt under other conditions")
    else:
        _show_differences(rebuilt)
    console.result("varied:")
    for name, values in rebuilt.varied.items():
        console.result(f"  {name:13}  {', then '.join(values)}")
    if rebuilt.not_varied:
        console.result("not varied:")
    for name, reason in rebuilt.not_varied.items():
        console.result(f"  {name:13}  {reason}")


def _show_differences(rebuilt: Rebuilt) -> None:
    findings = rebuilt.findings
    console.result("different:")
    if findings.unvaried is not None:
        console.result(f"  with nothing varied: {findings.unvaried}")
    for name, difference in findings.alone.items():
        console.result(f"  with {name} varied: {difference}")
    if findings.unvaried is None and not findings.alone:
        for difference in findings.together:
            console.result(f"  with everything varied: {difference}")


def _document(rebuilt: Rebuilt) -> RebuildDocument:
    findings = rebuilt.findings
    return RebuildDocument(
        identical=findings.is_identical,
        artifacts=[
            RebuiltArtifact(
                name=artifact.name, verdict=verdict.judgement, summary=verdict.text, sha256=artifact.sha256
            )
            for artifact, verdict in zip(rebuilt.built.artifacts, rebuilt.built.verdicts, strict=True)
        ],
        varied=rebuilt.varied,
        not_varied=rebuilt.not_varied,
        different=findings,
    )
