"""From a commit: CPython's repository, made again out of a release, gives that release's bytes."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from tests.archives import Repository
from tests.integration.command import PUBLISHED, verbatim
from tests.integration.conftest import Built
from tests.integration.releases import DROPPED, SMALL, small_repository
from verbatim.release import Release
from verbatim.sources.git import git_source
from verbatim.store import Store

pytestmark = pytest.mark.integration


@pytest.fixture
def small(tmp_path: Path) -> Repository:
    return small_repository(tmp_path / "small")


def test_the_commit_of_a_release_gives_the_published_bits(
    repository: Repository, built_from_git: Built
) -> None:
    finished = built_from_git.finished
    assert finished.hashes == PUBLISHED, finished.out
    assert set(finished.verdicts.values()) == {"identical"}
    ids = {"gitCommit": _id(repository, "v3.13.5^{commit}"), "gitTree": _id(repository, "v3.13.5^{tree}")}
    assert finished.result["source"] == {"kind": "git", "name": "cpython", "digest": ids}
    statement = json.loads((built_from_git.folder / "source.intoto.json").read_bytes())
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["source"] == {"kind": "git"}
    assert definition["resolvedDependencies"][0] == {"name": "cpython", "digest": ids}


def test_a_bare_clone_is_the_same_source(repository: Repository, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repository.git("clone", "--quiet", "--bare", ".", str(bare))
    release, store = Release.parse("3.13.5"), Store(tmp_path / "store")
    source = git_source(release, store, url=bare.as_uri())
    assert source.commit == _id(repository, "v3.13.5^{commit}")
    assert source.tree == _id(repository, "v3.13.5^{tree}")
    assert git_source(release, store, url=bare.as_uri(), commit=source.commit).identity == source.identity


def test_what_a_release_drops_is_dropped_and_the_news_are_merged(small: Repository, tmp_path: Path) -> None:
    finished = verbatim(
        *("build", "--version", SMALL, "--source", str(small.path), "--commit", _id(small, f"v{SMALL}^{{}}")),
        *("--output", str(tmp_path / "out"), "--json"),
    )
    assert finished.verdicts == {
        f"Python-{SMALL}.tar.xz": "unpublished",
        f"Python-{SMALL}.tgz": "unpublished",
    }
    with tarfile.open(tmp_path / "out" / SMALL / f"Python-{SMALL}.tgz") as tar:
        members = {member.name.removeprefix(f"Python-{SMALL}/") for member in tar if member.isreg()}
        news = tar.extractfile(f"Python-{SMALL}/Misc/NEWS")
        assert news is not None
        assert f"\n- Made up {SMALL}.\n" in news.read().decode()
    tracked = set(small.git("ls-files").split("\n"))
    dropped = {name for name in tracked if name in DROPPED or name.startswith(("Misc/NEWS.d/", "Misc/mypy/"))}
    assert members == tracked - dropped | {"Misc/NEWS"}


def test_a_tag_that_was_moved_to_another_commit_is_refused(small: Repository, tmp_path: Path) -> None:
    commit = _id(small, f"v{SMALL}^{{}}")
    other = small.commit({b"README.rst": b"Something else.\n"}, tag=f"v{SMALL}")
    refusal = verbatim(
        *("build", "--version", SMALL, "--source", str(small.path), "--commit", commit),
        *("--output", str(tmp_path / "out")),
    ).refusal(6)
    assert other in refusal
    assert commit in refusal
    assert not (tmp_path / "out").exists()


def test_a_commit_of_another_version_is_refused(tmp_path: Path) -> None:
    repository = small_repository(tmp_path / "small", says="3.13.98")
    refusal = verbatim(
        *("build", "--version", SMALL, "--source", str(repository.path), "--output", str(tmp_path / "out"))
    ).refusal(5)
    assert f"the source says that it is 3.13.98, expected {SMALL}" in refusal
    assert list((tmp_path / "out").iterdir()) == []


def test_a_version_without_a_tag_is_refused(small: Repository, tmp_path: Path) -> None:
    refusal = verbatim(
        "build", "--version", "3.13.98", "--source", str(small.path), "--output", str(tmp_path / "out")
    ).refusal(2)
    assert "has no tag v3.13.98" in refusal
    assert not (tmp_path / "out").exists()


def _id(repository: Repository, name: str) -> str:
    return repository.git("rev-parse", name)
