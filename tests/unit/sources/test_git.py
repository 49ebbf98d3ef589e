"""A commit as source: from real repositories, the honest and the hostile, with the host's own git."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.archives import TIME, Repository
from verbatim.digest import sha256_bytes, sha256_file
from verbatim.errors import CapabilityError, IntegrityError, NetworkError, UsageError, VerbatimError
from verbatim.release import Release
from verbatim.sources.git import GitSource, git_source
from verbatim.store import Store

RELEASE = Release.parse("3.99.0")
FILES: dict[bytes, bytes | tuple[str, bytes | str]] = {
    b"README.rst": b"Hello\n",
    b"configure": ("100755", b"#!/bin/sh\n"),
    "Grüße".encode(): b"",
    b"link": ("120000", b"README.rst"),
}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    # Between two attempts, nobody waits.
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def source(
    repository: Repository | str, store: Store, commit: str | None = None, *, offline: bool = False
) -> GitSource:
    url = repository if isinstance(repository, str) else repository.url
    return git_source(RELEASE, store, url=url, commit=commit, offline=offline)


def objects(pack: Path, folder: Path) -> list[tuple[str, str]]:
    """The kinds and ids of what is in a pack."""
    folder.mkdir()
    index = folder / "a.idx"
    subprocess.run(["git", "index-pack", "-o", str(index), str(pack)], check=True, capture_output=True)
    (folder / "a.pack").symlink_to(pack)
    listed = subprocess.run(
        ["git", "verify-pack", "-v", str(index)], check=True, capture_output=True, text=True
    ).stdout
    lines = [line.split() for line in listed.splitlines()]
    return [(line[1], line[0]) for line in lines if len(line) > 2 and len(line[0]) == 40]


@pytest.mark.parametrize("bare", [False, True])
def test_a_tag_names_the_commit(tmp_path: Path, store: Store, bare: bool) -> None:
    repository = Repository(tmp_path / "repository", bare=bare)
    tree = repository.tree(FILES)
    commit = repository.commit(tree, tag="v3.99.0")
    repository.commit({b"other": b"later"}, commit, tag="v3.99.1")
    found = source(repository, store)
    assert (found.commit, found.tree, found.epoch) == (commit, tree, TIME)
    assert found.identity.digest == {"gitCommit": commit, "gitTree": tree}
    prepared = found.prepare(tmp_path)
    assert prepared.inputs == {"source/commit.pack": found.pack}
    assert store.find(sha256_file(found.pack)) == found.pack


def test_an_annotated_tag_names_the_commit_behind_it(repository: Repository, store: Store) -> None:
    commit = repository.commit(FILES)
    repository.git("tag", "-a", "-m", "A tag", "first", commit)
    repository.git("tag", "-a", "-m", "A tag of a tag", "v3.99.0", "first")
    assert source(repository, store).commit == commit


def test_a_branch_of_the_tags_name_does_not_stand_in_for_it(repository: Repository, store: Store) -> None:
    commit = repository.commit(FILES)
    repository.git("update-ref", "refs/heads/v3.99.0", commit)
    repository.git("update-ref", "refs/heads/tags/v3.99.0", commit)
    repository.git("update-ref", "refs/tags/old/refs/tags/v3.99.0", commit)
    with pytest.raises(UsageError, match=r"has no tag v3\.99\.0"):
        source(repository, store)


def test_only_one_commit_and_what_is_in_it_is_taken(
    tmp_path: Path, repository: Repository, store: Store
) -> None:
    secret = repository.blob(b"what was once in it")
    first = repository.commit({b"old": ("100644", secret)})
    commit = repository.commit(FILES, first, tag="v3.99.0")
    found = objects(source(repository, store).pack, tmp_path / "objects")
    assert sorted(kind for kind, _ in found) == ["blob"] * 4 + ["commit", "tree"]
    assert ("commit", commit) in found
    assert ("blob", secret) not in found


def test_a_commit_may_be_given(repository: Repository, store: Store) -> None:
    """With the tag, before there is a tag, and where it is no branch's newest."""
    first = repository.commit(FILES)
    second = repository.commit({b"other": b""}, first)
    assert source(repository, store, first).commit == first
    repository.git("tag", "v3.99.0", second)
    assert source(repository, store, second).commit == second


@pytest.mark.parametrize("is_annotated", [False, True])
def test_a_tag_that_points_elsewhere_is_refused(
    repository: Repository, store: Store, is_annotated: bool
) -> None:
    expected = repository.commit(FILES)
    assert source(repository, store, expected).commit == expected
    moved = repository.commit({b"other": b""}, expected)
    repository.git("tag", *(["-a", "-m", "A tag"] if is_annotated else []), "v3.99.0", moved)
    with pytest.raises(IntegrityError) as caught:
        source(repository, store, expected)
    assert expected in caught.value.message
    assert moved in caught.value.message


def test_without_a_tag_a_commit_has_to_be_given(repository: Repository, store: Store) -> None:
    repository.commit(FILES, tag="v3.99.1")
    with pytest.raises(UsageError, match=r"has no tag v3\.99\.0"):
        source(repository, store)


