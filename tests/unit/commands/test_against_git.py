"""``./invoke verify --against-git``: release tarballs held against their commit, and what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.archives import COMPRESSIONS, Member, Repository, file, folder, link, tar
from tests.honest_release import (
    EXPECTED_TREE,
    FILES,
    LINK,
    MEMBERS,
    RELEASE,
    TARGET,
    TOP,
    Maker,
    changed,
    git_repository,
    without,
)
from tests.integration.releases import DROPPED, SMALL
from tests.program import Ended, run_in_process
from tests.tampered_release import SMUGGLED, TAMPERED, lines
from verbatim.commands.against_git import TreeChecked, check_against_git
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root
from verbatim.errors import (
    BuildError,
    CapabilityError,
    IntegrityError,
    MismatchError,
    NetworkError,
    UndecidedError,
    UsageError,
)
from verbatim.fetch import Fetcher
from verbatim.published.against_git import TreeComparison
from verbatim.release import Release
from verbatim.sources.choose import SourceChoice
from verbatim.sources.tree import read_tree


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    return Root(tmp_path_factory.mktemp("root"), Environment(environment_folder("source")))


@pytest.fixture(autouse=True)
def _surroundings(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbatim.commands.against_git.ensure_root", lambda *_: root)
    # Between two attempts to reach a server, nobody waits.
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return git_repository(tmp_path / "cpython")


Checking = Callable[..., TreeChecked]


@pytest.fixture
def check(tmp_path: Path, repository: Repository, fetcher: Fetcher) -> Checking:
    """Holds a tarball of these members, or what is at a path, against the commit."""

    def check(
        tarball: Sequence[Member] | Path,
        *,
        maker: Maker | None = None,
        source: str = str(repository.path),
        commit: str | None = None,
    ) -> TreeChecked:
        path = tarball if isinstance(tarball, Path) else tmp_path / f"{TOP}.tgz"
        if not isinstance(tarball, Path):
            path.write_bytes(COMPRESSIONS["gz"](tar(*tarball)))
        return check_against_git(RELEASE, SourceChoice(source, commit), [path], fetcher, maker or Maker())

    return check


def differences(checked: TreeChecked) -> list[str]:
    """What differs of the one tarball, a line each, without the folder at its top."""
    [(_, comparison)] = checked.comparisons
    return lines(comparison)


def test_the_honest_tarball_is_equivalent_and_all_that_differs_is_counted(
    check: Checking, repository: Repository
) -> None:
    maker = Maker()
    checked = check(MEMBERS, maker=maker)
    checked.raise_for_difference()
    [(tarball, comparison)] = checked.comparisons
    assert tarball.name == f"{TOP}.tgz"
    assert comparison == TreeComparison((), len(FILES) + 1, 1, (f"{TOP}/Misc/NEWS",), len(DROPPED) + 1)
    assert read_tree(checked.source) == EXPECTED_TREE
    commit, tree = (repository.git("rev-parse", f"v{SMALL}^{{{kind}}}") for kind in ("commit", "tree"))
    assert checked.source.identity.digest == {"gitCommit": commit, "gitTree": tree}
    # It is made from that commit, and not compressed.
    assert maker.told[2:] == [
        f"version={SMALL}",
        "source=git",
        f"commit={commit}",
        f"tree={tree}",
        "compress=no",
    ]


def test_a_difference_is_a_mismatch(check: Checking) -> None:
    members, expected = TAMPERED["one byte"]
    checked = check(members)
    assert differences(checked) == expected
    with pytest.raises(MismatchError, match=r"different from commit [0-9a-f]{40}"):
        checked.raise_for_difference()


def test_a_damaged_archive_is_refused(check: Checking, tmp_path: Path) -> None:
    path = tmp_path / f"{TOP}.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS))[:-20])
    with pytest.raises(IntegrityError, match="is damaged"):
        check(path)


def test_what_is_left_out_may_be_there_if_it_is_as_in_git(check: Checking) -> None:
    kept = f"{TOP}/.github/CODEOWNERS"
    members = [*MEMBERS, folder(f"{TOP}/.github"), file(kept, DROPPED[".github/CODEOWNERS"].encode())]
    assert differences(check(members)) == []
    [line] = differences(check([*members[:-1], file(kept, b"* @mallory\n")]))
    assert line.startswith("changed .github/CODEOWNERS: SHA-256 ")


def test_what_cannot_be_generated_anew_is_a_difference(check: Checking) -> None:
    assert differences(check(MEMBERS, maker=Maker(without("Misc/NEWS")))) == [
        "added Misc/NEWS: is declared as generated, but could not be generated again"
    ]


def test_what_is_generated_may_be_in_neither(check: Checking) -> None:
    assert differences(check(without("Misc/NEWS"), maker=Maker(without("Misc/NEWS")))) == []


def test_only_what_is_declared_is_taken_from_what_is_generated(check: Checking) -> None:
    """Were the recipe to smuggle something in, the tarball with it would not pass."""
    smuggled = [*MEMBERS, file(f"{TOP}/smuggled")]
    assert differences(check(smuggled, maker=Maker(smuggled))) == [f"added smuggled: {SMUGGLED}"]


def test_if_generating_fails_nothing_passes(check: Checking) -> None:
    with pytest.raises(BuildError, match="failed with status 1: the recipe said this"):
        check(MEMBERS, maker=Maker(status=1))
    with pytest.raises(CapabilityError, match="a made-up engine: it is gone"):
        check(MEMBERS, maker=Maker(lacks="it is gone"))


def test_modes_of_releases_that_were_packed_by_hand(check: Checking, tmp_path: Path) -> None:
    by_hand = [replace(member, mode=member.mode | 0o020) for member in MEMBERS]
    old = str(git_repository(tmp_path / "old", time=1_700_000_000).path)
    assert differences(check(by_hand, source=old)) == []
    everyone = [replace(member, mode=member.mode | 0o002) for member in MEMBERS if member.kind != b"2"]
    assert len(differences(check([*everyone, link(f"{TOP}/{LINK}", TARGET)], source=old))) == len(everyone)
    assert differences(check(changed("LICENSE", mode=0o744), source=old)) == [
        "changed LICENSE: mode 744, expected 644"
    ]


def test_a_folder_stands_for_the_tarballs_in_it(check: Checking, tmp_path: Path) -> None:
    folder_ = tmp_path / "downloads"
    folder_.mkdir()
    with pytest.raises(UndecidedError, match=f"does not have {TOP}.tar.xz, {TOP}.tgz"):
        check(folder_)
    (folder_ / f"{TOP}.tgz").write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS)))
    (folder_ / f"{TOP}.tar.xz").write_bytes(COMPRESSIONS["xz"](tar(*without("LICENSE"))))
    checked = check(folder_)
    assert {tarball.name: comparison.judgement for tarball, comparison in checked.comparisons} == {
        f"{TOP}.tar.xz": "different",
        f"{TOP}.tgz": "equivalent",
    }
    with pytest.raises(MismatchError, match=rf"^{TOP}\.tar\.xz: different from commit"):
        checked.raise_for_difference()


def test_a_tag_that_was_moved_is_refused(check: Checking, repository: Repository) -> None:
    commit = repository.git("rev-parse", f"v{SMALL}^{{}}")
    assert differences(check(MEMBERS, commit=commit)) == []
    moved = repository.commit({b"README.rst": b"Something else.\n"}, tag=f"v{SMALL}")
    with pytest.raises(IntegrityError, match=f"points to {moved}, expected {commit}"):
        check(MEMBERS, commit=commit)
    # Against what it points to now, nearly everything is new.
    assert f"added configure: {SMUGGLED}" in differences(check(MEMBERS))


def test_a_tree_with_a_submodule_is_refused(check: Checking, repository: Repository) -> None:
    repository.commit({b"module": ("160000", "1" * 40)}, tag=f"v{SMALL}")
    with pytest.raises(IntegrityError, match="'module' is a submodule"):
        check(MEMBERS)


@pytest.mark.parametrize(
    ("source", "error", "complaint"),
    [
        ("tarball", UsageError, "needs a commit"),
        (f"./{TOP}.tgz", UsageError, "needs a commit"),
        ("nonsense", UsageError, "is neither auto, git"),
        ("http://127.0.0.1:9/cpython", NetworkError, "git ls-remote failed"),
    ],
)
def test_without_a_commit_nothing_is_said(
    check: Checking, source: str, error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        check(MEMBERS, source=source)


def test_where_git_cannot_be_reached_no_tarball_stands_in_for_it(
    check: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBATIM_GIT_URL", "http://127.0.0.1:9/cpython")
    with pytest.raises(NetworkError, match="git ls-remote failed"):
        check(MEMBERS, source="auto")


def test_published_tarballs_that_cannot_be_had_are_said(
    repository: Repository, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it is all of them, that is the end of it."""
    choice = SourceChoice(str(repository.path))
    with pytest.raises(UsageError, match="has no source tarball"):
        check_against_git(RELEASE, choice, [], fetcher, Maker())
    path = repository.path.parent / "published.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS)))

    def published(_release: Release, _fetcher: Fetcher, names: tuple[str]) -> object:
        if names == (f"{TOP}.tar.xz",):
            raise NetworkError("does not exist")
        return SimpleNamespace(path=path, name=names[0])

    monkeypatch.setattr("verbatim.commands.against_git.published_tarball", published)
    checked = check_against_git(RELEASE, choice, [], fetcher, Maker())
    assert [tarball.name for tarball, _ in checked.comparisons] == [f"{TOP}.tgz"]
    assert checked.unchecked == {f"{TOP}.tar.xz": "does not exist"}


