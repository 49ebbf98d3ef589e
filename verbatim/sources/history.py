"""The files that git has of a folder which is a repository of its own: in its history, its HEAD and its index."""

from __future__ import annotations

import shutil
from pathlib import Path

from verbatim.errors import UsageError
from verbatim.sources.remote import NAME, Remote
from verbatim.sources.repository import Repository

# Seconds: to list HEAD, and to fetch all of its history.
_SHORT, _LONG = 60, 1800


class History(Repository):
    """A copy of a folder's repository. Its configuration is ignored, and nothing in it is run."""

    def __init__(self, work: Path, folder: Path) -> None:
        """Copy it to the caller's folder ``work``; raises UsageError if its history is not complete."""
        super().__init__(work)
        self._folder = folder.resolve()
        remote = Remote.parse(self._folder.as_uri())
        # A new repository has no commit yet, but may have files in its index.
        self._has_commits = bool(self._ask(remote, "ls-remote", NAME, "HEAD", seconds=_SHORT))
        if self._has_commits:
            fetch = ("fetch", "--quiet", "--update-shallow", "--no-tags", NAME, "HEAD")
            self._ask(remote, *fetch, seconds=_LONG)
        if (self._repository / "shallow").exists():
            raise UsageError(
                f"{remote.shown} has only a part of its history", "fetch the rest: git fetch --unshallow"
            )

    def altered_paths(self) -> list[str]:
        """The files that a commit in the whole history of HEAD has changed, moved or removed."""
        if not self._has_commits:
            return []
        # A merge is compared with each of its parents, so that it cannot drop anything unnoticed.
        log = ("log", "-z", "-m", "--no-renames", "--diff-filter=a", "--name-only", "--format=")
        listed = self._run(*log, "FETCH_HEAD", errors="surrogateescape")
        return sorted({name.lstrip("\n") for name in listed.split("\0")} - {""})

    def recorded_files(self) -> set[tuple[str, str]]:
        """The files in HEAD and in the index, each with the id of its blob."""
        committed = ("ls-tree", "-r", "-z", "--full-tree", "FETCH_HEAD")
        return (self._listed(*committed, column=2) if self._has_commits else set()) | self._indexed_files()

    def _indexed_files(self) -> set[tuple[str, str]]:
        # In a linked work tree, the index is not in .git itself.
        where = self._run("-C", str(self._folder), "rev-parse", "--git-path", "index").rstrip("\n")
        index = self._folder / where
        if not index.is_file():
            return set()
        shutil.copyfile(index, self._repository / "index")
        return self._listed("ls-files", "-z", "--stage", column=1)

    def _listed(self, *command: str, column: int) -> set[tuple[str, str]]:
        """File names in a listing, each with the value of a column before it."""
        lines = self._run(*command, errors="surrogateescape").split("\0")[:-1]
        return {
            (name, fields.split()[column]) for fields, _, name in (line.partition("\t") for line in lines)
        }
