"""Targets: what the builds for a platform are told, as data beside its toolchain: ``containers/NAME/target.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from verbatim.data import load_model
from verbatim.digest import sha256_file
from verbatim.environments.definition import PackageName
from verbatim.paths import CONTAINERS
from verbatim.release import Release

_FILE = "target.toml"


class _Said(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The recipe that builds for it.
    recipe: Annotated[str, StringConstraints(pattern=r"^[a-z]+$")]
    #: As configure(1) writes it.
    triplet: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(-[a-z0-9_]+)+$")]
    #: What is said after the version and the triplet in the name of each archive; nothing for the tree that runs.
    archives: list[Annotated[str, StringConstraints(pattern=r"^(-[a-z]+)?$")]]
    #: The shared libraries that go into the tree, with the environment's packages that they are from.
    libraries: dict[
        Annotated[str, StringConstraints(pattern=r"^lib[A-Za-z0-9_+-]+\.so\.[0-9.]+$")], PackageName
    ] = {}


@dataclass(frozen=True)
class Target:
    """A platform that is built for."""

    name: str
    #: Of its file.
    sha256: str
    recipe: str
    triplet: str
    archives: tuple[str, ...]
    libraries: tuple[tuple[str, str], ...]

    @classmethod
    def load(cls, name: str, containers: Path = CONTAINERS) -> Target:
        """Read a target's file; raises IntegrityError if it is not there or does not say what it should."""
        path = containers / name / _FILE
        said = load_model(path, _Said, "correct it")
        libraries = tuple(sorted(said.libraries.items()))
        return cls(name, sha256_file(path), said.recipe, said.triplet, tuple(said.archives), libraries)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the recipe is told."""
        return self.triplet, *(f"{library}={package}" for library, package in self.libraries)

    def artifacts(self, release: Release) -> tuple[str, ...]:
        """The names of what comes out, sorted."""
        return tuple(sorted(f"cpython-{release.version}-{self.triplet}{end}.tar.xz" for end in self.archives))


def target_names(containers: Path = CONTAINERS) -> list[str]:
    """The targets that there are, sorted."""
    return sorted(path.parent.name for path in containers.glob(f"*/{_FILE}"))
