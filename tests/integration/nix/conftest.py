"""Scripts that are run inside Nix's sandbox, with a store of the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.engines import require
from tests.integration.nix.installation import Installation
from verbatim.engines.nix import Nix
from verbatim.engines.protocol import Job
from verbatim.environments.rootfs import Root
from verbatim.fetch import Fetcher
from verbatim.release import Release
from verbatim.sources.choose import SourceChoice, choose_source
from verbatim.sources.tarball import TarballSource
from verbatim.store import Store

EPOCH = 1_749_656_217


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One store for all the tests that do not mind, so that it gets the environment once."""
    return Installation.make(tmp_path_factory.mktemp("nix"))


@pytest.fixture
def nix(shared: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """The store, without a daemon."""
    use_variables(shared.variables, monkeypatch)
    require(Nix())
    return shared


@pytest.fixture
def nix_daemon(
    nix: Installation, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[subprocess.Popen[bytes]]:
    """The store's daemon, with the settings that a test is parametrized with, if it is."""
    with nix.daemon(getattr(request, "param", "")) as daemon:
        use_variables(nix.through_daemon, monkeypatch)
        yield daemon


def use_variables(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@dataclass
class Ended:
    """A script that ran inside."""

    status: int
    log: str
    output: Path


@dataclass
class Inside:
    """Runs a script of bash, or of Python, in a derivation."""

    nix: Installation
    root: Root
    folder: Path
    engine: Nix = field(default_factory=Nix)
    before: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.nix.paths

    def __call__(
        self, script: str, *, python: bool = False, on_line: Callable[[str], None] = lambda _: None
    ) -> Ended:
        work = self.folder / f"job{len(list(self.folder.iterdir()))}"
        for name in ("recipe", "output", "build"):
            (work / name).mkdir(parents=True)
        (work / "recipe" / "script").write_text("An input.\n", encoding="ascii")
        (work / "recipe" / "script").chmod(0o640)
        os.utime(work / "recipe" / "script", (1_000_000_000, 1_000_000_000))
        program = ["/usr/bin/python3", "-I"] if python else ["/usr/bin/bash"]
        job = Job(
            argv=[*program, "-c", script],
            root=self.root,
            epoch=EPOCH,
            inputs={"recipe": work / "recipe"},
            output=work / "output",
            build=work / "build",
            log=work / "log",
            on_line=on_line,
        )
        status = self.engine.run(job)
        return Ended(status, job.log.read_text(), job.output)

    @property
    def outputs(self) -> list[Path]:
        """What all the runs have given."""
        return list(self.folder.glob("*/output/*"))

    @property
    def left(self) -> list[str]:
        """What the runs have put into the store, and is still there."""
        of_a_job = (".drv", "-inputs.tar", "-verbatim-source")
        return [name for name in self.nix.paths - self.before if name.endswith(of_a_job)]


@pytest.fixture
def inside(nix: Installation, root: Root, tmp_path: Path) -> Inside:
    return Inside(nix, root, tmp_path)


@pytest.fixture
def tarball(cache: Path, tmp_path: Path) -> Path:
    """The published tarball, in a file of the user's."""
    source = choose_source(SourceChoice("tarball"), Release.parse("3.13.5"), Fetcher(Store(cache)))
    assert isinstance(source, TarballSource)
    return Path(shutil.copyfile(source.path, tmp_path / source.name))
