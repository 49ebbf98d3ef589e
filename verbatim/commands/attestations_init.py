"""``invoke attestations-init``: where a new folder of attestations is made, and which Verbatim its CI shall use."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from verbatim.errors import UsageError
from verbatim.paths import PROJECT
from verbatim.programs import run_program

#: What the maintainers of the folder replace, if this checkout does not know its own address.
UNKNOWN_REPOSITORY = "https://example.org/verbatim.git"
UNKNOWN_COMMIT = "HEAD"

# An address with a user could have a password; one with a quote or a space does not belong into a CI file.
_PUBLIC = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._~/-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")


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
        repository = _git(checkout, "config", "--get", "remote.origin.url")
        commit = _git(checkout, "rev-parse", "HEAD")
        return cls(
            repository if _PUBLIC.fullmatch(repository) else UNKNOWN_REPOSITORY,
            commit if _COMMIT.fullmatch(commit) else UNKNOWN_COMMIT,
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


def _git(checkout: Path, *arguments: str) -> str:
    """The first line that git prints; empty if it fails, or is missing."""
    command = ["git", "-C", str(checkout), *arguments]
    try:
        done = run_program(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, seconds=60)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""
