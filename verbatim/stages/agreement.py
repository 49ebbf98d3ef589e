"""Whether engines that built the same plan agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from verbatim.stages.plan import Artifact


def disputed_artifacts(by_engine: Mapping[str, Sequence[Artifact]]) -> list[str]:
    """The names of the artifacts that differ between engines, sorted."""
    hashes: dict[str, set[str]] = {}
    for artifacts in by_engine.values():
        for artifact in artifacts:
            hashes.setdefault(artifact.name, set()).add(artifact.sha256)
    return sorted(name for name, found in hashes.items() if len(found) > 1)
