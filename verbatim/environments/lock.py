"""The lock: ``containers/KIND/NAME/lock.toml``, which pins every byte of an environment."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from verbatim.data import load_model
from verbatim.digest import Sha256, sha256_file
from verbatim.environments.definition import (
    ArchitectureName,
    DebianSuite,
    Definition,
    PackageName,
    PythonVersion,
    load_definition,
)
from verbatim.errors import IntegrityError

_SNAPSHOT = "%Y%m%dT%H%M%SZ"


def _existing_time(snapshot: str) -> str:
    """Raise ValueError for a thirteenth month and the like."""
    datetime.strptime(snapshot, _SNAPSHOT).replace(tzinfo=UTC)
    return snapshot


PoolPath = Annotated[
    str, StringConstraints(pattern=r"^pool/([A-Za-z0-9+~_-][A-Za-z0-9.+~_:-]*/)*[A-Za-z0-9.+~_:%-]+\.deb$")
]
#: Debian Policy 5.6.12; "all" is an architecture as well.
PackageVersion = Annotated[
    str, StringConstraints(pattern=r"^([0-9]+:)?[0-9][A-Za-z0-9.+~]*(-[A-Za-z0-9.+~]+)*$", max_length=200)
]
#: A project's name (PEP 508) and a public version (PEP 440), with a local part if need be: pip cannot take them for
#: an option or the end of a line.
ProjectName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=100)
]
ProjectVersion = Annotated[
    str,
    StringConstraints(
        pattern=r"^([0-9]+!)?[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?(\.dev[0-9]+)?(\+[a-z0-9]+(\.[a-z0-9]+)*)?$",
        max_length=100,
    ),
]
WheelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._]+(-[A-Za-z0-9._]+){4,5}\.whl$")]


class _Locked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LockedPackage(_Locked):
    """One Debian package, and the path of its file in Debian's archive."""

    name: PackageName
    version: PackageVersion
    architecture: ArchitectureName
    size: Annotated[int, Field(gt=0)]
    sha256: Sha256
    path: PoolPath

    @property
    def plain_name(self) -> str:
        """Without the architecture."""
        return self.name.partition(":")[0]

    @property
    def is_foreign(self) -> bool:
        """Whether its architecture differs from the environment's."""
        return self.name != self.plain_name


class LockedWheel(_Locked):
    """One wheel from the Python Package Index."""

    name: ProjectName
    version: ProjectVersion
    file: WheelName
    sha256: Sha256


class Lock(_Locked):
    """Everything that an environment consists of, by hash."""

    #: The definition that this was resolved from.
    definition_sha256: Sha256
    #: The time at which Debian's archive held these packages, as the snapshot archive writes it.
    snapshot: Annotated[
        str, StringConstraints(pattern=r"^[0-9]{8}T[0-9]{6}Z$"), AfterValidator(_existing_time)
    ]
    suite: DebianSuite
    architecture: ArchitectureName
    python: PythonVersion | None = None
    #: The SHA-256 of the canonical tar of the root file system, and that tar's size in bytes.
    root_sha256: Sha256
    root_size: Annotated[int, Field(ge=0)]
    #: The digest of its OCI manifest, which registries use, and the NAR hash, which Nix's store uses.
    image_sha256: Sha256
    nar_sha256: Sha256
    package: list[LockedPackage]
    wheel: list[LockedWheel] = []

    @property
    def time(self) -> int:
        """The snapshot's time in seconds since 1970: the time of every file in the environment."""
        return int(datetime.strptime(self.snapshot, _SNAPSHOT).replace(tzinfo=UTC).timestamp())

    @property
    def download_size(self) -> int:
        """The size of the packages to fetch, in bytes."""
        return sum(package.size for package in self.package)

    def write(self, path: Path, name: str) -> None:
        """Write it sorted and with one value a line, so that a change makes a readable diff."""
        fields = {key: value for key, value in self.model_dump().items() if value is not None and value != []}
        text = f"# Written by `./invoke lock --environment {name}`; not to be changed by hand.\n\n"
        temporary = path.with_name(f"{path.name}.new")
        temporary.write_text(text + tomli_w.dumps(fields), encoding="utf-8")
        temporary.replace(path)


def snapshot_time(moment: datetime) -> str:
    """A time as the snapshot archive writes it in its addresses."""
    return moment.astimezone(UTC).strftime(_SNAPSHOT)


class Environment:
    """A named environment: its definition, and the lock that was made from it."""

    def __init__(self, folder: Path) -> None:
        """Read both; raises IntegrityError if the lock is missing, damaged or made from another definition."""
        self.folder = folder
        self.name = folder.name
        self.definition: Definition = load_definition(folder)
        path = folder / "lock.toml"
        relock = f"a maintainer can run: ./invoke lock --environment {self.name}"
        self.lock = load_model(path, Lock, f"restore it, for instance with git checkout, or {relock}")
        self.lock_sha256 = sha256_file(path)
        if self.lock.definition_sha256 != self.definition.sha256:
            raise IntegrityError(f"{path} was made from another environment.toml", relock)
        files = [re.sub(r"_.*", "", package.path.rsplit("/", 1)[1]) for package in self.lock.package]
        if files != [package.plain_name for package in self.lock.package]:
            raise IntegrityError(f"{path} names a package with the file of another package", relock)
