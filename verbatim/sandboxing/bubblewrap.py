"""The options of bwrap(1), for everything that is run in a root on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verbatim.sandboxing.contract import CONTRACT


@dataclass(frozen=True)
class Confinement:
    """The confinement of one program."""

    root: Path
    #: The descriptor of the filter on system calls.
    refused_calls: int
    uid: int
    gid: int
    host: str
    #: The folder that the program starts in.
    folder: str
    variables: Mapping[str, str]
    is_writable: bool = False

    def options(self, more: Sequence[str] = ()) -> list[str]:
        """All options; ``more`` come after the root and its usual mounts."""
        return [
            *CONTRACT.confinement,
            *("--seccomp", str(self.refused_calls)),
            *("--uid", str(self.uid), "--gid", str(self.gid), "--hostname", self.host),
            *("--bind" if self.is_writable else "--ro-bind", str(self.root), "/"),
            *CONTRACT.mounts,
            *more,
            *("--chdir", self.folder, "--clearenv"),
            *(word for pair in sorted(self.variables.items()) for word in ("--setenv", *pair)),
        ]
