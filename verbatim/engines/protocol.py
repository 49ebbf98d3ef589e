"""What every engine is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from verbatim.capabilities import Check
from verbatim.environments.rootfs import Root
from verbatim.sandboxing.contract import BUILD, variables


@dataclass(frozen=True)
class Job:
    """One run of a recipe."""

    #: The command, by its path inside the root.
    argv: Sequence[str]
    root: Root
    #: Seconds since 1970, for ``SOURCE_DATE_EPOCH``.
    epoch: int
    #: Files and folders to be seen, read-only, under ``/in`` by these names.
    inputs: Mapping[str, Path]
    #: An empty folder of this user's that becomes ``/out``.
    output: Path
    #: An empty folder of this user's that becomes ``/build``.
    build: Path
    #: Where the log goes, and who hears each line of it as it comes.
    log: Path
    on_line: Callable[[str], None] = field(default=lambda _: None)

    @property
    def environment(self) -> dict[str, str]:
        """All the variables there are inside."""
        return variables(BUILD, self.epoch)


class Engine(Protocol):
    """A way to run jobs."""

    name: str

    @property
    def location(self) -> str:
        """Where it works, if there is a choice: what was built in one place was not built in another."""

    def checks(self) -> list[Check]:
        """What it needs of this machine, and whether that is so."""

    def run(self, job: Job) -> int:
        """Run the job to its end; give its exit status.

        Raises CapabilityError if the job could not be started. Nothing that was started outlives the
        call, nor this process; but what a process that was killed has in a Docker daemon, its successor removes.
        """
