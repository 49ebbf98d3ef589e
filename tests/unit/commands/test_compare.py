"""``./invoke compare``: two builds in all the forms that they have, and the exit statuses."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.archives import COMPRESSIONS, TIME, file, folder, tar
from tests.program import Ended, run_in_process
from tests.statements import HASHES, statement_of
from verbatim.commands.compare import compare_builds
from verbatim.compare.sums import write_sums
from verbatim.digest import sha256_bytes
from verbatim.evidence.untrusted import LARGEST

STREAM = tar(folder("a"), file("a/b", b"b\n"))
OTHER = tar(folder("a"), replace(file("a/b", b"b\n"), time=TIME + 1))
CHANGED = tar(folder("a"), file("a/b", b"c\n"))


class Builds:
    """Two builds below a folder, and the comparison on the command line."""

    def __init__(self, top: Path, run: Callable[..., Ended]) -> None:
        self.top = top
        self.run = run

    def build(self, where: str, **files: bytes) -> Path:
        """A folder of artifacts; ``a_tgz`` is ``a.tgz``."""
        (self.top / where).mkdir()
        for name, content in files.items():
            (self.top / where / name.replace("_", ".")).write_bytes(content)
        return self.top / where

    def compare(self, first: Path, second: Path, status: int) -> dict[str, Any]:
        """What is said of each artifact, by its name."""
        ended = self.run(["compare", str(first), str(second), "--json"])
        assert ended.status == status, ended.err
        return {artifact["name"]: artifact for artifact in json.loads(ended.out)["artifacts"]}

    def refusal(self, first: Path, second: Path, status: int) -> str:
        ended = self.run(["compare", str(first), str(second)])
        assert (ended.status, ended.out) == (status, "")
        return ended.complaint


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Builds:
    return Builds(tmp_path, lambda arguments: run_in_process(arguments, monkeypatch, capsys))


def verdicts(compared: dict[str, Any]) -> dict[str, str]:
    return {name: artifact["verdict"] for name, artifact in compared.items()}


def test_two_folders_are_compared_by_name(builds: Builds) -> None:
    gzip = COMPRESSIONS["gz"]
    one = builds.build("1", a_tgz=gzip(STREAM), b_tgz=gzip(STREAM), c_tgz=gzip(STREAM), d_html=b"d")
    two = builds.build("2", a_tgz=gzip(STREAM), b_tgz=gzip(OTHER), c_tgz=gzip(CHANGED), d_html=b"d")
    compared = builds.compare(one, two, 1)
    assert verdicts(compared) == {
        "a.tgz": "identical",
        "b.tgz": "equivalent",
        "c.tgz": "different",
        "d.html": "identical",
    }
    assert compared["b.tgz"]["stabilizers"] == ["times"]
    assert compared["c.tgz"]["changed"] == {"a/b": "its content"}
    assert "a/b differs (its content)" in compared["c.tgz"]["summary"]
    unequal = compare_builds(one, two).unequal
    assert [(name, first.path, second.path) for name, first, second in unequal] == [
        (name, one / name, two / name) for name in ("b.tgz", "c.tgz")
    ]


def test_identical_and_equivalent_is_success(builds: Builds) -> None:
    one = builds.build("1", a_tar=STREAM, b_tar=STREAM)
    two = builds.build("2", a_tar=STREAM, b_tar=OTHER)
    assert verdicts(builds.compare(one, two, 0)) == {"a.tar": "identical", "b.tar": "equivalent"}


def test_what_lies_beside_the_artifacts_is_not_compared(builds: Builds) -> None:
    one = builds.build("1", a_tar=STREAM, SHA256SUMS=b"not even a list", source_intoto_json=b"")
    (one / "buildinfo").mkdir()
    assert verdicts(builds.compare(one, builds.build("2", a_tar=STREAM), 0)) == {"a.tar": "identical"}


def test_signatures_are_not_compared_but_what_only_looks_like_one_is(builds: Builds) -> None:
    one = builds.build("1", a_tgz=STREAM, a_tgz_asc=b"sig", a_tgz_sigstore=b"{}", SHA256SUMS=b"", b_sig=b"1")
    (one / "SHA256SUMS.asc").write_bytes(b"sig")
    two = builds.build("2", a_tgz=STREAM, a_tgz_crt=b"cert", a_tgz_sig=b"sig", b_sig=b"2")
    assert verdicts(builds.compare(one, two, 1)) == {"a.tgz": "identical", "b.sig": "different"}


def test_what_only_one_has_is_different(builds: Builds) -> None:
    one, two = builds.build("1", a_tar=STREAM, b_bin=b"b"), builds.build("2", a_tar=STREAM, c_bin=b"c")
    compared = builds.compare(one, two, 1)
    assert {name: artifact["summary"] for name, artifact in compared.items()} == {
        "a.tar": "identical",
        "b.bin": "only in the first",
        "c.bin": "only in the second",
    }
    assert compared["b.bin"]["second"] is None


def test_the_other_compression_stands_in_where_a_name_is_missing(builds: Builds) -> None:
    one = builds.build("1", a_tgz=COMPRESSIONS["gz"](STREAM))
    two = builds.build("2", **{"a_tar.xz": COMPRESSIONS["xz"](STREAM)})
    compared = builds.compare(one, two, 0)
    assert verdicts(compared) == {"a.tgz": "equivalent"}
    assert compared["a.tgz"]["stabilizers"] == ["compression"]
    assert compared["a.tgz"]["second"]["name"] == "a.tar.xz"


def test_one_file_may_stand_in_for_two(builds: Builds) -> None:
    one = builds.build("1", a_tgz=COMPRESSIONS["gz"](STREAM))
    two = builds.build("2", **{"a_tar.xz": COMPRESSIONS["xz"](STREAM), "a_tgz": COMPRESSIONS["gz"](STREAM)})
    expected = {"a.tgz": "identical", "a.tar.xz": "equivalent"}
    assert verdicts(builds.compare(one, two, 0)) == verdicts(builds.compare(two, one, 0)) == expected


def test_two_files_are_a_pair_whatever_they_are_called(builds: Builds) -> None:
    one, two = builds.build("1", a_tar=STREAM) / "a.tar", builds.build("2", z_tgz=COMPRESSIONS["gz"](STREAM))
    assert verdicts(builds.compare(one, two / "z.tgz", 0)) == {"a.tar": "equivalent"}


def test_one_file_is_held_against_its_partner_alone(builds: Builds) -> None:
    one = builds.build("1", a_tar=STREAM)
    two = builds.build("2", a_tar=STREAM, b_tar=OTHER)
    for first, second in ((one / "a.tar", two), (two, one / "a.tar")):
        assert verdicts(builds.compare(first, second, 0)) == {"a.tar": "identical"}
    assert verdicts(builds.compare(one / "a.tar", builds.build("3", c_bin=b""), 1)) == {"a.tar": "different"}


@pytest.mark.parametrize("form", ["SHA256SUMS", "source.intoto.json"])
def test_where_only_hashes_are_known_they_decide_or_nothing_does(builds: Builds, form: str) -> None:
    """What a rebuilder sends is a list of hashes, or a statement."""
    content = {name: name.encode() for name in HASHES}
    hashes = {name: sha256_bytes(data) for name, data in content.items()}
    statement = statement_of()
    subjects = [
        subject.model_copy(
            update={"digest": subject.digest.model_copy(update={"sha256": hashes[subject.name]})}
        )
        for subject in statement.subject
    ]
    said = builds.top / form
    said.write_bytes(
        write_sums(hashes)
        if form == "SHA256SUMS"
        else statement.model_copy(update={"subject": subjects}).encode()
    )
    one = builds.build("1")
    for name, data in content.items():
        (one / name).write_bytes(data)
    assert set(verdicts(builds.compare(one, said, 0)).values()) == {"identical"}
    assert set(verdicts(builds.compare(said, said, 0)).values()) == {"identical"}
    (one / "Python-3.99.0.tgz").write_bytes(b"another")
    assert verdicts(builds.compare(said, one, 7)) == {
        "Python-3.99.0.tar.xz": "identical",
        "Python-3.99.0.tgz": "undecided",
    }


def test_a_difference_outweighs_what_could_not_be_told(builds: Builds) -> None:
    sums = builds.top / "all.SHA256SUMS"
    sums.write_bytes(write_sums({"a.bin": "0" * 64, "b.bin": "0" * 64}))
    assert verdicts(builds.compare(builds.build("1", a_bin=b"a"), sums, 1)) == {
        "a.bin": "undecided",
        "b.bin": "different",
    }


def test_the_verdicts_are_lines_for_people(builds: Builds) -> None:
    one, two = builds.build("1", a_tar=STREAM), builds.build("2", a_tar=OTHER)
    ended = builds.run(["compare", str(one), str(two)])
    assert ended.out == "a.tar\n  equivalent (times): the contents are the same\n"


# Bad input.


def test_what_is_not_there_is_refused(builds: Builds) -> None:
    one = builds.build("1", a_tar=STREAM)
    for name in ("missing", "SHA256SUMS", "source.intoto.json"):
        assert "does not exist" in builds.refusal(one, builds.top / name, 2)
    assert "FIRST is empty" in builds.run(["compare", "", str(one)]).complaint
    assert "holds no artifacts" in builds.refusal(one, builds.build("2"), 2)


@pytest.mark.parametrize("name", ["a.tar", "SHA256SUMS", "source.intoto.json"])
def test_links_are_refused(builds: Builds, name: str) -> None:
    one = builds.build("1", a_tar=STREAM)
    (builds.top / name).symlink_to(one / "a.tar")
    assert "link" in (text := builds.refusal(one, builds.top / name, 6)) or "plain file" in text


def test_what_is_no_plain_file_in_a_folder_is_refused(builds: Builds) -> None:
    one, two = builds.build("1", a_tar=STREAM), builds.build("2", a_tar=STREAM)
    os.mkfifo(two / "pipe")
    assert "pipe is not a regular file" in builds.refusal(one, two, 6)
    assert "is not a regular file" in builds.refusal(one / "a.tar", Path("/dev/zero"), 6)
    (one / "folder").mkdir()
    assert "folder is not a regular file" in builds.refusal(one, one, 6)


BAD: dict[str, tuple[str, bytes]] = {
    "a wrong hash": ("SHA256SUMS", b"0  a.tar\n"),
    "100 MB of hashes": ("SHA256SUMS", b"x" * (LARGEST + 1)),
    "no statement": ("source.intoto.json", b"{}"),
    "a statement with a newline behind": ("source.intoto.json", statement_of().encode() + b"\n"),
    "a statement that is nested deeply": ("source.intoto.json", b"[" * 100_000),
    "a statement that is too large": ("source.intoto.json", b" " * (LARGEST + 1)),
}


@pytest.mark.parametrize(("name", "content"), BAD.values(), ids=BAD.keys())
def test_what_is_not_as_it_should_be_is_refused(builds: Builds, name: str, content: bytes) -> None:
    one = builds.build("1", a_tar=STREAM)
    (builds.top / name).write_bytes(content)
    assert name in builds.refusal(one / "a.tar", builds.top / name, 6)


@pytest.mark.parametrize("content", [STREAM[:700], tar(file("../a"))], ids=["cut off", "leads out"])
def test_an_archive_that_is_refused_is_different_as_it_is_for_verify(builds: Builds, content: bytes) -> None:
    one = builds.build("1", a_tar=STREAM)
    (builds.top / "a.tar").write_bytes(content)
    ended = builds.run(["compare", str(one / "a.tar"), str(builds.top / "a.tar")])
    assert (ended.status, ended.out.splitlines()[:2][1][:12]) == (1, "  different:")


def test_folders_with_a_folder_for_each_version_are_compared(builds: Builds) -> None:
    for top, second in (("one", STREAM), ("two", tar(file("b")))):
        for version, content in (("3.13.5", STREAM), ("3.14.0rc1", second)):
            folder = builds.top / top / version
            folder.mkdir(parents=True)
            (folder / "a.tar").write_bytes(content)
    (builds.top / "two" / "3.13.6").mkdir()
    (builds.top / "two" / "3.13.6" / "a.tar").write_bytes(STREAM)
    ended = builds.run(["compare", str(builds.top / "one"), str(builds.top / "two")])
    assert ended.status == 1
    lines = ended.out.splitlines()
    assert (lines[0], lines[1]) == ("3.13.5/a.tar", "  identical")
    assert lines[lines.index("3.13.6/a.tar") + 1] == "  only in the second"
    assert lines[lines.index("3.14.0rc1/a.tar") + 1].startswith("  different")


def test_two_builds_have_to_be_named(builds: Builds) -> None:
    ended = builds.run(["compare", str(builds.top)])
    assert ended.status == 2
    assert "SECOND" in ended.complaint
