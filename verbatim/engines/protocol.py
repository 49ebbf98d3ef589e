"""The interface of engines, and the job that each gets."""

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
    #: Files and folders, visible read-only under ``/in`` by these names.
    inputs: Mapping[str, Path]
    #: An empty folder of this user's that becomes ``/out``.
    output: Path
    #: An empty folder of this user's that becomes ``/build``.
    build: Path
    #: The file for the log, and what is called with each line as it comes.
    log: Path
    on_line: Callable[[str], None] = field(default=lambda _: None)

    @property
    def environment(self) -> dict[str, str]:
        """All the variables there are inside."""
        return {**variables(BUILD, self.epoch), "PWD": BUILD}


class Engine(Protocol):
    """A way to run jobs."""

    name: str

    @property
    def location(self) -> str:
        """Where it works, if there is a choice: builds in one location do not count for another."""

    def checks(self) -> list[Check]:
        """Checks of all that it needs of this machine."""

    def run(self, job: Job) -> int:
        """Run the job to its end; give its exit status.

        Raises CapabilityError if the job could not be started. Nothing that was started outlives the
        call, nor this process; what a killed process leaves in a Docker daemon is removed by the next one.
        """
