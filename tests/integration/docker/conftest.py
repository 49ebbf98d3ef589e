"""Scripts that are run inside, in a daemon of this machine's or of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.engines import require
from verbatim.engines.docker import Docker
from verbatim.engines.protocol import Engine, Job
from verbatim.environments.rootfs import Root

EPOCH = 1_749_656_217


@dataclass(frozen=True)
class Ended:
    """A script that ran inside."""

    status: int
    log: str
    output: Path


class Inside:
    """Runs scripts of bash, or of Python, in an engine; a script's arguments follow it."""

    def __init__(self, root: Root, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self._runs = 0
        self.recipe = folder / "recipe"
        self.recipe.mkdir()
        (self.recipe / "script").write_text("An input.\n", encoding="ascii")

    def __call__(
        self,
        script: str,
        *arguments: str,
        python: bool = False,
        engine: Engine | None = None,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> Ended:
        self._runs += 1
        folder = self._folder / f"run {self._runs}"
        for name in ("output", "build"):
            (folder / name).mkdir(parents=True)
        program = ["/usr/bin/python3", "-I"] if python else ["/usr/bin/bash"]
        job = Job(
            argv=[*program, "-c", script, *([] if python else ["bash"]), *arguments],
            root=self._root,
            epoch=EPOCH,
            inputs={"recipe": self.recipe},
            output=folder / "output",
            build=folder / "build",
            log=folder / "log",
            on_line=on_line,
        )
        status = (engine or Docker()).run(job)
        return Ended(status, job.log.read_text(), job.output)


@pytest.fixture
def anywhere(root: Root, tmp_path: Path) -> Inside:
    return Inside(root, tmp_path)


@pytest.fixture
def inside(anywhere: Inside) -> Inside:
    """Runs scripts in the daemon that this machine's user has."""
    require(Docker())
    return anywhere
