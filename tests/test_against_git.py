"""Release tarballs held against their commit: the honest one, and each way in which one can be tampered with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.archives import COMPRESSIONS, Member, Repository, file, folder, hard_link, link, tar
from tests.integration.releases import DROPPED, SMALL, commit_release
from tests.program import Ended, run_in_process
from verbatim.capabilities import Check
from verbatim.commands.against_git import TreeChecked, check_against_git
from verbatim.compare.archives import read_inventory
from verbatim.compare.inventory import Inventory
from verbatim.digest import sha256_bytes
from verbatim.engines.protocol import Job
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
from verbatim.published.against_git import Expected, TreeComparison
from verbatim.published.declared import Declared
from verbatim.release import Release
from verbatim.sources.choose import SourceChoice
from verbatim.sources.tree import TreeFile, read_tree

RELEASE = Release.parse(SMALL)
TOP = RELEASE.folder
NEWS = b"What's new\n"

#: What is in git and in the release.
FILES: Mapping[str, bytes] = {
    "Include/patchlevel.h": f'#define PY_VERSION "{SMALL}"\n'.encode(),
    "LICENSE": b"A. HISTORY OF THE SOFTWARE\n",
    "Lib/.gitignore": b"stays, since it is not at the top\n",
    "Lib/os.py": b"# A module.\n",
    "PC/readme.txt": b"Two\nlines\n",
    "README.rst": b"This is Python\n",
    "configure": b"#!/bin/sh\n",
}
EXECUTABLE = "configure"
LINK, TARGET = "Lib/link.py", "os.py"
ENTRY = f"Misc/NEWS.d/{SMALL}.rst"
SECOND = 1_749_656_217


def release_members() -> list[Member]:
    """The honest tarball."""
    contents = {**FILES, "PC/readme.txt": b"Two\r\nlines\r\n", "Misc/NEWS": NEWS}
    members = [
        file(f"{TOP}/{name}", content, mode=0o755 if name == EXECUTABLE else 0o644)
        for name, content in contents.items()
    ]
    folders = [folder(f"{TOP}{name}") for name in ("", "/Include", "/Lib", "/Misc", "/PC")]
    return sorted([*folders, *members, link(f"{TOP}/{LINK}", TARGET)], key=lambda member: member.name)


MEMBERS = release_members()


#: What the tree is, as git says it.
EXPECTED_TREE = {
    **{name: TreeFile("file", name == EXECUTABLE, sha256_bytes(content)) for name, content in FILES.items()},
    "PC/readme.txt": TreeFile("file", False, sha256_bytes(b"Two\r\nlines\r\n"), True),
    LINK: TreeFile("link", False, TARGET),
    **{name: TreeFile("file", False, sha256_bytes(text.encode())) for name, text in DROPPED.items()},
    ENTRY: TreeFile("file", False, sha256_bytes(b"an entry\n")),
}


def inventory(members: Sequence[Member]) -> Inventory:
    with tempfile.TemporaryDirectory() as folder_:
        path = Path(folder_, "a.tar")
        path.write_bytes(tar(*members))
        return read_inventory(path, path.name)


EXPECTED = Expected(TOP, EXPECTED_TREE, Declared.load(), inventory(MEMBERS), has_plain_modes=True)


def git_repository(path: Path, *, time: int = SECOND) -> Repository:
    """The commit that it is made from, under its tag."""
    repository = Repository(path)
    entries: Mapping[str, bytes] = {
        **FILES,
        **{name: text.encode() for name, text in DROPPED.items()},
        ENTRY: b"an entry\n",
    }
    lines = [
        f"{'100755' if name == EXECUTABLE else '100644'} {repository.blob(content)}\t{name}\n"
        for name, content in entries.items()
    ]
    lines.append(f"120000 {repository.blob(TARGET.encode())}\t{LINK}\n")
    repository.git("update-index", "--index-info", given="".join(lines).encode())
    commit_release(repository, SMALL, time)
    return repository


@dataclass
class Maker:
    """An engine that makes a tar of these members of any commit."""

    members: Sequence[Member] = field(default_factory=lambda: MEMBERS)
    status: int = 0
    lacks: str = ""
    name: str = "made up"
    location: str = ""
    told: Sequence[str] = ()

    def checks(self) -> list[Check]:
        return [Check("a made-up engine", not self.lacks, self.lacks, "find it")]

    def run(self, job: Job) -> int:
        self.told = job.argv
        job.log.write_text("the recipe said this\n", encoding="ascii")
        (job.output / f"{TOP}.tar").write_bytes(tar(*self.members))
        return self.status


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
        return check_against_git(RELEASE, SourceChoice(source, commit), path, fetcher, maker or Maker())

    return check


def differences(checked: TreeChecked) -> list[str]:
    """What differs of the one tarball, a line each, without the folder at its top."""
    [(_, comparison)] = checked.comparisons
    return lines(comparison)


def lines(comparison: TreeComparison) -> list[str]:
    assert comparison.judgement == ("different" if comparison.differences else "equivalent")
    return [
        f"{difference.kind} {difference.member.removeprefix(f'{TOP}/')}: {difference.what}"
        for difference in comparison.differences
    ]


def changed(name: str, /, **how: object) -> list[Member]:
    """The honest members with one of them changed."""
    return [
        replace(member, **how) if member.name == f"{TOP}/{name}" else member  # type: ignore[arg-type]
        for member in MEMBERS
    ]


def without(name: str) -> list[Member]:
    return [member for member in MEMBERS if member.name != f"{TOP}/{name}"]


def hashes(found: bytes, expected: bytes) -> str:
    return f"SHA-256 {sha256_bytes(found)}, expected {sha256_bytes(expected)}"


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


SMUGGLED = "is not in the commit's tree"

TAMPERED: Mapping[str, tuple[Sequence[Member], list[str]]] = {
    "a file more": (
        [*MEMBERS, file(f"{TOP}/m4/build-to-host.m4"), folder(f"{TOP}/m4")],
        [f"added m4: {SMUGGLED}", f"added m4/build-to-host.m4: {SMUGGLED}"],
    ),
    "a file more where some are left out": (
        [*MEMBERS, folder(f"{TOP}/.github"), file(f"{TOP}/.github/x")],
        [f"added .github/x: {SMUGGLED}"],
    ),
    "byte-code more": (
        [*MEMBERS, file(f"{TOP}/Lib/os.pyc")],
        [f"added Lib/os.pyc: {SMUGGLED}"],
    ),
    "a file more beside what is generated": (
        [*MEMBERS, file(f"{TOP}/Misc/NEWS.txt")],
        [f"added Misc/NEWS.txt: {SMUGGLED}"],
    ),
    "a folder more": ([*MEMBERS, folder(f"{TOP}/new")], [f"added new: {SMUGGLED}"]),
    "a file outside": ([*MEMBERS, file("Makefile")], [f"added Makefile: {SMUGGLED}"]),
    "a folder that begins like the top": (
        [*MEMBERS, file(f"{TOP}x/README.rst")],
        [f"added {TOP}x/README.rst: {SMUGGLED}"],
    ),
    "one byte": (
        changed("configure", content=b"#!/bin/sI\n"),
        [f"changed configure: {hashes(b'#!/bin/sI' + bytes([10]), FILES['configure'])}"],
    ),
    "not executable": (changed("configure", mode=0o644), ["changed configure: mode 644, expected 755"]),
    "executable": (changed("LICENSE", mode=0o755), ["changed LICENSE: mode 755, expected 644"]),
    "writable for the group": (changed("LICENSE", mode=0o664), ["changed LICENSE: mode 664, expected 644"]),
    "set user id": (changed("configure", mode=0o4755), ["changed configure: mode 4755, expected 755"]),
    "a folder's mode": (changed("Lib", mode=0o777), ["changed Lib: mode 777, expected 755"]),
    "CRLF for LF": (
        changed("README.rst", content=b"This is Python\r\n"),
        [f"changed README.rst: {hashes(b'This is Python' + bytes([13, 10]), FILES['README.rst'])}"],
    ),
    "LF for CRLF": (
        changed("PC/readme.txt", content=FILES["PC/readme.txt"]),
        [f"changed PC/readme.txt: {hashes(FILES['PC/readme.txt'], MEMBERS[-3].content)}"],
    ),
    "a link for a file": (
        [*without("README.rst"), link(f"{TOP}/README.rst", "LICENSE")],
        ["changed README.rst: kind link, expected file"],
    ),
    "a hard link for a file": (
        [*without("README.rst"), hard_link(f"{TOP}/README.rst", f"{TOP}/LICENSE")],
        [f"changed README.rst: {hashes(FILES['LICENSE'], FILES['README.rst'])}"],
    ),
    "a device for a file": (
        changed("README.rst", content=b"", kind=b"3"),
        ["changed README.rst: kind special, expected file"],
    ),
    "a file for a link": (
        [*without(LINK), file(f"{TOP}/{LINK}", FILES["Lib/os.py"])],
        [f"changed {LINK}: kind file, expected link"],
    ),
    "a link elsewhere": (
        changed(LINK, target="../LICENSE"),
        [f"changed {LINK}: target ../LICENSE, expected os.py"],
    ),
    "a file for a folder": (
        [file(f"{TOP}/Misc"), *without("Misc")],
        ["changed Misc: kind file, expected folder"],
    ),
    "a file less": (without("Lib/os.py"), ["missing Lib/os.py: is not in the tarball"]),
    "a folder less": (without("Lib"), ["missing Lib: is not in the tarball"]),
    "what is left out only at the top": (
        without("Lib/.gitignore"),
        ["missing Lib/.gitignore: is not in the tarball"],
    ),
    "other news": (
        changed("Misc/NEWS", content=b"Nothing new\n"),
        [f"changed Misc/NEWS: {hashes(b'Nothing new' + bytes([10]), NEWS)}, as it is generated anew"],
    ),
    "executable news": (
        changed("Misc/NEWS", mode=0o755),
        ["changed Misc/NEWS: mode 755, expected 644, as it is generated anew"],
    ),
    "no news": (without("Misc/NEWS"), ["missing Misc/NEWS: is not in the tarball"]),
    "another name": (
        changed("LICENSE", name=f"{TOP}/license"),
        ["missing LICENSE: is not in the tarball", f"added license: {SMUGGLED}"],
    ),
    "another name in an extended header": (
        changed("LICENSE", pax={"path": f"{TOP}/LICENSE.txt"}),
        ["missing LICENSE: is not in the tarball", f"added LICENSE.txt: {SMUGGLED}"],
    ),
}


@pytest.mark.parametrize("tampering", TAMPERED)
def test_what_was_tampered_with_is_named(tampering: str) -> None:
    members, expected = TAMPERED[tampering]
    assert lines(EXPECTED.compare(inventory(members))) == expected


def test_a_difference_is_a_mismatch(check: Checking) -> None:
    members, expected = TAMPERED["one byte"]
    checked = check(members)
    assert differences(checked) == expected
    with pytest.raises(MismatchError, match=r"not what commit [0-9a-f]{40} says"):
        checked.raise_for_difference()


@pytest.mark.parametrize(
    ("member", "complaint"),
    [
        (file(f"{TOP}/LICENSE", FILES["LICENSE"]), "two members"),
        (file(f"{TOP}/../LICENSE"), "leads out"),
        (file("/LICENSE"), "absolute name"),
        (file(f"{TOP}/a\nb"), "control characters"),
        (replace(file(f"{TOP}/a"), pax={"path": "../a"}), "leads out"),
        (replace(file(f"{TOP}/a"), pax={"path": f"{TOP}/LICENSE"}), "two members"),
        (replace(file(f"{TOP}/a"), pax={"SCHILY.xattr.security.capability": "x"}), "has the headers"),
        (replace(file(f"{TOP}/a"), pax={"GNU.sparse.realsize": "1"}), "has the headers|damaged"),
    ],
    ids=["twice", "above", "absolute", "odd", "above, by pax", "twice, by pax", "capability", "sparse"],
)
def test_an_archive_that_no_honest_tool_makes_is_refused(member: Member, complaint: str) -> None:
    with pytest.raises(IntegrityError, match=complaint):
        inventory([*MEMBERS, member])


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
        "added Misc/NEWS: is declared as generated, but could not be generated anew"
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
    with pytest.raises(UndecidedError, match=f"has no {TOP}.tar.xz, {TOP}.tgz"):
        check(folder_)
    (folder_ / f"{TOP}.tgz").write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS)))
    (folder_ / f"{TOP}.tar.xz").write_bytes(COMPRESSIONS["xz"](tar(*without("LICENSE"))))
    checked = check(folder_)
    assert {tarball.name: comparison.judgement for tarball, comparison in checked.comparisons} == {
        f"{TOP}.tar.xz": "different",
        f"{TOP}.tgz": "equivalent",
    }
    with pytest.raises(MismatchError, match=rf"^{TOP}\.tar\.xz: not what"):
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
    with pytest.raises(UsageError, match="no published source tarball"):
        check_against_git(RELEASE, choice, None, fetcher, Maker())
    path = repository.path.parent / "published.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS)))

    def published(_release: Release, _fetcher: Fetcher, names: tuple[str]) -> object:
        if names == (f"{TOP}.tar.xz",):
            raise NetworkError("it is not there")
        return SimpleNamespace(path=path, name=names[0])

    monkeypatch.setattr("verbatim.commands.against_git.published_tarball", published)
    checked = check_against_git(RELEASE, choice, None, fetcher, Maker())
    assert [tarball.name for tarball, _ in checked.comparisons] == [f"{TOP}.tgz"]
    assert checked.unchecked == {f"{TOP}.tar.xz": "it is not there"}


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
    assert f"generated anew, and the same: {TOP}/Misc/NEWS" in ended.out


@pytest.mark.usefixtures("interrupts")
def test_the_task_names_what_differs(verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "mine.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS, file(f"{TOP}/smuggled"))))
    ended = verify("--against-git", "--against", str(path))
    assert ended.status == 1
    assert f"added    {TOP}/smuggled: {SMUGGLED}" in ended.out
    assert ended.err.splitlines()[-1].startswith(f"error: {TOP}.tgz: not what commit")
    ended = verify("--against-git", "--against", str(path), "--json")
    assert ended.status == 1
    [tarball] = json.loads(ended.out)["tarballs"]
    assert tarball["verdict"] == "different"
    assert tarball["differences"] == [{"kind": "added", "member": f"{TOP}/smuggled", "what": SMUGGLED}]
    ended = verify("--against-git", "--against", str(tmp_path / "nothing"))
    assert ended.status == 2
    assert "is not there" in ended.err


@pytest.mark.usefixtures("interrupts")
def test_the_lines_end_somewhere(verify: Verify, tmp_path: Path) -> None:
    path = tmp_path / "mine.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(*(file(f"other/{number}") for number in range(300)))))
    ended = verify("--against-git", "--against", str(path))
    assert "different from git in 314 of its members" in ended.out
    assert "  and 214 more" in ended.out


# Any change whatever.

_NAMES = st.text("abC.-_/", min_size=1, max_size=12).filter(
    lambda name: all(part not in ("", ".", "..") for part in name.split("/"))
)
_KINDS = {"file": b"0", "link": b"2", "hard link": b"1", "folder": b"5", "pipe": b"6"}


@st.composite
def single_changes(draw: st.DrawFn) -> list[Member]:
    """The honest tarball with any one thing changed of any one member, or one member more, less or twice."""
    members = list(MEMBERS)
    number = draw(st.integers(0, len(members) - 1))
    member = members[number]
    what = draw(st.sampled_from(["more", "less", "twice", "content", "mode", "name", "kind", "target"]))
    if what == "more":
        name = draw(_NAMES.filter(lambda name: name not in EXPECTED_TREE))
        return [*members, draw(st.sampled_from([file, folder]))(f"{TOP}/x{name}")]
    if what == "less":
        return members[:number] + members[number + 1 :]
    if what == "twice":
        return [*members, member]
    if what == "content":
        content = draw(st.binary(max_size=40).filter(lambda content: content != member.content))
        assume(member.kind == b"0")
        members[number] = replace(member, content=content)
    elif what == "mode":
        assume(member.kind != b"2")
        mode = draw(st.integers(0, 0o7777).filter(lambda mode: mode != member.mode))
        members[number] = replace(member, mode=mode)
    elif what == "name":
        members[number] = replace(member, name=f"{TOP}/x{draw(_NAMES)}")
    elif what == "kind":
        kind = draw(st.sampled_from(sorted(set(_KINDS.values()) - {member.kind})))
        members[number] = replace(member, kind=kind, content=b"", target="README.rst")
    else:
        target = draw(_NAMES.filter(lambda name: name != TARGET))
        members = [replace(each, target=target) if each.kind == b"2" else each for each in members]
    return members


@settings(deadline=None)
@given(single_changes())
def test_any_single_change_is_noticed(members: list[Member]) -> None:
    try:
        found = inventory(members)
    except IntegrityError:
        return
    assert EXPECTED.compare(found).differences


# The declared list.


def test_the_list_is_short_and_each_entry_has_a_reason() -> None:
    declared = Declared.load()
    assert [rule.path for rule in declared.generated] == ["Misc/NEWS"]
    assert len(declared.left_out) < 20
    assert all(rule.reason for rule in declared.left_out)


@pytest.mark.parametrize(
    ("name", "may_be"),
    [
        (".gitignore", True),
        ("Lib/.gitignore", False),
        (".github", False),
        (".github/a/b", True),
        ("Doc/.github/a", False),
        (".githubx/a", False),
        ("Misc/NEWS.d/3.13.5.rst", True),
        ("Misc/NEWS", False),
        ("Misc/mypyx", False),
        ("Lib/__pycache__/a", True),
        ("Lib/a.pyc", True),
        ("Lib/a.pyx", False),
        ("Lib/a.py", False),
        ("configure", False),
    ],
)
def test_what_may_be_missing(name: str, may_be: bool) -> None:
    assert Declared.load().may_be_missing(name) is may_be


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[left-out]]\npath = "a"\n', "reason: Field required"),
        ('[[left-out]]\npath = "a"\nreason = ""\n', "left-out.0.reason"),
        ('[[left-out]]\nreason = "why"\n', "either a path or a name"),
        ('[[left-out]]\npath = "a"\nname = "b"\nreason = "why"\n', "either a path or a name"),
        ('[[left-out]]\npath = "*"\nreason = "why"\n', "left-out.0.path: String should match"),
        ('[[left-out]]\npath = "/"\nreason = "why"\n', "left-out.0.path: String should match"),
        ('[[left-out]]\nname = "*"\nreason = "why"\n', "left-out.0.name: String should match"),
        ('[[left-out]]\nname = "*.*"\nreason = "why"\n', "left-out.0.name: String should match"),
        ('[[generated]]\npath = "Misc/*"\nreason = "why"\n', "generated.0.path: String should match"),
        ('[[ignored]]\npath = "a"\nreason = "why"\n', "ignored: Extra inputs"),
        ("[[left-out]\n", "is not TOML"),
    ],
)
def test_a_list_that_says_too_much_or_too_little_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "against-git.toml").write_text(text)
    with pytest.raises(IntegrityError, match=r"against-git\.toml") as refusal:
        Declared.load(tmp_path)
    assert complaint in refusal.value.message
