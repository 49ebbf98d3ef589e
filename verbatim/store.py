"""The content-addressed store: every file that enters a build, under the SHA-256 of its bytes."""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from verbatim import console
from verbatim.caches import Cache
from verbatim.digest import HashingWriter, is_sha256, sha256_file
from verbatim.errors import IntegrityError
from verbatim.scratch import locked_file, scratch, use

#: The files by their hashes, what was not fetched completely, and hashes by the names of questions that they answer.
_FILES = Cache("sha256", is_download=True, depth=2)
_PARTIAL = Cache("partial", is_download=True)
_NAMES = Cache("names", is_download=True, depth=2)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Store:
    """Files by content. Several processes may use it at once; it notices altered files."""

    def __init__(self, directory: Path) -> None:
        self._files = directory / _FILES.name
        self._partial = directory / _PARTIAL.name
        self._names = directory / _NAMES.name
        self._files.mkdir(parents=True, exist_ok=True)
        self._partial.mkdir(parents=True, exist_ok=True)
        # As long as this object lives, `invoke clean` leaves the folder alone.
        weakref.finalize(self, os.close, use(directory))

    def find(self, sha256: str) -> Path | None:
        """The file with that hash, which is checked each time; None if it is missing."""
        path = self._path(sha256)
        try:
            actual = sha256_file(path)
        except FileNotFoundError:
            return None
        if actual != sha256:
            console.warn(f"{path} was altered: its SHA-256 is {actual}; it is removed and fetched again")
            path.unlink(missing_ok=True)
            return None
        return path

    @contextmanager
    def entering(self, sha256: str) -> Iterator[Path]:
        """Lock one hash against other processes; yield the path of its partial file, which is kept if interrupted."""
        with locked_file(self._partial / f"{sha256}.lock"):
            yield self._partial / sha256

    def admit(self, partial: Path, sha256: str) -> Path:
        """Move a complete file in, atomically; raises IntegrityError if its hash is another."""
        actual = sha256_file(partial)
        if actual != sha256:
            raise IntegrityError(f"{partial} has SHA-256 {actual}, expected {sha256}")
        path = self._path(sha256)
        path.parent.mkdir(exist_ok=True)
        partial.chmod(0o400)
        os.replace(partial, path)
        return path

    def add(self, stream: IO[bytes]) -> tuple[str, Path]:
        """Copy in a file without a known hash; give its SHA-256 and its path."""
        with scratch(self._partial) as folder:
            copy = folder / "copy"
            with copy.open("wb") as file:
                writer = HashingWriter(file)
                while piece := stream.read(1 << 18):
                    writer.write(piece)
            return writer.sha256, self.admit(copy, writer.sha256)

    def remember(self, kind: str, name: str, sha256: str) -> None:
        """Record which file a name stands for. This is only a hint: check the content of what `recall` gives."""
        path = self._name(kind, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(sha256, encoding="ascii")
        os.replace(temporary, path)

    def recall(self, kind: str, name: str) -> Path | None:
        """The file that a name stands for, if it still exists unaltered."""
        try:
            sha256 = self._name(kind, name).read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return None
        return self.find(sha256) if is_sha256(sha256) else None

    def remembered(self, kind: str) -> set[str]:
        """The hashes of all files that names of that kind stand for."""
        self._name(kind, "any")
        paths = (path for path in (self._names / kind).glob("*") if path.suffix != ".tmp")
        return set(filter(is_sha256, (path.read_text(encoding="ascii", errors="replace") for path in paths)))

    def _path(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self._files / sha256[:2] / sha256

    def _name(self, kind: str, name: str) -> Path:
        if not _NAME.fullmatch(kind) or not _NAME.fullmatch(name):
            raise ValueError(f"not a name: {kind!r}, {name!r}")
        return self._names / kind / name
