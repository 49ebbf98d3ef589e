"""What a rebuild came to: what was varied, what was not and why, and what is to blame for a difference."""

from __future__ import annotations

from verbatim import console
from verbatim.variation.rebuilder import Difference
from verbatim.commands.rebuild import Rebuilt


def show_rebuilt(rebuilt: Rebuilt, *, as_json: bool) -> None:
    """Print it as lines or as JSON."""
    if as_json:
        console.result_json(_as_json(rebuilt))
        return
    findings = rebuilt.findings
    for artifact, verdict in zip(rebuilt.built.artifacts, rebuilt.built.verdicts, strict=True):
        console.result(artifact.name)
        console.result(f"  SHA-256 {artifact.sha256}")
        console.result(f"  {verdict.text}")
    if findings.is_identical:
        console.result("identical, rebuilt with other surroundings")
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
            console.result(f"  with all of it varied: {difference}")


def _as_json(rebuilt: Rebuilt) -> object:
    findings = rebuilt.findings
    return {
        "identical": findings.is_identical,
        "artifacts": {artifact.name: artifact.sha256 for artifact in rebuilt.built.artifacts},
        "verdicts": [verdict.judgement for verdict in rebuilt.built.verdicts],
        "varied": {name: list(values) for name, values in rebuilt.varied.items()},
        "not_varied": dict(rebuilt.not_varied),
        "different": {
            "together": [_difference(difference) for difference in findings.together],
            "unvaried": _difference(findings.unvaried) if findings.unvaried else None,
            "alone": {name: _difference(difference) for name, difference in findings.alone.items()},
        },
    }


def _difference(difference: Difference) -> object:
    return {"artifacts": list(difference.artifacts), "failure": difference.failure}
