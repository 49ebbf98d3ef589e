"""What lies in a release's folder: what several stages put there stays apart."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.targets import RELEASE, made_artifacts
from verbatim.build.stages import target_stage
from verbatim.process.results import publish, write_beside


def published(target: str, folder: Path, content: bytes) -> None:
    """Put a target's results there, each with this content."""
    result, former = folder.parent / "result", folder.parent / "former"
    result.mkdir()
    names = target_stage(target, RELEASE).artifacts
    plan, statement = made_artifacts(target, result, dict.fromkeys(names, content))
    write_beside(result, target, statement, {"build.json": content.decode()})
    publish(result, folder, former, plan)
    shutil.rmtree(former, ignore_errors=True)


def test_a_target_may_be_called_as_another_one_begins(tmp_path: Path) -> None:
    folder = tmp_path / RELEASE.version
    short, long = "linux-x86_64", "linux-x86_64-freethreaded"
    for target, content in (
        (short, b"1"),
        (long, b"2"),
        (short, b"3"),
        (long, b"4"),
        ("wasm32-wasip1", b"5"),
    ):
        published(target, folder, content)
    info = {path.name: path.read_text() for path in (folder / "buildinfo").iterdir()}
    assert info == {f"{short}-build.json": "3", f"{long}-build.json": "4", "wasm32-wasip1-build.json": "5"}
    for target, content in ((short, b"3"), (long, b"4"), ("wasm32-wasip1", b"5")):
        for name in target_stage(target, RELEASE).artifacts:
            assert (folder / name).read_bytes() == content
