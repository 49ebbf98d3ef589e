"""``./invoke build`` with several engines: one result if they agree, and evidence if they do not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.fake_engine import Fake
from tests.integration.releases import SMALL
from tests.unit.commands.conftest import TGZ, XZ, Build
from verbatim.digest import sha256_bytes


def test_engines_that_agree_are_one_result(build: Build, tmp_path: Path) -> None:
    engines = [Fake(name, {XZ: b"xz", TGZ: b"gz"}) for name in ("sandbox", "docker")]
    ended = build(engines)
    assert ended.status == 0, ended.err
    heads, *rows = [line.split() for line in ended.out.splitlines()[:3]]
    assert heads == ["SHA-256", "sandbox", "docker"]
    assert rows == [
        [name, *[sha256_bytes(content)[:16]] * 2, "the", "same"]
        for name, content in ((XZ, b"xz"), (TGZ, b"gz"))
    ]
    folder = tmp_path / "out" / SMALL
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [XZ, TGZ, "SHA256SUMS", "source.intoto.json", "buildinfo"]
    )
    assert sorted(path.name for path in (folder / "buildinfo").iterdir()) == [
        *("source-build.json", "source-docker.log", "source-sandbox.log")
    ]
    assert json.loads((folder / "buildinfo" / "source-build.json").read_text())["engines"] == [
        "sandbox",
        "docker",
    ]
    again = build(engines, "--json")
    assert json.loads(again.out)["unchanged"] is True
    assert set(json.loads(again.out)["engines"]) == {"sandbox", "docker"}
    assert json.loads(build(engines[1:], "--json").out)["unchanged"] is True
    # Another daemon has not built it.
    engines[1].location = "elsewhere"
    assert json.loads(build(engines, "--json").out)["unchanged"] is False


def test_engines_that_disagree_leave_the_evidence_and_no_result(
    build: Build, tmp_path: Path, cache: Path
) -> None:
    engines = [
        Fake("sandbox", {XZ: b"xz", TGZ: b"gz"}),
        Fake("docker", {XZ: b"xz", TGZ: b"other"}),
    ]
    for _ in range(2):
        ended = build(engines)
        assert ended.status == 1
        table = {line.split()[0]: line.split()[1:] for line in ended.out.splitlines()[1:3]}
        assert table == {
            XZ: [*[sha256_bytes(b"xz")[:16]] * 2, "the", "same"],
            TGZ: [sha256_bytes(b"gz")[:16], sha256_bytes(b"other")[:16], "different"],
        }
        kept = cache / "disputed" / f"{SMALL}-source"
        assert ended.err.splitlines()[-1] == (
            f"error: {TGZ}: different from sandbox and docker; "
            f"one of the engines may have been tampered with; what each made is in {kept}"
        )
        assert {str(path.relative_to(kept)): path.read_bytes() for path in kept.rglob("*.*")} == {
            f"sandbox/{XZ}": b"xz",
            f"sandbox/{TGZ}": b"gz",
            f"docker/{XZ}": b"xz",
            f"docker/{TGZ}": b"other",
        }
        assert list((tmp_path / "out").iterdir()) == []
    result = json.loads(build(engines, "--json").out)
    assert result["engines"]["docker"][TGZ] == sha256_bytes(b"other")
    assert result["engines"]["sandbox"][TGZ] == sha256_bytes(b"gz")


@pytest.mark.parametrize(
    ("engine", "status", "said"),
    [
        (Fake("docker", {XZ: b"xz"}), 5, f"left {XZ}, expected {XZ}, {TGZ}"),
        (Fake("docker", status=7), 5, "failed with status 7: docker ran"),
        (Fake("docker", lacks="no daemon"), 3, "docker: a daemon: no daemon; start it"),
    ],
)
def test_one_engine_that_fails_leaves_nothing(
    engine: Fake, status: int, said: str, build: Build, tmp_path: Path, cache: Path
) -> None:
    ended = build([Fake("sandbox", {XZ: b"xz", TGZ: b"gz"}), engine])
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err.splitlines()[-1]
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
    assert not (cache / "disputed").exists()


def test_a_finished_build_says_how_long_it_took_and_where_the_results_are(
    build: Build, tmp_path: Path
) -> None:
    engines = [Fake("sandbox", {XZ: b"xz", TGZ: b"gz"})]
    for again in (False, True):
        ended = build(engines)
        before, path = ended.err.splitlines()[-2:]
        assert re.fullmatch(r"finished in \d\.\d s; the results are in", before)
        assert path == str(tmp_path / "out" / SMALL)
        assert ("source already exists, and was verified" in ended.err) is again


def test_a_recipe_that_fails_is_not_said_to_be_done(build: Build) -> None:
    ended = build([Fake("sandbox", status=7)])
    assert ended.status == 5
    assert "building source (sandbox): failed after 0." in ended.err
    assert "building source (sandbox): done" not in ended.err
