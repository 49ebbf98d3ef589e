"""``./invoke build`` with several engines: one result if they agree, and evidence if they do not."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.fake_engine import Fake
from tests.integration.releases import SMALL, small_tarball
from tests.program import Ended, run_in_process
from verbatim.commands import build as process
from verbatim.digest import sha256_bytes
from verbatim.engines import choose
from verbatim.engines.protocol import Engine
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root
from verbatim.release import Release

_XZ, _TGZ = sorted(Release.parse(SMALL).source_tarballs)


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


def test_engines_that_agree_are_one_result(build: Build, tmp_path: Path) -> None:
    engines = [Fake(name, {_XZ: b"xz", _TGZ: b"gz"}) for name in ("sandbox", "docker")]
    ended = build(engines)
    assert ended.status == 0, ended.err
    heads, *rows = [line.split() for line in ended.out.splitlines()[:3]]
    assert heads == ["SHA-256", "sandbox", "docker"]
    assert rows == [
        [name, *[sha256_bytes(content)[:16]] * 2, "the", "same"]
        for name, content in ((_XZ, b"xz"), (_TGZ, b"gz"))
    ]
    folder = tmp_path / "out" / SMALL
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [_XZ, _TGZ, "SHA256SUMS", "source.intoto.json", "buildinfo"]
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
        Fake("sandbox", {_XZ: b"xz", _TGZ: b"gz"}),
        Fake("docker", {_XZ: b"xz", _TGZ: b"other"}),
    ]
    for _ in range(2):
        ended = build(engines)
        assert ended.status == 1
        table = {line.split()[0]: line.split()[1:] for line in ended.out.splitlines()[1:3]}
        assert table == {
            _XZ: [*[sha256_bytes(b"xz")[:16]] * 2, "the", "same"],
            _TGZ: [sha256_bytes(b"gz")[:16], sha256_bytes(b"other")[:16], "different"],
        }
        kept = cache / "disputed" / f"{SMALL}-source"
        assert ended.err.splitlines()[-1] == (
            f"error: {_TGZ}: different from sandbox and docker; "
            f"one of the engines may have been tampered with; what each made is in {kept}"
        )
        assert {str(path.relative_to(kept)): path.read_bytes() for path in kept.rglob("*.*")} == {
            f"sandbox/{_XZ}": b"xz",
            f"sandbox/{_TGZ}": b"gz",
            f"docker/{_XZ}": b"xz",
            f"docker/{_TGZ}": b"other",
        }
        assert list((tmp_path / "out").iterdir()) == []
    result = json.loads(build(engines, "--json").out)
    assert result["engines"]["docker"][_TGZ] == sha256_bytes(b"other")
    assert result["engines"]["sandbox"][_TGZ] == sha256_bytes(b"gz")


@pytest.mark.parametrize(
    ("engine", "status", "said"),
    [
        (Fake("docker", {_XZ: b"xz"}), 5, f"left {_XZ}, expected {_XZ}, {_TGZ}"),
        (Fake("docker", status=7), 5, "failed with status 7: docker ran"),
        (Fake("docker", lacks="no daemon"), 3, "docker: a daemon: no daemon; start it"),
    ],
)
def test_one_engine_that_fails_leaves_nothing(
    engine: Fake, status: int, said: str, build: Build, tmp_path: Path, cache: Path
) -> None:
    ended = build([Fake("sandbox", {_XZ: b"xz", _TGZ: b"gz"}), engine])
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err.splitlines()[-1]
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
    assert not (cache / "disputed").exists()
