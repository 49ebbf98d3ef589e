"""What a build is a function of: the release, the source, the environment and the recipe. Nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verbatim.build.recipe import Recipe
from verbatim.environments.lock import Environment
from verbatim.release import Release
from verbatim.sources.source import Identity

StageName = Literal["docs", "source"]


@dataclass(frozen=True)
class Stage:
    """One group of artifacts that a recipe makes together, in an environment of its own."""

    name: StageName
    environment: Environment
    recipe: Recipe
    #: The names of the files that must come out, no more and no fewer, sorted.
    artifacts: tuple[str, ...]
    #: What the recipe is told after all else, sorted: the formats, for the documentation.
    formats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything that decides the artifacts' bytes."""

    release: Release
    source: Identity
    stage: Stage


@dataclass(frozen=True)
class Artifact:
    """One file that came out."""

    path: Path
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name
