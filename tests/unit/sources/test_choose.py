"""What ``--source`` and ``--commit`` mean, and when one source may stand in for another."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.archives import COMPRESSIONS, TIME, Member, Repository, contents, file, folder, link, tar
from verbatim.digest import sha256_file
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.fetch import Fetcher
from verbatim.release import Release
from verbatim.sources.choose import SourceChoice, choose_source
from verbatim.sources.source import Source
from verbatim.store import Store

RELEASE = Release.parse("3.99.0")
#: A release whose tarballs are published, though none of them is here.
PUBLISHED = Release.parse("3.13.5")
TREE = (folder("Python-3.99.0"), file("Python-3.99.0/README.rst"), link("Python-3.99.0/link", "README.rst"))
NOWHERE = "http://127.0.0.1:1/cpython"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBATIM_GIT_URL", NOWHERE)
    # Between two attempts, nobody waits.
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def offline(store: Store) -> Fetcher:
    return Fetcher(store, offline=True)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    for tag in ("v3.99.0", "v3.13.5"):
        made.commit({b"README.rst": b"Hello\n"}, tag=tag)
    return made


def tarball(path: Path, *members: Member) -> Path:
    compression = "xz" if path.name.endswith(".xz") else "gz"
    path.write_bytes(COMPRESSIONS[compression](tar(*members or TREE)))
    return path


def choose(text: str, fetcher: Fetcher, commit: str | None = None, release: Release = RELEASE) -> Source:
    return choose_source(SourceChoice(text, commit), release, fetcher)


@pytest.mark.parametrize(
    ("text", "is_remote"),
    [
        ("auto", True),
        ("git", True),
        ("tarball", True),
        ("https://example.org/cpython.git", True),
        ("ssh://git@example.org/cpython", True),
        ("https://example.org/Python-3.99.0.tgz", True),
        ("some/folder", False),
        ("some/Python-3.99.0.tar.xz", False),
        ("./git", False),
    ],
)
def test_what_is_not_on_this_machine_is_remote(text: str, is_remote: bool) -> None:
    assert SourceChoice(text).is_remote == is_remote


@pytest.mark.parametrize("text", ["auto", "git"])
def test_git_is_what_is_configured(
    fetcher: Fetcher, repository: Repository, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBATIM_GIT_URL", repository.url)
    assert choose(text, fetcher).identity.digest["gitCommit"] == repository.git("rev-parse", "v3.99.0")


@pytest.mark.parametrize("form", ["path", "relative path", "address"])
def test_a_repository_may_be_named(
    fetcher: Fetcher, repository: Repository, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.path.parent)
    text = {"path": str(repository.path), "relative path": "repository", "address": repository.url}[form]
    commit = repository.git("rev-parse", "v3.99.0")
    assert choose(text, fetcher).identity.digest["gitCommit"] == commit
    assert choose(text, fetcher, commit).identity.digest["gitCommit"] == commit


def test_a_repository_may_be_bare_and_have_an_odd_path(tmp_path: Path, fetcher: Fetcher) -> None:
    bare = Repository(tmp_path / "a b%20#?ä.git", bare=True)
    commit = bare.commit({b"README.rst": b"Hello\n"}, tag="v3.99.0")
    assert choose(str(bare.path), fetcher).identity.digest["gitCommit"] == commit


@pytest.mark.parametrize("suffix", [".tgz", ".tar.xz"])
def test_a_tarball_may_be_named(tmp_path: Path, offline: Fetcher, suffix: str) -> None:
    path = tarball(tmp_path / f"downloaded (1){suffix}")
    source = choose(str(path), offline)
    assert (source.identity.kind, source.identity.name) == ("tarball", f"Python-3.99.0{suffix}")
    assert source.identity.digest == {"sha256": sha256_file(path)}
    # What was hashed is what is built, whatever becomes of the file meanwhile.
    path.unlink()
    prepared = source.prepare(tmp_path)
    assert prepared.epoch == TIME
    assert {os.fsdecode(name) for name in contents(prepared.inputs["source"])} == {
        member.name for member in TREE
    }


@pytest.mark.parametrize(
    "members",
    [
        (file("README.rst"),),
        (folder("Python-3.99.1"), file("Python-3.99.1/README.rst")),
        (*TREE, file("another")),
        (file("Python-3.99.0/../../new"),),
        (*TREE, link("Python-3.99.0/out", "../../sentinel")),
    ],
)
def test_a_tarball_of_something_else_is_refused(
    tmp_path: Path, offline: Fetcher, members: tuple[Member, ...]
) -> None:
    source = choose(str(tarball(tmp_path / "a.tgz", *members)), offline)
    with pytest.raises(IntegrityError):
        source.prepare(tmp_path)


def test_a_tarball_that_is_not_the_published_one_is_pointed_out(
    tmp_path: Path, offline: Fetcher, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tarball(tmp_path / "a.tgz"))
    choose(path, offline)
    assert "warning" not in capsys.readouterr().err
    choose(path, offline, release=PUBLISHED)
    assert "is not a tarball that python.org published for 3.13.5" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["tarball", "a.tgz", "a.tar.xz", "https://example.org/a.tgz"])
def test_a_commit_and_a_tarball_exclude_each_other(offline: Fetcher, text: str) -> None:
    with pytest.raises(UsageError, match="--commit names a commit, but the source is a tarball"):
        choose(text, offline, "1" * 40)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gitt",
        "nothing/here",
        "nothing.tgz",
        "nothing.tar.gz",
        "empty",
        "ext::sh -c touch% ran",
        "-oProxyCommand=touch ran",
        "--upload-pack=touch ran",
        "https://example.org/a b",
        "https://example.org/Python-3.99.0.tgz",
        "ftp://example.org/Python-3.99.0.zip",
    ],
)
def test_what_means_nothing_is_refused_and_runs_nothing(
    tmp_path: Path, fetcher: Fetcher, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        choose(text, fetcher)
    assert not (tmp_path / "ran").exists()


def test_what_code_hosts_offer_for_ssh_is_handed_to_git(
    fetcher: Fetcher, offline: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nexit 255\n')
    program.chmod(0o755)
    monkeypatch.setenv("GIT_SSH", str(program))
    with pytest.raises(NetworkError, match="git ls-remote failed"):
        choose("git@example.org:python/cpython.git", fetcher)
    assert "git@example.org git-upload-pack 'python/cpython.git'" in asked.read_text()
    with pytest.raises(UsageError, match="give --commit as well"):
        choose("git@example.org:python/cpython.git", offline)


def test_a_file_may_be_called_as_ssh_calls_a_repository(
    tmp_path: Path, offline: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tarball(tmp_path / "me@here:a.tgz")
    monkeypatch.chdir(tmp_path)
    assert choose(path.name, offline).identity.digest == {"sha256": sha256_file(path)}


HOSTED = "is a code host's own archive of a repository, not a release's tarball"


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/python/cpython/archive/refs/tags/v3.99.0.tar.gz",
        "https://example.org/python/cpython/archive/refs/tags/v3.99.0.zip?token=a",
        "https://example.org/python/cpython/tar.gz/refs/tags/v3.99.0",
        "https://example.org/python/cpython/-/archive/v3.99.0/cpython-v3.99.0.tar.gz",
    ],
)
def test_a_code_hosts_own_archive_is_called_so(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(UsageError, match=HOSTED) as caught:
        choose(address, fetcher)
    assert "--source git" in caught.value.remedy
    assert "Python-3.99.0.tgz" in caught.value.remedy


def test_a_downloaded_archive_of_a_code_host_is_called_so(tmp_path: Path, offline: Fetcher) -> None:
    members = [folder("cpython-3.99.0"), file("cpython-3.99.0/README.rst")]
    source = choose(str(tarball(tmp_path / "v3.99.0.tar.gz", *members)), offline)
    with pytest.raises(UsageError, match=HOSTED):
        source.prepare(tmp_path)
    (tmp_path / "cpython-3.99.0.zip").write_bytes(b"PK")
    with pytest.raises(UsageError, match=HOSTED):
        choose(str(tmp_path / "cpython-3.99.0.zip"), offline)


def test_an_address_with_a_query_may_be_a_tarballs(fetcher: Fetcher) -> None:
    assert SourceChoice("https://example.org/Python-3.99.0.tgz?token=a").is_tarball
    with pytest.raises(UsageError, match=r"no hash of Python-3\.99\.0\.tgz was published"):
        choose("https://example.org/Python-3.99.0.tgz?token=a", fetcher)


@pytest.mark.parametrize("text", ["tarball", "https://example.org/Python-3.13.5.tgz"])
def test_a_tarball_that_is_not_here_takes_the_network(
    offline: Fetcher, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="is not in the cache"):
        choose(text, offline, release=PUBLISHED)
    assert "git" not in capsys.readouterr().err


WARNING = "building from the published tarball instead"


@pytest.mark.parametrize("why", ["offline", "no git", "no network"])
def test_auto_falls_back_to_the_tarball_and_says_so(
    offline: Fetcher,
    fetcher: Fetcher,
    why: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The release is one that nobody published, so that the tarball is as far away as git."""
    if why == "no git":
        monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UsageError, match=r"has no source tarball of 3\.99\.0"):
        choose("auto", offline if why == "offline" else fetcher)
    said = " ".join(capsys.readouterr().err.split())
    assert "warning: git: " in said
    assert WARNING in said


