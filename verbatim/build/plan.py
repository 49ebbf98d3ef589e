"""What a build is a function of: the release, the source, the environment and the recipe. Nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from verbatim.build.recipe import Recipe
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.release import Release
from verbatim.sources.source import Identity


@dataclass(frozen=True)
class Stage:
    """One group of artifacts that a recipe makes together, in an environment of its own."""

    name: str
    environment: Environment
    recipe: Recipe

    @classmethod
    def load(cls, name: str) -> Stage:
        """The stage of that name; its environment and recipe have the same name."""
        return cls(name, Environment(environment_folder(name)), Recipe.load(name))


@dataclass(frozen=True)
class Plan:
    """Everything that decides the artifacts' bytes."""

    release: Release
    source: Identity
    stage: Stage

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The names of the files that must come out, no more and no fewer."""
        return tuple(sorted(self.release.source_tarballs))


@dataclass(frozen=True)
class Artifact:
    """One file that came out."""

    path: Path
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name
