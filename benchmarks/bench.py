"""What all measurements share: a release, its stage, the environment, a place to work."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rounds import Side, seconds
from verbatim.environments.rootfs import Root
from verbatim.errors import BuildError
from verbatim.fetch import Fetcher
from verbatim.paths import PROJECT
from verbatim.release import Release
from verbatim.scratch import remove_tree
from verbatim.stages.plan import Stage

RELEASE = Release.parse("3.13.5")


@dataclass(frozen=True)
class Bench:
    """Handed to every measurement."""

    #: On the cache's file system, where builds work as well.
    work: Path
    rounds: int
    fetcher: Fetcher
    stage: Stage
    root: Root

    def folder(self) -> Path:
        """A new, empty folder."""
        return Path(tempfile.mkdtemp(dir=self.work))

    def side(self, action: Callable[[Path, Path], object], look: Callable[[Path], object]) -> Side:
        """A side whose action works in one new folder and leaves its results in another, which is looked at untimed."""

        def once() -> float:
            folder, output = self.folder(), self.folder()
            elapsed = seconds(lambda: action(folder, output))
            look(output)
            remove_tree(folder)
            remove_tree(output)
            return elapsed

        return once


def run_command(command: Sequence[str | Path], **variables: str) -> str:
    """Run a program in the project's folder; give what it printed.

    Raises BuildError, with the last line that it said, if it fails: then there is nothing to measure.
    """
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        complaint = done.stderr.strip().rpartition("\n")[2] or "it said nothing"
        raise BuildError(
            f"{Path(command[0]).name} ended with status {done.returncode}: {complaint}",
            "without it nothing can be measured; see to it and run the benchmark again",
        )
    return done.stdout
