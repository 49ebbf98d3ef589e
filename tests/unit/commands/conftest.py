"""``./invoke build`` with engines that are fakes, in a root that is empty."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.integration.releases import SMALL, small_tarball
from tests.program import Ended, run_in_process
from verbatim.commands import build as process
from verbatim.engines import choose
from verbatim.engines.protocol import Engine
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root
from verbatim.release import Release

XZ, TGZ = sorted(Release.parse(SMALL).source_tarballs)

Build = Callable[..., Ended]


@pytest.fixture
def build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Build]:
    """Runs the task with engines that are fakes, in a root that is none."""
    root = Root(tmp_path, Environment(environment_folder("source")))
    monkeypatch.setattr(process, "ensure_root", lambda *_: root)
    tarball = small_tarball(tmp_path / "small.tgz")
    former = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(engines: Sequence[Engine], *options: str) -> Ended:
        monkeypatch.setattr(choose, "choose_engines", lambda *_, **__: list(engines))
        arguments = ["build", "--version", SMALL, "--source", str(tarball), "--output", str(tmp_path / "out")]
        return run_in_process([*arguments, *options], monkeypatch, capsys)

    yield run
    signal.signal(signal.SIGTERM, former)
