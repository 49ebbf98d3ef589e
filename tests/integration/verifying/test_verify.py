"""A real release, rebuilt and held against what a mirror of python.org serves: the same, or tampered with."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command import PUBLISHED, Finished, verbatim
from tests.integration.conftest import Built
from tests.integration.releases import SMALL, small_tarball
from tests.integration.repacked import Alter, one_byte, one_mode, repacked, same, smuggled
from tests.servers import Site
from verbatim.digest import sha256_bytes
from verbatim.evidence.results import SUMS

pytestmark = pytest.mark.integration

XZ, TGZ = PUBLISHED


@pytest.fixture(scope="module")
def mirror() -> Iterator[Site]:
    with Site() as site:
        yield site


@dataclass(frozen=True)
class Verified:
    """What ``verify --json`` said of each artifact, by its name."""

    finished: Finished
    artifacts: Mapping[str, Any]

    @property
    def verdicts(self) -> dict[str, str]:
        return {name: artifact["verdict"] for name, artifact in self.artifacts.items()}


def verify(*arguments: str, mirror: str, version: str = "3.13.5") -> Verified:
    """Verify where no git server answers, and a mirror of python.org is this one."""
    finished = verbatim(
        *("verify", "--version", version, *arguments, "--json"),
        settings={"VERBATIM_GIT_URL": "http://127.0.0.1:9/cpython", "VERBATIM_PYTHON_MIRROR": mirror},
    )
    assert finished.out, finished.err
    return Verified(
        finished, {artifact["name"]: artifact for artifact in json.loads(finished.out)["artifacts"]}
    )


def test_what_is_served_is_identical_twice(built: Built, mirror: Site) -> None:
    for name in PUBLISHED:
        mirror.serve(f"/3.13.5/{name}", (built.folder / name).read_bytes())
    verified = verify("--output", str(built.output), mirror=mirror.url)
    assert verified.finished.status == 0
    assert verified.verdicts == {XZ: "identical", TGZ: "identical"}
    for name, artifact in verified.artifacts.items():
        assert artifact["first"]["sha256"] == artifact["published"] == PUBLISHED[name]
        assert artifact["seen"] == f"{mirror.url}/3.13.5/{name}"


def test_where_the_site_is_out_of_reach_the_published_hashes_tell_and_that_is_said(built: Built) -> None:
    verified = verify("--output", str(built.output), "--offline", mirror="http://127.0.0.1:9")
    assert verified.finished.status == 0
    assert verified.verdicts == {XZ: "identical", TGZ: "identical"}
    for artifact in verified.artifacts.values():
        assert artifact["seen"] is None
        assert "by the published hash" in artifact["summary"]


@pytest.mark.parametrize(
    ("alter", "more", "said", "why"),
    [
        (one_byte, [], {"changed": {"Python-3.13.5/configure": "its content"}}, "configure differs"),
        (
            one_mode,
            [],
            {"changed": {"Python-3.13.5/README.rst": "mode 644 and 755"}},
            "README.rst differs (mode 644 and 755)",
        ),
        (
            same,
            [smuggled()],
            {"added": ["Python-3.13.5/m4/build-to-host.m4"]},
            "build-to-host.m4 is only in python.org's",
        ),
    ],
    ids=["a changed byte", "a changed mode", "a smuggled file"],
)
def test_a_tampered_download_is_different_and_the_member_is_named(
    built: Built,
    mirror: Site,
    cache: Path,
    alter: Alter,
    more: list[tarfile.TarInfo],
    said: dict[str, object],
    why: str,
) -> None:
    tampered = repacked(built.folder / TGZ, alter, *more)
    mirror.serve(f"/3.13.5/{XZ}", (built.folder / XZ).read_bytes())
    mirror.serve(f"/3.13.5/{TGZ}", tampered)
    verified = verify("--output", str(built.output), mirror=mirror.url)
    assert verified.finished.status == 1
    assert verified.verdicts == {XZ: "identical", TGZ: "different"}
    artifact = verified.artifacts[TGZ]
    assert why in artifact["summary"]
    assert {key: artifact[key] for key in ("added", "removed", "changed")} == {
        "added": [],
        "removed": [],
        "changed": {},
        **said,
    }
    sha256 = sha256_bytes(tampered)
    assert artifact["second"]["sha256"] == sha256
    assert f"is not the file that was published: it has SHA-256 {sha256}" in verified.finished.err
    assert f"error: {TGZ}: different" in verified.finished.err
    # It was examined, and is gone.
    assert not list(cache.rglob(f"*{sha256}*"))
    assert not [path for path in (cache / "work").iterdir() if path.name != ".lock"]


def test_quickly_the_streams_are_compared_and_nothing_is_written(
    built: Built, mirror: Site, tmp_path: Path
) -> None:
    mirror.serve(f"/3.13.5/{XZ}", (built.folder / XZ).read_bytes())
    output = tmp_path / "output"
    verified = verify("--quick", "--output", str(output), mirror=mirror.url)
    assert verified.finished.status == 0
    artifact = verified.artifacts["Python-3.13.5.tar"]
    assert (artifact["verdict"], artifact["stabilizers"]) == ("equivalent", ["compression"])
    assert artifact["second"]["sha256"] == PUBLISHED[XZ]
    assert not output.exists()
    against = verify("--quick", "--against", str(built.folder / TGZ), mirror=mirror.url)
    assert against.artifacts["Python-3.13.5.tar"]["second"]["name"] == TGZ
    tampered = tmp_path / TGZ
    tampered.write_bytes(repacked(built.folder / TGZ, one_byte))
    different = verify("--quick", "--against", str(tampered), mirror=mirror.url)
    assert different.finished.status == 1
    assert "configure differs" in different.artifacts["Python-3.13.5.tar"]["summary"]


def test_two_builds_of_the_real_release_are_compared_in_every_form(built: Built) -> None:
    def compare(first: Path, second: Path) -> dict[str, tuple[str, list[str]]]:
        finished = verbatim("compare", str(first), str(second), "--json")
        return {
            artifact["name"]: (artifact["verdict"], artifact["stabilizers"])
            for artifact in finished.result["artifacts"]
        }

    same: dict[str, tuple[str, list[str]]] = {name: ("identical", []) for name in PUBLISHED}
    for form in (built.folder, built.folder / SUMS, built.folder / "source.intoto.json"):
        assert compare(built.folder, form) == compare(form, built.folder) == same
    assert compare(built.folder / TGZ, built.folder / XZ) == {TGZ: ("equivalent", ["compression"])}


def test_a_release_of_which_nothing_is_published_cannot_be_told(tmp_path: Path, mirror: Site) -> None:
    tarball = small_tarball(tmp_path / "small.tgz")
    arguments = ("--source", str(tarball), "--output", str(tmp_path / "out"))
    verified = verify(*arguments, mirror=mirror.url, version=SMALL)
    assert verified.finished.status == 7
    assert set(verified.verdicts.values()) == {"unpublished"}
    # Of what the user has, it can be: the input has no folders in it, and what was built from it does.
    for against, verdict in ((tarball, "different"), (tmp_path / "out" / SMALL, "identical")):
        verified = verify(*arguments, "--against", str(against), mirror=mirror.url, version=SMALL)
        assert set(verified.verdicts.values()) == {verdict}
