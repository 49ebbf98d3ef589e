"""What lies in a release's folder: what several stages put there stays apart."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.targets import RELEASE, made_artifacts
from verbatim.evidence.results import SIGNATURES, known_names, publish, write_beside
from verbatim.stages.choose import target_stage


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


def test_signatures_stay_and_it_is_said_if_they_are_of_other_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, target = tmp_path / RELEASE.version, "wasm32-wasip1"
    published(target, folder, b"1")
    [name] = target_stage(target, RELEASE).artifacts
    signatures = {f"{name}{end}": end.encode() for end in SIGNATURES}
    for signature, content in signatures.items():
        (folder / signature).write_bytes(content)
    assert signatures.keys() <= known_names(RELEASE)
    published(target, folder, b"1")
    published("linux-x86_64", folder, b"1")
    assert "warning" not in capsys.readouterr().err
    published(target, folder, b"2")
    said = capsys.readouterr().err
    assert (
        f"the new build differs from what was signed, so these signatures do not fit it: {name}.asc" in said
    )
    assert {signature: (folder / signature).read_bytes() for signature in signatures} == signatures


def test_what_is_called_like_no_file_of_a_release_is_not_known() -> None:
    assert not {"x.asc", "Python-3.13.5.tgz.exe", ".asc", "Python-3.13.4.tgz.asc"} & known_names(RELEASE)