@pytest.mark.parametrize("is_offline", [False, True])
def test_auto_does_not_replace_a_commit_by_a_tarball(
    offline: Fetcher, fetcher: Fetcher, is_offline: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError if is_offline else NetworkError):
        choose("auto", offline if is_offline else fetcher, "1" * 40)
    assert WARNING not in capsys.readouterr().err


def test_git_alone_does_not_fall_back(fetcher: Fetcher, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NetworkError):
        choose("git", fetcher, release=PUBLISHED)
    assert WARNING not in capsys.readouterr().err


@pytest.mark.parametrize("why", ["no tag", "a moved tag", "a submodule", "a tree that git would not make"])
def test_auto_does_not_fall_back_from_what_git_refuses(
    tmp_path: Path,
    fetcher: Fetcher,
    why: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A repository that answers, and answers wrongly, is a warning to be heeded."""
    made = Repository(tmp_path / "made")
    monkeypatch.setenv("VERBATIM_GIT_URL", made.url)
    asked = None
    if why == "no tag":
        made.commit({})
    elif why == "a moved tag":
        asked = made.commit({})
        made.commit({b"other": b""}, tag="v3.13.5")
    elif why == "a submodule":
        made.commit({b"module": ("160000", "1" * 40)}, tag="v3.13.5")
    else:
        entry = b"100644 ..\0" + bytes.fromhex(made.blob(b"Hello\n"))
        made.commit(
            made.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=entry), tag="v3.13.5"
        )
    with pytest.raises(UsageError if why == "no tag" else IntegrityError):
        choose("auto", fetcher, asked, release=PUBLISHED)
    assert WARNING not in capsys.readouterr().err
