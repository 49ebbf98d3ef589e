"""Recipes: scripts that run inside an environment, identified by the hash of their files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from verbatim.digest import sha256_bytes, sha256_file
from verbatim.errors import IntegrityError
from verbatim.paths import RECIPES

#: The folder with what all recipes share, which is part of each.
COMMON = "common"


@dataclass(frozen=True)
class Recipe:
    """A folder of scripts and what all recipes share; bash runs the script with the folder's name."""

    name: str
    folder: Path
    #: Of what ``sha256sum NAME/* common/*`` prints in the folder of all recipes, so that anyone can compute it.
    sha256: str

    @classmethod
    def load(cls, name: str, recipes: Path = RECIPES) -> Recipe:
        """Read a recipe's files, and those in ``common``; raises IntegrityError if there are none."""
        files = [*_files(recipes / name), *_files(recipes / COMMON)]
        if recipes / name / f"{name}.sh" not in files:
            raise IntegrityError(
                f"{recipes / name}/{name}.sh is missing", "restore it, for instance with git checkout"
            )
        listing = "".join(f"{sha256_file(file)}  {file.parent.name}/{file.name}\n" for file in files)
        return cls(name, recipes / name, sha256_bytes(listing.encode()))

    @property
    def inputs(self) -> dict[str, Path]:
        """The folders that are visible below ``/in``, by their names there."""
        return {"recipe": self.folder, COMMON: self.folder.parent / COMMON}

    def argv(self, *words: str) -> list[str]:
        """The command that runs it inside; each word is ``key=value``, with the keys that the recipe declares."""
        return ["/usr/bin/bash", f"/in/recipe/{self.name}.sh", *words]

    def copy(self, folder: Path) -> Recipe:
        """Copy it into a new folder, so that nobody edits it while bash reads it.

        Raises IntegrityError if it has changed since it was loaded.
        """
        for source in self.inputs.values():
            shutil.copytree(source, folder / source.name)
        copy = Recipe.load(self.name, folder)
        if copy.sha256 != self.sha256:
            raise IntegrityError(f"{self.folder} was changed during the build", "build again")
        return copy


def _files(folder: Path) -> list[Path]:
    """A folder's files, sorted; raises IntegrityError if it holds anything else, or is missing."""
    if not folder.is_dir():
        raise IntegrityError(f"{folder} is missing", "restore it, for instance with git checkout")
    files = sorted(folder.iterdir())
    stray = [file.name for file in files if file.name.startswith(".") or not file.is_file()]
    if stray:
        raise IntegrityError(
            f"{folder} holds {', '.join(stray)}, expected regular files", "remove anything else"
        )
    return files
