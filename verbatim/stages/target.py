"""Targets: the parameters of the builds for a platform, as data: ``targets/NAME/target.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from verbatim.data import FOLDER_NAME, load_model
from verbatim.digest import sha256_file
from verbatim.environments.definition import PackageName
from verbatim.paths import TARGETS
from verbatim.release import Release

_FILE = "target.toml"

#: How an interpreter is optimised: by a training's profile and by the linker; or only by the compiler.
Optimize = Literal["pgo", "none"]


class Parameters(BaseModel):
    """The recipe's arguments for a target, by the keys that the recipe declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: As configure(1) writes it.
    triplet: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(-[a-z0-9_]+)+$")]
    #: What distinguishes it from the plain build for that triplet.
    variant: Annotated[str, StringConstraints(pattern=r"^[a-z]+$")] | None = None
    #: The program that emulates its processor, under which its interpreter can be trained.
    emulator: Annotated[str, StringConstraints(pattern=r"^/usr/bin/qemu-[a-z0-9_]+-static$")] | None = None
    #: Options for configure(1) besides the recipe's own.
    configure: list[Annotated[str, StringConstraints(pattern=r"^--[a-z][a-z-]*(=[A-Za-z0-9._/-]+)?$")]] = []
    #: The libraries that may go into the tree, with the environment's packages that have them.
    library: dict[
        Annotated[
            str, StringConstraints(pattern=r"^lib[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*\.(so\.[0-9.]+|a)$")
        ],
        PackageName,
    ] = {}

    @property
    def words(self) -> tuple[str, ...]:
        """``KEY=VALUE``, a word for each of a list, and ``KEY=NAME=VALUE`` for each of a table; sorted by key and name."""
        words: list[str] = []
        for key, value in sorted(self.model_dump(exclude_none=True).items()):
            match value:
                case str():
                    words.append(f"{key}={value}")
                case list():
                    words += [f"{key}={each}" for each in value]
                case dict():
                    words += [f"{key}={name}={each}" for name, each in sorted(value.items())]
        return tuple(words)


class TargetFile(BaseModel):
    """The fields of ``target.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The recipe that builds for it.
    recipe: Annotated[str, StringConstraints(pattern=r"^[a-z]+$")]
    #: The environment with the toolchain, if it is not the target's own.
    environment: Annotated[str, StringConstraints(pattern=rf"^{FOLDER_NAME.pattern}$")] | None = None
    #: The first series of CPython that can be built for it.
    since: Annotated[str, StringConstraints(pattern=r"^3\.[0-9]+$")] = "3.0"
    #: What follows the version and the triplet in the name of each archive; empty for the runnable tree.
    archives: list[Annotated[str, StringConstraints(pattern=r"^(-[a-z]+)?$")]]
    parameters: Parameters


@dataclass(frozen=True)
class Target:
    """A platform to build for."""

    name: str
    #: Of ``target.toml``.
    sha256: str
    recipe: str
    environment: str
    since: str
    archives: tuple[str, ...]
    parameters: Parameters

    @classmethod
    def load(cls, name: str, targets: Path = TARGETS) -> Target:
        """Read a target's file; raises IntegrityError if it is missing or not valid."""
        path = targets / name / _FILE
        file = load_model(path, TargetFile, "correct it")
        return cls(
            name=name,
            sha256=sha256_file(path),
            recipe=file.recipe,
            environment=file.environment or name,
            since=file.since,
            archives=tuple(file.archives),
            parameters=file.parameters,
        )

    def is_for(self, release: Release) -> bool:
        """Whether that release can be built for it."""
        return release.is_since(self.since)

    def artifacts(self, release: Release) -> tuple[str, ...]:
        """The names of its artifacts, sorted."""
        return tuple(sorted(f"{self.tree(release)}{end}.tar.xz" for end in self.archives))

    def tree(self, release: Release) -> str:
        """The name of the runnable tree's folder, and of its archive without the ending."""
        variant = f"-{self.parameters.variant}" if self.parameters.variant else ""
        return f"cpython-{release.version}-{self.parameters.triplet}{variant}"


def target_names(targets: Path = TARGETS) -> list[str]:
    """The names of all targets, sorted."""
    return sorted(path.parent.name for path in targets.glob(f"*/{_FILE}"))