def test_a_commit_that_is_not_there_is_said_so(repository: Repository, store: Store) -> None:
    repository.commit(FILES)
    with pytest.raises(UsageError):
        source(repository, store, "1" * 40)


@pytest.mark.parametrize(
    "commit", ["", "1234567", "1" * 39, "1" * 41, "A" * 40, "HEAD", "v3.99.0", "1" * 40 + "\n", "--all"]
)
def test_only_a_whole_id_names_a_commit(repository: Repository, store: Store, commit: str) -> None:
    with pytest.raises(UsageError, match="is not a commit"):
        source(repository, store, commit)


@pytest.mark.parametrize("kind", ["tree", "blob"])
@pytest.mark.parametrize("is_annotated", [False, True])
def test_a_tag_of_something_else_is_refused(
    repository: Repository, store: Store, kind: str, is_annotated: bool
) -> None:
    repository.commit(FILES)
    identity = repository.tree(FILES) if kind == "tree" else repository.blob(b"Hello\n")
    repository.git("tag", *(["-a", "-m", "A tag"] if is_annotated else []), "v3.99.0", identity)
    with pytest.raises(IntegrityError, match=f"is a {kind}, expected a commit"):
        source(repository, store)


def test_a_submodule_is_refused(repository: Repository, store: Store) -> None:
    repository.commit({**FILES, b"module": ("160000", "1" * 40)}, tag="v3.99.0")
    with pytest.raises(IntegrityError, match="'module' is a submodule"):
        source(repository, store)


@pytest.mark.parametrize(
    "name", [b"a\nb", b"a\tb", b"a\\b", b"\xe4", b"a\x1b[2J", "a\u202eb".encode(), b'a\n"']
)
def test_an_odd_name_is_refused(repository: Repository, store: Store, name: bytes) -> None:
    inner = repository.tree({name: b"content"})
    repository.commit({**FILES, b"folder": ("040000", inner)}, tag="v3.99.0")
    with pytest.raises(IntegrityError, match="the member 'folder/"):
        source(repository, store)


@pytest.mark.parametrize(
    "links",
    [
        {b"a": b"/etc/passwd"},
        {b"a": b"../sentinel"},
        {b"a": b"folder/../../sentinel"},
        {b"a": b"b\nc"},
        {b"a": b"\xe4"},
        {b"a": b""},
        {b"a": b".", b"b": b"a/../sentinel"},
    ],
)
def test_a_link_that_leads_out_is_refused(
    repository: Repository, store: Store, links: Mapping[bytes, bytes]
) -> None:
    repository.commit({name: ("120000", target) for name, target in links.items()}, tag="v3.99.0")
    with pytest.raises(IntegrityError, match="is a link"):
        source(repository, store)


@pytest.mark.parametrize("name", [b"..", b".", b".git", b".GIT"])
def test_a_tree_that_git_itself_would_not_make_is_refused(
    repository: Repository, store: Store, name: bytes
) -> None:
    """And refused as such, so that nobody takes it for a failure of the network and goes on without."""
    entry = b"100644 " + name + b"\0" + bytes.fromhex(repository.blob(b"Hello\n"))
    tree = repository.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=entry)
    repository.commit(tree, tag="v3.99.0")
    with pytest.raises(IntegrityError):
        source(repository, store)


def test_a_second_time_nothing_is_fetched(repository: Repository, store: Store) -> None:
    commit = repository.commit(FILES, tag="v3.99.0")
    first = source(repository, store)
    # What is left of the repository can say what the tag is, but hand out nothing.
    for path in (repository.path / ".git" / "objects").rglob("*"):
        if path.is_file() and path.parent.name + path.name != commit:
            path.unlink()
    assert source(repository, store) == first


def test_offline_a_commit_comes_from_the_cache(repository: Repository, store: Store) -> None:
    commit = repository.commit(FILES, tag="v3.99.0")
    first = source(repository, store)
    elsewhere = "https://git.example.invalid/cpython"
    assert source(elsewhere, store, commit, offline=True) == first
    with pytest.raises(UsageError, match="not in the cache"):
        source(elsewhere, store, "1" * 40, offline=True)
    with pytest.raises(UsageError, match="is not known offline"):
        source(elsewhere, store, offline=True)


def test_offline_a_repository_on_this_machine_is_read(repository: Repository, store: Store) -> None:
    commit = repository.commit(FILES, tag="v3.99.0")
    assert source(repository, store, offline=True).commit == commit


def test_a_pack_altered_behind_our_back_is_fetched_anew(
    repository: Repository, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = repository.commit(FILES, tag="v3.99.0")
    first = source(repository, store)
    first.pack.chmod(0o600)
    first.pack.write_bytes(first.pack.read_bytes()[:-1] + b"x")
    again = source(repository, store)
    assert again.identity == first.identity
    assert "was altered" in capsys.readouterr().err
    again.pack.unlink()
    with pytest.raises(UsageError, match="not in the cache"):
        source("https://git.example.invalid/cpython", store, commit, offline=True)


def test_the_cache_is_not_taken_at_its_word(tmp_path: Path, repository: Repository, store: Store) -> None:
    """A pack that is filed under another commit's id, or is no pack at all, does not pass for the commit."""
    other = source(repository, store, repository.commit({b"other": b""})).pack
    wanted = repository.commit(FILES, tag="v3.99.0")
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"garbage")
    for wrong in (sha256_file(other), sha256_file(store.admit(garbage, sha256_bytes(b"garbage")))):
        store.remember("git", wanted, wrong)
        try:
            found = source(repository, store)
        except IntegrityError:
            continue
        assert found.commit == wanted
        assert ("commit", wanted) in objects(found.pack, tmp_path / wrong)


