"""Release tarballs in which two readers see two things, or a thing that Verbatim does not know: none passes for equal."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archives import Member, Repository, file, folder, hard_link, link, tar
from tests.forged_tarballs import HONEST, forged
from tests.honest_release import EXPECTED, FILES, MEMBERS, RELEASE, TOP, Maker, git_repository
from tests.program import Ended, run_in_process
from verbatim.commands.against_git import check_against_git
from verbatim.commands.compare import compare_builds
from verbatim.compare.archives import read_inventory
from verbatim.compare.comparison import Comparison, File, compare_files
from verbatim.digest import sha256_file
from verbatim.errors import IntegrityError
from verbatim.fetch import Fetcher
from verbatim.report.against_git import show_against_git
from verbatim.sources.choose import SourceChoice


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return git_repository(tmp_path / "cpython")


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbatim.commands.against_git._made", lambda *_: EXPECTED.made)


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_forgery_shows_python_the_honest_tree() -> None:
    """That it shows GNU tar another one: `tests/integration/archives/test_tar_readers.py`."""
    with tarfile.open(fileobj=io.BytesIO(forged())) as seen:
        assert sorted(seen.getnames()) == [entry.name for entry in MEMBERS]
        opened = seen.extractfile(f"{TOP}/Lib/os.py")
        assert opened is not None
        assert opened.read() == FILES["Lib/os.py"]
    assert b"import subprocess" in forged()


@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress])
def test_a_forged_tarball_is_not_equivalent_to_git(
    tmp_path: Path, repository: Repository, fetcher: Fetcher, compress: Callable[[bytes], bytes]
) -> None:
    path = written(tmp_path / f"{TOP}.tgz", compress(forged()))
    with pytest.raises(IntegrityError, match="its size in an extended header"):
        check_against_git(RELEASE, SourceChoice(str(repository.path), None), [path], fetcher, Maker())


def test_of_two_tarballs_the_honest_one_is_reported_and_the_other_one_refused(
    tmp_path: Path, repository: Repository, fetcher: Fetcher, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "given"
    written(given / f"{TOP}.tgz", gzip.compress(forged()))
    written(given / f"{TOP}.tar.xz", lzma.compress(HONEST))
    choice = SourceChoice(str(repository.path), None)
    checked = check_against_git(RELEASE, choice, [given], fetcher, Maker())
    show_against_git(checked, as_json=False)
    said = capsys.readouterr().out
    assert "equivalent to git" in said
    assert f"refused: {TOP}.tgz: the member" in said
    with pytest.raises(IntegrityError, match=rf"{TOP}\.tgz"):
        checked.raise_for_difference()


def compared(tmp_path: Path, ours: bytes, theirs: bytes) -> Comparison:
    paths = [written(tmp_path / side / "a.tar", content) for side, content in (("1", ours), ("2", theirs))]
    one, other = (File(path.name, sha256_file(path), path) for path in paths)
    return compare_files(one, other)


def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ended:
    return run_in_process(["compare", str(tmp_path / "1"), str(tmp_path / "2")], monkeypatch, capsys)


def test_a_forged_artifact_is_different_and_the_others_have_their_verdicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, content in (("1", HONEST), ("2", forged())):
        written(tmp_path / side / f"{TOP}.tgz", gzip.compress(content))
        written(tmp_path / side / "another.tar", HONEST)
    pairs = compare_builds(tmp_path / "1", tmp_path / "2").pairs
    assert [(pair.name, pair.verdict.judgement) for pair in pairs] == [
        (f"{TOP}.tgz", "different"),
        ("another.tar", "identical"),
    ]
    assert "its size in an extended header" in pairs[0].verdict.text
    assert compare(tmp_path, monkeypatch, capsys).status == 1


# What bsdtar on macOS writes.

PROVENANCE = "LIBARCHIVE.xattr.com.apple.provenance"


def with_header(keyword: str) -> list[Member]:
    return [
        replace(entry, pax={keyword: "AQIA"}) if entry.name.endswith("README.rst") else entry
        for entry in MEMBERS
    ]


@pytest.mark.parametrize(
    "keyword", [PROVENANCE, "SCHILY.xattr.com.apple.quarantine", "LIBARCHIVE.creationtime", "SCHILY.ino"]
)
def test_a_header_that_is_not_known_and_harmless_is_a_difference_that_is_named(
    tmp_path: Path, keyword: str
) -> None:
    what = f"has the headers {keyword}"
    theirs = tar(*with_header(keyword))
    [change] = compared(tmp_path, HONEST, theirs).changed
    assert str(change) == f"{TOP}/README.rst differs (the member {TOP}/README.rst {what})"
    # Nobody can say of two such archives either that they are the same to all.
    assert compared(tmp_path, theirs, theirs + bytes(512)).judgement == "different"
    path = written(tmp_path / "a.tar", theirs)
    [difference] = EXPECTED.compare(read_inventory(path, path.name)).differences
    assert (difference.member, difference.what) == (f"{TOP}/README.rst", what)


@pytest.mark.parametrize(
    "keyword",
    ["SCHILY.xattr.security.capability", "LIBARCHIVE.xattr.user.x", "SCHILY.realsize", "GNU.sparse.size"],
)
def test_a_header_that_may_do_harm_is_refused(tmp_path: Path, keyword: str) -> None:
    with pytest.raises(IntegrityError, match=f"has the headers {keyword}"):
        compared(tmp_path, HONEST, tar(*with_header(keyword)))


# Hard links.

PLAIN = (folder("P"), file("P/a", b"same\n"), file("P/b", b"same\n"), file("P/c", b"other\n"))
LINKED = (*PLAIN[:2], hard_link("P/b", "P/a"), PLAIN[3])


def test_a_hard_link_to_a_file_of_the_same_content_is_equivalent(tmp_path: Path) -> None:
    assert compared(tmp_path, tar(*PLAIN), tar(*LINKED)) == Comparison("equivalent", ("hard links",))
    assert compared(tmp_path, tar(*LINKED), tar(*PLAIN)) == Comparison("equivalent", ("hard links",))
    turned = (LINKED[0], LINKED[3], *LINKED[1:3])
    assert compared(tmp_path, tar(*LINKED), tar(*turned)) == Comparison("equivalent", ("order",))


def test_a_hard_link_to_a_file_of_another_content_is_different(tmp_path: Path) -> None:
    other = (*PLAIN[:2], PLAIN[3], hard_link("P/b", "P/c"))
    [change] = compared(tmp_path, tar(*PLAIN), tar(*other)).changed
    assert str(change) == "P/b differs (its content)"


def test_a_hard_link_with_a_mode_of_its_own_is_different(tmp_path: Path) -> None:
    other = [replace(entry, mode=0o755) if entry.kind == tarfile.LNKTYPE else entry for entry in LINKED]
    [change] = compared(tmp_path, tar(*PLAIN), tar(*other)).changed
    assert "is a hard link with mode 755 to a file with mode 644" in change.what


def test_against_git_hard_links_are_counted_as_equivalent_and_named(tmp_path: Path) -> None:
    members: Sequence[Member] = [
        *(entry for entry in MEMBERS if entry.name != f"{TOP}/README.rst"),
        hard_link(f"{TOP}/README.rst", f"{TOP}/LICENSE"),
    ]
    same = [
        replace(entry, content=FILES["README.rst"]) if entry.name == f"{TOP}/LICENSE" else entry
        for entry in members
    ]
    path = written(tmp_path / "a.tar", tar(*same))
    comparison = EXPECTED.compare(read_inventory(path, path.name))
    assert [difference.member for difference in comparison.differences] == [f"{TOP}/LICENSE"]
    assert comparison.hard_links == (f"{TOP}/README.rst",)


# Order.


@pytest.mark.parametrize("kind", [link("P/d", "e"), file("P/d", b"")])
def test_what_lies_below_a_link_is_different_in_any_order(tmp_path: Path, kind: Member) -> None:
    members = (folder("P"), folder("P/e"), kind, file("P/d/a"))
    turned = (folder("P"), folder("P/e"), file("P/d/a"), kind)
    for one, other in ((members, turned), (turned, members)):
        [change] = compared(tmp_path, tar(*one), tar(*other)).changed
        assert change.name == "P/d"
        assert "and other members lie below it" in change.what