# The task.

Verify = Callable[..., Ended]


@pytest.fixture
def verify(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Verify:
    # The tasks are loaded anew, and take what is there then.
    monkeypatch.setattr("verbatim.engines.choose.choose_engines", lambda _name: [Maker()])

    def verify(*options: str) -> Ended:
        arguments = ["verify", "--version", SMALL, "--source", str(repository.path), *options]
        return run_in_process(arguments, monkeypatch, capsys)

    return verify


@pytest.mark.usefixtures("interrupts")
def test_the_task_says_what_agrees(verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "mine.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS)))
    ended = verify("--against-git", "--against", str(path))
    assert ended.status == 0, ended.err
    assert "equivalent to git" in ended.out
    assert "8 files as in git, 1 of them with CRLF" in ended.out
    assert f"generated again, and the same: {TOP}/Misc/NEWS" in ended.out


@pytest.mark.usefixtures("interrupts")
def test_the_task_names_what_differs(verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "mine.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS, file(f"{TOP}/smuggled"))))
    ended = verify("--against-git", "--against", str(path))
    assert ended.status == 1
    assert f"added    {TOP}/smuggled: {SMUGGLED}" in ended.out
    assert ended.err.splitlines()[-1].startswith(f"error: {TOP}.tgz: different from commit")
    ended = verify("--against-git", "--against", str(path), "--json")
    assert ended.status == 1
    [tarball] = json.loads(ended.out)["tarballs"]
    assert tarball["verdict"] == "different"
    assert tarball["differences"] == [{"kind": "added", "member": f"{TOP}/smuggled", "what": SMUGGLED}]
    ended = verify("--against-git", "--against", str(tmp_path / "nothing"))
    assert ended.status == 2
    assert "does not exist" in ended.err


@pytest.mark.usefixtures("interrupts")
def test_the_lines_end_somewhere(verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "mine.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(*(file(f"other/{number}") for number in range(300)))))
    ended = verify("--against-git", "--against", str(path))
    assert "different from git in 314 of its members" in ended.out
    assert "  and 214 more" in ended.out
