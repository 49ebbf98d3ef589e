"""Locks are made by Debian's apt, from its archive as it is today, and come out the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.command import PUBLISHED, verbatim
from tests.integration.conftest import Built
from verbatim.environments.lock import Environment

pytestmark = pytest.mark.integration


def test_a_new_lock_is_valid_and_gives_the_same_artifacts(
    project: Path, built: Built, tmp_path: Path
) -> None:
    folder = project / "containers" / "source"
    path = folder / "lock.toml"
    former_bytes, former = path.read_bytes(), Environment(folder).lock
    new_bytes, new = _lock(project, path), Environment(folder).lock
    assert _lock(project, path) == new_bytes
    if (new.package, new.wheel) == (former.package, former.wheel):
        assert new_bytes == former_bytes
        return
    # Debian has moved on since.
    assert new.root_sha256 != former.root_sha256
    assert new.snapshot > former.snapshot
    tarball = built.folder / "Python-3.13.5.tar.xz"
    finished = verbatim(
        *(
            "build",
            "--version",
            "3.13.5",
            "--source",
            str(tarball),
            "--output",
            str(tmp_path / "out"),
            "--json",
        ),
        project=project,
    )
    assert finished.hashes == PUBLISHED


def _lock(project: Path, path: Path) -> bytes:
    finished = verbatim("lock", "--environment", "source", project=project)
    assert finished.status == 0, finished.err
    return path.read_bytes()