def test_the_users_configuration_has_no_effect(
    tmp_path: Path, repository: Repository, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repository.commit(FILES, tag="v3.99.0")
    Repository(tmp_path / "other").commit({b"other": b""}, tag="v3.99.0")
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    script.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"):
        (hooks / name).symlink_to(script)
    settings = (
        f'[url "{(tmp_path / "other").as_uri()}"]\n\tinsteadOf = {repository.url}\n'
        f"[core]\n\thooksPath = {hooks}\n\tfsmonitor = {script}\n\tpager = {script}\n"
        f"\tsshCommand = {script}\n\tgitProxy = {script}\n\talternateRefsCommand = {script}\n"
        f"[uploadpack]\n\tpackObjectsHook = {script}\n[init]\n\ttemplateDir = {hooks.parent}\n"
        f"[credential]\n\thelper = {script}\n[protocol]\n\tallow = never\n[log]\n\tshowSignature = true\n"
    )
    for path in (tmp_path / "gitconfig", tmp_path / ".gitconfig"):
        path.write_text(settings)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(script))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(hooks.parent))
    monkeypatch.setenv("GIT_TRACE", str(ran))
    assert source(repository, store).commit == commit
    assert not ran.exists()


def test_the_repositorys_own_configuration_runs_nothing(
    tmp_path: Path, repository: Repository, store: Store
) -> None:
    commit = repository.commit(FILES, tag="v3.99.0")
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    script.chmod(0o755)
    inner = repository.path / ".git"
    with (inner / "config").open("a") as file:
        file.write(
            f"[core]\n\tfsmonitor = {script}\n\tpager = {script}\n\talternateRefsCommand = {script}\n"
            f"\thooksPath = {tmp_path}/hooks\n\tsshCommand = {script}\n[uploadpack]\n\tpackObjectsHook = {script}\n"
        )
    for hooks in (inner / "hooks", tmp_path / "hooks"):
        hooks.mkdir()
        for name in ("pre-upload-pack", "post-upload-pack", "reference-transaction", "post-index-change"):
            (hooks / name).symlink_to(script)
    assert source(repository, store).commit == commit
    assert not ran.exists()


def test_nothing_is_written_to_the_repository(tmp_path: Path, repository: Repository, store: Store) -> None:
    repository.commit(FILES, tag="v3.99.0")

    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in repository.path.rglob("*")}

    before = state()
    source(repository, store)
    assert state() == before
    assert list((tmp_path / "cache" / "git").iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% {ran}",
        "fd::17",
        "--upload-pack=touch {ran}",
        "-u touch {ran}",
        "ssh://-oProxyCommand=touch {ran}/x",
        "ssh://-oProxyCommand=touch%20{ran}/x",
        "git://-oProxyCommand=touch {ran}/x",
    ],
)
def test_an_address_that_is_a_command_runs_nothing(
    tmp_path: Path, store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VerbatimError):
        source(url.format(ran=ran), store)
    assert not ran.exists()


def test_an_address_without_a_repository_is_the_users_mistake(tmp_path: Path, store: Store) -> None:
    with pytest.raises(UsageError, match="does not appear to be a git repository"):
        source((tmp_path / "nothing").as_uri(), store)


def test_a_server_that_cannot_be_reached_is_a_network_failure(store: Store) -> None:
    with pytest.raises(NetworkError):
        source("http://127.0.0.1:1/cpython", store)


def test_without_git_that_is_said(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CapabilityError, match="git is not on this machine"):
        source(tmp_path.as_uri(), store)


def test_a_link_as_long_as_a_file_is_refused(repository: Repository, store: Store) -> None:
    repository.commit({b"a": ("120000", b"x" * 2000)}, tag=RELEASE.tag)
    with pytest.raises(IntegrityError, match="is a link of 2000 bytes"):
        source(repository, store)


def test_a_tree_of_more_files_than_any_release_has_is_refused_early(
    repository: Repository, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verbatim.sources.repository._MOST_FILES", 1_000)
    tree = repository.tree({f"{number}".encode(): b"" for number in range(10)})
    for _ in range(4):
        tree = repository.tree({f"{number}".encode(): ("040000", tree) for number in range(10)})
    repository.commit(tree, tag=RELEASE.tag)
    with pytest.raises(IntegrityError, match="larger than any"):
        source(repository, store)


def test_names_and_passwords_are_not_shown(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NetworkError):
        git_source(RELEASE, store, url="http://bob:secret@127.0.0.1:9/cpython")
    assert "secret" not in capsys.readouterr().err
