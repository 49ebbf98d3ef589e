"""A release that was packed before the bits could be made again: the same bits each time, and honest words."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.command import Finished, verbatim
from verbatim.release import Published, Release
from verbatim.store import Store

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def twice(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Finished]:
    """Two builds of 3.11.2 at the same time, with one cache, in two folders."""

    def build(output: Path) -> Finished:
        return verbatim(
            *("build", "--version", "3.11.2", "--source", "tarball", "--output", str(output), "--json"),
            cache=cache,
        )

    with ThreadPoolExecutor(2) as workers:
        return list(workers.map(build, [tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")]))


def test_two_builds_give_the_same_bits(twice: list[Finished]) -> None:
    one, two = twice
    assert one.result["unchanged"] is two.result["unchanged"] is False
    assert one.hashes == two.hashes
    statements = [Path(build.result["folder"], "source.intoto.json").read_bytes() for build in twice]
    assert statements[0] == statements[1]


def test_the_published_bits_are_said_to_be_irreproducible_and_why(twice: list[Finished]) -> None:
    for build in twice:
        assert build.verdicts["Python-3.11.2.tgz"] == "equivalent"
        # Debian's archive has only the .tgz; where python.org is out of reach, the other cannot be compared.
        assert build.verdicts["Python-3.11.2.tar.xz"] in ("equivalent", "undecided")
        for artifact in build.result["artifacts"]:
            assert "its bits cannot be reproduced" in artifact["summary"]
            for reason in ("unsorted", "user names", "times, from"):
                assert reason in artifact["summary"]


def test_it_is_verified_as_equivalent_and_each_stabilizer_is_named(twice: list[Finished]) -> None:
    output = Path(twice[0].result["folder"]).parent
    verified = verbatim(
        *("verify", "--version", "3.11.2", "--source", "tarball", "--output", str(output), "--json")
    )
    # Where the .tar.xz is out of reach, of that one it cannot be told.
    assert verified.status in (0, 7)
    artifacts = {artifact["name"]: artifact for artifact in json.loads(verified.out)["artifacts"]}
    assert artifacts["Python-3.11.2.tgz"]["verdict"] == "equivalent"
    assert artifacts["Python-3.11.2.tgz"]["stabilizers"] == ["order", "times", "owners", "headers"]
    expected = {0: "equivalent", 7: "undecided"}[verified.status]
    assert artifacts["Python-3.11.2.tar.xz"]["verdict"] == expected


def test_whoever_has_the_published_file_reads_first_that_it_is_genuine_and_why_it_was_not_made_again(
    twice: list[Finished], cache: Path, tmp_path: Path
) -> None:
    name = "Python-3.11.2.tgz"
    published = Store(cache).find(Published.of(Release.parse("3.11.2")).hashes[name])
    assert published is not None, "it is what the builds were made from"
    mine = tmp_path / "python3.11_3.11.2.orig.tar.gz"
    shutil.copy(published, mine)
    output = Path(twice[0].result["folder"]).parent
    verified = verbatim("verify", str(mine), "--source", "tarball", "--output", str(output), "--offline")
    assert verified.status == 0, verified.err
    first = verified.out.splitlines()[0]
    beginning = f"GENUINE, not made again: your file {mine} is python.org's own file, and has the contents"
    assert first.startswith(beginning)
    assert "its bits cannot be reproduced: its members are unsorted" in first
