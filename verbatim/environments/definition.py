"""What is asked for: ``containers/NAME/environment.toml``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from verbatim.data import FOLDER_NAME, load_model_like
from verbatim.digest import sha256_bytes
from verbatim.errors import UsageError
from verbatim.paths import CONTAINERS

#: A Debian package's name (Debian Policy 5.6.7); with its architecture, as apt writes it, where that is another than
#: the environment's.
PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?$")]
#: Debian's suite and architecture, and the Python of an environment, such as "3.13".
DebianSuite = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]*$")]
ArchitectureName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+$")]
PythonVersion = Annotated[str, StringConstraints(pattern=r"^3\.[0-9]+$")]
_CORRECT = "correct it"


class Definition(BaseModel):
    """An environment as its maintainer wants it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: What it is for, in a line.
    description: str
    suite: DebianSuite
    architecture: ArchitectureName
    #: The Debian packages to start from; apt adds what they depend on.
    packages: list[PackageName]
    #: The wheels, as requirements with a fixed version, put where ``python`` finds them.
    wheels: list[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.]+$")]
    ] = []
    #: What else pip shall keep to when it chooses what those depend on, as in a constraints file.
    constraints: list[
        Annotated[
            str,
            StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(([<>~=!]=|[<>])[A-Za-z0-9.,<>=!~]+)$"),
        ]
    ] = []
    #: Needed with wheels.
    python: PythonVersion | None = None
    #: Lines of bash, run once in the new root, for what is truly needed of what maintainer scripts would do.
    activate: list[str] = []

    @property
    def architectures(self) -> list[str]:
        """The environment's own, and those that packages are of beside it."""
        foreign = {name.partition(":")[2] for name in self.packages} - {"", self.architecture}
        return [self.architecture, *sorted(foreign)]

    @property
    def sha256(self) -> str:
        """Of what it asks for, not of how that is written: comments may change without a new lock."""
        asked = self.model_dump(exclude={"description"}, exclude_defaults=True)
        said = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return sha256_bytes(said.encode())


def environment_names(containers: Path = CONTAINERS) -> list[str]:
    """The environments that are defined, sorted."""
    return sorted(path.parent.name for path in containers.glob("*/environment.toml"))


def environment_folder(name: str, containers: Path = CONTAINERS) -> Path:
    """The folder of one environment; raises UsageError if there is none of that name."""
    if not FOLDER_NAME.fullmatch(name) or not (containers / name / "environment.toml").is_file():
        known = ", ".join(environment_names(containers)) or "none"
        raise UsageError(f"there is no environment {name!r}", f"there are: {known}")
    return containers / name


def load_definition(folder: Path) -> Definition:
    """Read ``environment.toml``, which may say of which other environment it takes all that it does not say itself.

    Raises IntegrityError if it does not say what it should.
    """
    return load_model_like(folder / "environment.toml", Definition, _CORRECT, "environment")
