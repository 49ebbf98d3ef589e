"""What a build is a function of: the release, the source, the environment and the recipe. Nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from verbatim.build.recipe import Recipe
from verbatim.build.target import Optimize, Target
from verbatim.environments.lock import Environment
from verbatim.release import Release
from verbatim.sources.source import Identity


@dataclass(frozen=True)
class Stage:
    """One group of artifacts that a recipe makes together, in an environment of its own."""

    #: ``source``, ``docs``, or a target's.
    name: str
    environment: Environment
    recipe: Recipe
    #: The names of the files that must come out, no more and no fewer, sorted.
    artifacts: tuple[str, ...]
    #: Of the documentation, sorted; of the source tarballs, ``tar`` for their one stream, which is not compressed.
    formats: tuple[str, ...] = ()
    #: Of what is built for a platform.
    target: Target | None = None
    #: Of a target's interpreter; None where there is no choice.
    optimize: Optimize | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the recipe is told after all else."""
        return self.formats if self.target is None else self.target.arguments(self.optimize)


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
