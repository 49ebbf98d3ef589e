"""The definition of an environment: ``containers/KIND/NAME/environment.toml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from verbatim.data import FOLDER_NAME, load_model_like
from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError, UsageError
from verbatim.paths import CONTAINERS

#: A Debian package's name (Debian Policy 5.6.7); with its architecture, as apt writes it, where that is another than
#: the environment's.
PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?$")]
#: Debian's suite and architecture, and the Python of an environment, such as "3.13".
DebianSuite = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]*$")]
ArchitectureName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+$")]
PythonVersion = Annotated[str, StringConstraints(pattern=r"^3\.[0-9]+$")]
#: What an environment is for, by the folder that those environments are in.
Role = Literal["source", "docs", "target", "test", "explain", "vary", "benchmark", "site"]
KINDS: Mapping[str, tuple[Role, ...]] = {
    "build": ("source", "docs", "target"),
    "test": ("test",),
    "tools": ("explain", "vary", "benchmark", "site"),
}
_CORRECT = "correct it"
#: The fields of a definition that do not affect the root.
_OUTSIDE = {"description", "role", "first"}


class Definition(BaseModel):
    """An environment as its maintainer wants it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: What it is for, in a line.
    description: str
    role: Role
    #: Only for documentation: the first release of its series that is built in it.
    first: Annotated[str, StringConstraints(pattern=r"^3\.[0-9]{1,3}\.[0-9]{1,3}$")] | None = None
    suite: DebianSuite
    architecture: ArchitectureName
    #: The Debian packages to start from; apt adds what they depend on.
    packages: list[PackageName]
    #: The wheels, as requirements with a fixed version, put where ``python`` finds them.
    wheels: list[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.]+$")]
    ] = []
    #: What else pip must respect when it chooses what those depend on, as in a constraints file.
    constraints: list[
        Annotated[
            str,
            StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(([<>~=!]=|[<>])[A-Za-z0-9.,<>=!~]+)$"),
        ]
    ] = []
    #: Needed with wheels.
    python: PythonVersion | None = None
    #: Lines of bash, run once in the new root, for what is needed of the maintainer scripts.
    activate: list[str] = []

    @property
    def architectures(self) -> list[str]:
        """The environment's own architecture, then those of its foreign packages."""
        foreign = {name.partition(":")[2] for name in self.packages} - {"", self.architecture}
        return [self.architecture, *sorted(foreign)]

    @property
    def sha256(self) -> str:
        """A hash of the values, not of the file: comments may change without a new lock."""
        asked = self.model_dump(exclude=_OUTSIDE, exclude_defaults=True)
        encoded = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return sha256_bytes(encoded.encode())


def environment_names(containers: Path = CONTAINERS, role: Role | None = None) -> list[str]:
    """The names of the defined environments, sorted; only those of a role if one is given."""
    folders = (path.parent for kind in KINDS for path in containers.glob(f"{kind}/*/environment.toml"))
    return sorted(folder.name for folder in folders if role is None or load_definition(folder).role == role)


def environment_folder(name: str, containers: Path = CONTAINERS) -> Path:
    """The folder of one environment; raises UsageError if it does not exist."""
    if FOLDER_NAME.fullmatch(name):
        for kind in KINDS:
            if (containers / kind / name / "environment.toml").is_file():
                return containers / kind / name
    known = ", ".join(environment_names(containers)) or "none"
    raise UsageError(f"there is no environment {name!r}", f"there are: {known}")


def load_definition(folder: Path) -> Definition:
    """Read ``environment.toml``, which may name a base for the keys that it lacks.

    Raises IntegrityError if it is not valid.
    """
    path = folder / "environment.toml"
    definition = load_model_like(path, Definition, _CORRECT, folder.parent.parent / "bases")
    if (definition.role == "docs") != (definition.first is not None):
        raise IntegrityError(
            f"{path}: first: an environment for documentation must have it, and no other may", _CORRECT
        )
    return definition
