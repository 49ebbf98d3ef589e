"""``invoke attestations-init``: where a new folder of attestations is made, and which Verbatim its CI shall use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from verbatim.commands.checkout import checkout_commit, checkout_origin
from verbatim.errors import UsageError
from verbatim.paths import PROJECT

#: What the maintainers of the folder replace, if this checkout does not know its own address.
UNKNOWN_REPOSITORY = "https://example.org/verbatim.git"
UNKNOWN_COMMIT = "HEAD"

# An address with a user could have a password; one with a quote or a space does not belong into a CI file.
_PUBLIC = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._~/-]+")


@dataclass(frozen=True)
class Origin:
    """Where this checkout comes from."""

    repository: str
    commit: str

    @property
    def is_known(self) -> bool:
        return self.repository != UNKNOWN_REPOSITORY and self.commit != UNKNOWN_COMMIT

    @classmethod
    def of(cls, checkout: Path = PROJECT) -> Origin:
        """From git; the placeholders for what it does not know, or what is not a public address."""
        repository = checkout_origin(checkout)
        return cls(
            repository if _PUBLIC.fullmatch(repository) else UNKNOWN_REPOSITORY,
            checkout_commit(checkout) or UNKNOWN_COMMIT,
        )


def check_empty(folder: Path) -> Path:
    """Give the folder if it is empty, or does not exist; raises UsageError if not."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} exists and is not a folder", "name a new folder")
    if folder.exists():
        there = sorted(path.name for path in folder.iterdir())
        if there:
            raise UsageError(
                f"{folder} is not empty: it has {', '.join(there[:3])}", "name a new or an empty folder"
            )
    return folder
