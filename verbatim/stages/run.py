"""Run a plan's recipe in its environment, and take exactly the expected artifacts."""

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path

from verbatim import console
from verbatim.caches import Cache
from verbatim.console import Bar
from verbatim.digest import sha256_file
from verbatim.engines.protocol import Engine, Job
from verbatim.environments.rootfs import Root
from verbatim.errors import BuildError, CapabilityError
from verbatim.sources.source import Prepared
from verbatim.stages.plan import Artifact, Plan

#: The logs of builds that failed.
_LOGS = Cache("logs")

#: A line that a recipe prints for the progress bar.
_PROGRESS = re.compile(r"progress (\d{1,12}) (\d{1,12}) (.{1,60})")


def run(
    plan: Plan, prepared: Prepared, root: Root, engine: Engine, *, work: Path, output: Path, log: Path
) -> list[Artifact]:
    """Run the recipe; ``output`` must be empty, and has the artifacts afterwards.

    Raises BuildError if the recipe fails or leaves other files than it should, CapabilityError if it
    could not be started or the disk was full.
    """
    build = work / "build"
    build.mkdir()
    recipe = plan.stage.recipe.copy(work / "recipes")
    with console.progress(f"building {plan.stage.name} ({engine.name})", unit="things") as bar:
        status = engine.run(
            Job(
                argv=recipe.argv(*plan.words),
                root=root,
                epoch=prepared.epoch,
                inputs={**prepared.inputs, **recipe.inputs},
                output=output,
                build=build,
                log=log,
                on_line=_Listener(bar),
            )
        )
        if status != 0:
            raise _failure(plan, status, log)
    return [_take(output / name) for name in _expected(plan, output)]


def without_progress(log: Path) -> str:
    """A recipe's log without the lines for the progress bar."""
    lines = log.read_text("utf-8", "replace").splitlines(keepends=True)
    return "".join(line for line in lines if not _PROGRESS.fullmatch(line.rstrip("\n")))


class _Listener:
    """Reads the recipe's lines, and updates the bar from those that are meant for it."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    def __call__(self, line: str) -> None:
        match = _PROGRESS.fullmatch(line)
        if match is not None:
            self._bar.reach(int(match[1]), int(match[2]))


def _expected(plan: Plan, output: Path) -> list[str]:
    names = sorted(os.listdir(output))
    if names != list(plan.stage.artifacts):
        raise BuildError(
            f"the recipe {plan.stage.recipe.name} left {', '.join(names) or 'nothing'}, expected {', '.join(plan.stage.artifacts)}",
            "correct the recipe",
        )
    return names


def _take(path: Path) -> Artifact:
    """The artifact at a path; refuses links, which could point to a file of the host."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise BuildError(f"the recipe left {path.name}, which is not a regular file", "correct the recipe")
    path.chmod(0o644)
    return Artifact(path, status.st_size, sha256_file(path))


def _failure(plan: Plan, status: int, log: Path) -> BuildError | CapabilityError:
    """The error to raise, with the last line of the log, which is kept."""
    kept = _LOGS.folder / f"{plan.stage.name}-{plan.release.version}.log"
    kept.parent.mkdir(exist_ok=True)
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    complaint = next(
        (line for line in reversed(lines) if not _PROGRESS.fullmatch(line)), "it printed nothing"
    )
    if any("No space left on device" in line for line in lines[-50:]):
        return CapabilityError(
            f"the disk was full while {', '.join(plan.stage.artifacts)} were made: {complaint}",
            "free some space where the engine works, or set --output and VERBATIM_CACHE to a disk with more",
        )
    shutil.copyfile(log, kept)
    return BuildError(
        f"the recipe {plan.stage.recipe.name} failed with status {status}: {complaint}",
        f"the whole log is {kept}",
    )
