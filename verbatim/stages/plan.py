"""The plan of a build, which is a function of the release, the source, the environment and the recipe alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verbatim.environments.lock import Environment
from verbatim.release import Release
from verbatim.sources.source import Identity
from verbatim.stages.recipe import Recipe
from verbatim.stages.target import Target


@dataclass(frozen=True)
class Stage:
    """One group of artifacts that a recipe makes together, in its own environment."""

    #: ``source``, ``docs``, or a target's.
    name: str
    environment: Environment
    recipe: Recipe
    #: The names of exactly the files that the recipe must make, sorted.
    artifacts: tuple[str, ...]
    #: The recipe's arguments besides the release and its source, ``key=value`` each.
    words: tuple[str, ...] = ()
    #: The user's choices, by their names in a statement.
    choices: Mapping[str, str | list[str]] = field(default_factory=dict)
    #: The platform, if the stage is for one.
    target: Target | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that decides the artifacts' bytes."""

    release: Release
    source: Identity
    stage: Stage

    @property
    def words(self) -> tuple[str, ...]:
        """All arguments of the recipe, ``key=value`` each."""
        words = [f"version={self.release.version}", f"source={self.source.kind}"]
        if self.source.kind == "git":
            digest = self.source.digest
            words += [f"commit={digest['gitCommit']}", f"tree={digest['gitTree']}"]
        return (*words, *self.stage.words)


@dataclass(frozen=True)
class Artifact:
    """One file that a recipe made."""

    path: Path
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name
