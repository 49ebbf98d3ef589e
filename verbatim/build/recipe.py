"""Recipes: what runs inside an environment, known by the hash of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from verbatim.digest import sha256_bytes, sha256_file
from verbatim.errors import IntegrityError
from verbatim.paths import RECIPES


@dataclass(frozen=True)
class Recipe:
    """A folder of scripts, of which the one with the folder's name is run by bash."""

    name: str
    folder: Path
    #: Of what ``sha256sum *`` prints in the folder, so that anyone can work it out.
    sha256: str

    @classmethod
    def load(cls, name: str, recipes: Path = RECIPES) -> Recipe:
        """Read a recipe's files; raises IntegrityError if it is not there."""
        folder = recipes / name
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        stray = [file.name for file in files if file.name.startswith(".") or not file.is_file()]
        if stray:
            raise IntegrityError(
                f"{folder} holds {', '.join(stray)}, expected plain files", "remove what is stray"
            )
        if folder / f"{name}.sh" not in files:
            raise IntegrityError(
                f"{folder}/{name}.sh is missing", "restore it, for instance with git checkout"
            )
        listing = "".join(f"{sha256_file(file)}  {file.name}\n" for file in files)
        return cls(name, folder, sha256_bytes(listing.encode()))

    def argv(self, *arguments: str) -> list[str]:
        """The command to run it inside, where the folder is ``/in/recipe``."""
        return ["/usr/bin/bash", f"/in/recipe/{self.name}.sh", *arguments]
