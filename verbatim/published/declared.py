"""The declared differences between a release tarball and its commit's tree, with a reason for each."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from verbatim.data import load_model
from verbatim.paths import RELEASES

_Reason = Annotated[str, StringConstraints(min_length=1)]
#: Relative to the tree's top, without patterns.
_Path = Annotated[str, StringConstraints(pattern=r"^[^/*?\[\]]+(/[^/*?\[\]]+)*/?$")]
#: A pattern for one component as in fnmatch(3), but not one that matches everything.
_Name = Annotated[str, StringConstraints(pattern=r"^[^/]*\w[^/]*$")]


class Generated(BaseModel):
    """A file that the release process makes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: _Path
    reason: _Reason


class OmittedFile(BaseModel):
    """Files of the tree that the release process leaves out: at a path, or by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: A file, or a folder with all below it if it ends in ``/``.
    path: _Path | None = None
    #: A pattern for any component of the path.
    name: _Name | None = None
    reason: _Reason

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.path is None) == (self.name is None):
            raise ValueError("expected either a path or a name")
        return self

    def covers(self, file: str) -> bool:
        """Whether this rule covers a file of the tree."""
        if self.path is not None:
            return file.startswith(self.path) if self.path.endswith("/") else file == self.path
        return any(fnmatchcase(part, self.name or "") for part in file.split("/"))


class Declared(BaseModel):
    """``releases/against-git.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generated: tuple[Generated, ...] = ()
    left_out: tuple[OmittedFile, ...] = Field(default=(), alias="left-out")

    @classmethod
    def load(cls, folder: Path = RELEASES) -> Declared:
        """Read the list; raises IntegrityError if it is not valid."""
        return load_model(folder / "against-git.toml", cls, "restore it, for instance with git checkout")

    def may_be_missing(self, file: str) -> bool:
        """Whether a release may lack this file of its tree."""
        return any(rule.covers(file) for rule in self.left_out)
