"""The log of what was signed, when, by whom: a JSON object on each line, with the SHA-256 of the line before it.

It does not show that lines were cut off at its end, so write `head` down elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verbatim_sign.errors import HostError, IntegrityError, UsageError
from verbatim_sign.files import refuse_shared

_FIRST = "0" * 64


class Log:
    """The signatures made before; new ones are appended."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor, self._path = descriptor, path
        self.head = _FIRST
        self.entries: list[dict[str, Any]] = []
        with open(descriptor, "rb", closefd=False) as file:
            for number, line in enumerate(file, start=1):
                self._take(line, number)

    def append(self, **fields: object) -> None:
        """Append an entry, and wait until it is on the disk."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        if self.entries and now < self.entries[-1]["time"]:
            raise HostError(
                f"the clock says {now}, but the last entry in {self._path} is of {self.entries[-1]['time']}",
                "set the clock right",
            )
        entry = {**fields, "time": now, "user": os.getuid(), "previous": self.head}
        line = json.dumps(entry, sort_keys=True).encode() + b"\n"
        os.write(self._descriptor, line)
        os.fsync(self._descriptor)
        self._take(line, len(self.entries) + 1)

    def refuse_other_state(self, version: str, name: str, sha256: str) -> None:
        """Raise IntegrityError if other bytes were signed, or about to be signed, as this file of this version."""
        for number, entry in enumerate(self.entries, start=1):
            if (entry.get("version"), entry.get("file")) == (version, name) and entry.get("sha256") != sha256:
                raise IntegrityError(
                    f"{name} of {version} was signed before with SHA-256 {entry.get('sha256')}, but now has {sha256}"
                    f" ({self._path}, line {number})"
                )

    def knows(self, version: str, name: str, signature: bytes) -> bool:
        """Whether the log has this signature."""
        wanted = ("signed", version, name, hashlib.sha256(signature).hexdigest())
        keys = ("event", "version", "file", "signature")
        return any(tuple(entry.get(key) for key in keys) == wanted for entry in self.entries)

    def _take(self, line: bytes, number: int) -> None:
        try:
            entry = json.loads(line) if line.endswith(b"\n") else {}
        except (ValueError, RecursionError):
            entry = {}
        follows = isinstance(entry, dict) and entry.get("previous") == self.head
        if not follows or not isinstance(entry.get("time"), str):
            raise IntegrityError(f"{self._path}, line {number} does not follow from the line before")
        self.entries.append(entry)
        self.head = hashlib.sha256(line).hexdigest()


@contextmanager
def opened_log(path: Path) -> Iterator[Log]:
    """The log, locked while the block runs; raises IntegrityError if it was altered."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        refuse_shared(os.fstat(descriptor), path, plain=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Log(descriptor, path)
    except BlockingIOError as error:
        raise UsageError("the log is in use", "wait until the other run has ended") from error
    finally:
        os.close(descriptor)
