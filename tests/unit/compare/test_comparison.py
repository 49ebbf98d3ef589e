"""Two files beside each other: which stabilizers were needed, and what none of them takes away."""

from __future__ import annotations

import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives import COMPRESSIONS, TIME, Member, file, folder, link, tar
from verbatim.compare.archives import archive_kind, uncompressed_name
from verbatim.compare.comparison import Comparison, File, compare_files
from verbatim.digest import sha256_file
from verbatim.errors import IntegrityError

MEMBERS = (
    folder("a"),
    file("a/b", b"b\n"),
    file("a/c", b"#!/bin/sh\n", mode=0o755),
    link("a/d", "b"),
)


def at(path: Path, content: bytes) -> File:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return File(path.name, sha256_file(path), path)


def compared(ours: bytes, theirs: bytes, name: str = "a.tar", other: str = "") -> Comparison:
    """Compare both ways; but for what is turned, it must be the same."""
    with tempfile.TemporaryDirectory() as temporary:
        one, two = at(Path(temporary, "1", name), ours), at(Path(temporary, "2", other or name), theirs)
        comparison, turned = compare_files(one, two), compare_files(two, one)
    assert turned.judgement == comparison.judgement
    assert turned.stabilizers == comparison.stabilizers
    assert (turned.added, turned.removed) == (comparison.removed, comparison.added)
    assert [change.name for change in turned.changed] == [change.name for change in comparison.changed]
    return comparison


def each(**values: object) -> list[Member]:
    return [replace(member, **values) for member in MEMBERS]  # type: ignore[arg-type]


FRACTION = "1749686400.25"
ALONE: dict[str, list[tuple[str, bytes]]] = {
    "order": [("reversed", tar(*reversed(MEMBERS)))],
    "times": [
        ("another", tar(*each(time=TIME + 1))),
        ("a fraction, in a header of its own", tar(*each(time=TIME + 0.25))),
        ("of access, in a header of its own", tar(*each(pax={"atime": FRACTION, "ctime": FRACTION}))),
        ("of one member", tar(*MEMBERS[:3], replace(MEMBERS[3], time=0))),
    ],
    "owners": [
        ("another", tar(*each(owner="maker"))),
        ("a long name, in a header of its own", tar(*each(owner="m" * 40))),
        ("a large number, in a header of its own", tar(*each(pax={"uid": "4000000", "gid": "0"}))),
    ],
    "modes": [("of the group", tar(*(replace(member, mode=member.mode | 0o020) for member in MEMBERS)))],
    "headers": [
        ("GNU's format", tar(*MEMBERS, format=tarfile.GNU_FORMAT)),
        ("a comment", tar(*each(pax={"comment": "a"}))),
        ("more after the end", tar(*MEMBERS) + bytes(10240)),
    ],
}


@pytest.mark.parametrize(
    ("stabilizer", "other"),
    [
        pytest.param(name, other, id=f"{name}: {what}")
        for name, cases in ALONE.items()
        for what, other in cases
    ],
)
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_each_stabilizer_of_a_tar_archive_is_named_alone(
    stabilizer: str, other: bytes, compression: str
) -> None:
    compress = COMPRESSIONS[compression]
    assert compared(compress(tar(*MEMBERS)), compress(other)) == Comparison("equivalent", (stabilizer,))


def test_several_are_named_in_one_order() -> None:
    other = tar(*reversed(each(owner="maker", time=TIME + 1)), format=tarfile.GNU_FORMAT)
    comparison = compared(tar(*MEMBERS), COMPRESSIONS["gz"](other), "a.tar", "a.tgz")
    assert comparison.stabilizers == ("order", "times", "owners", "headers", "compression")


@pytest.mark.parametrize("one", COMPRESSIONS)
@pytest.mark.parametrize("other", COMPRESSIONS)
def test_two_compressions_of_one_stream_need_that_alone(one: str, other: str) -> None:
    stream = tar(*MEMBERS)
    comparison = compared(COMPRESSIONS[one](stream), COMPRESSIONS[other](stream))
    expected = Comparison("identical") if one == other else Comparison("equivalent", ("compression",))
    assert comparison == expected


def test_another_level_of_the_same_compression_is_compression() -> None:
    import gzip

    stream = tar(*MEMBERS)
    comparison = compared(gzip.compress(stream, 1, mtime=0), gzip.compress(stream, 9, mtime=0))
    assert comparison == Comparison("equivalent", ("compression",))


def zipped(
    members: Sequence[Member],
    alter: Callable[[zipfile.ZipInfo], object] = lambda _: None,
    comment: bytes = b"",
) -> bytes:
    with tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # About two members of one name.
        path = Path(temporary, "a.zip")
        with zipfile.ZipFile(path, "w") as archive:
            archive.comment = comment
            for member in members:
                is_folder = member.kind == tarfile.DIRTYPE
                info = zipfile.ZipInfo(member.name + "/" * is_folder, (2025, 6, 11, 0, 0, 0))
                kind = {tarfile.DIRTYPE: 0o040000, tarfile.SYMTYPE: 0o120000}.get(member.kind, 0o100000)
                info.external_attr = (kind | member.mode) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                alter(info)
                archive.writestr(info, b"" if is_folder else member.target.encode() or member.content)
        return path.read_bytes()


STAMP = b"UT\x05\x00\x03\x00\x00\x00"
OWNER = b"ux\x0b\x00\x01\x04\xe8\x03\x00\x00\x04\xe8\x03\x00"


def with_extra(
    stamp: bytes = b"\x01", owner: bytes = b"\x00", more: bytes = b"", **others: object
) -> Callable[[zipfile.ZipInfo], None]:
    """Alter a member: the fields that Info-ZIP adds, and whatever else a ZipInfo has."""

    def alter(info: zipfile.ZipInfo) -> None:
        info.extra = STAMP + stamp + OWNER + owner + more
        for name, value in others.items():
            setattr(info, name, value)

    return alter


ZIPPED = zipped(MEMBERS, with_extra())
ZIP_ALONE: dict[str, list[bytes]] = {
    "order": [zipped([MEMBERS[0], *MEMBERS[:0:-1]], with_extra())],
    "times": [
        zipped(MEMBERS, with_extra(date_time=(1999, 1, 1, 0, 0, 0))),
        zipped(MEMBERS, with_extra(stamp=b"\x02")),
    ],
    "owners": [zipped(MEMBERS, with_extra(owner=b"\x01"))],
    "modes": [zipped([replace(member, mode=member.mode | 0o020) for member in MEMBERS], with_extra())],
    "headers": [
        zipped(MEMBERS, with_extra(internal_attr=1)),
        zipped(MEMBERS, with_extra(), b"a comment"),
    ],
    "compression": [zipped(MEMBERS, with_extra(compress_type=zipfile.ZIP_STORED))],
}


@pytest.mark.parametrize(
    ("stabilizer", "other"),
    [(name, other) for name, others in ZIP_ALONE.items() for other in others],
    ids=[f"{name} {number}" for name, others in ZIP_ALONE.items() for number in range(len(others))],
)
@pytest.mark.parametrize("name", ["a.zip", "a.epub"])
def test_each_stabilizer_of_a_zip_archive_is_named_alone(stabilizer: str, other: bytes, name: str) -> None:
    assert compared(ZIPPED, other, name) == Comparison("equivalent", (stabilizer,))


@pytest.mark.parametrize("pack", [lambda members: tar(*members), zipped], ids=["tar", "zip"])
def test_members_that_were_added_removed_and_changed_are_named(
    pack: Callable[[Sequence[Member]], bytes],
) -> None:
    name = "a.zip" if pack is zipped else "a.tar"
    other = [MEMBERS[0], file("a/b", b"x\n"), replace(MEMBERS[2], mode=0o644), file("a/e")]
    comparison = compared(pack(MEMBERS), pack(other), name)
    assert comparison.judgement == "different"
    assert comparison.added == ("a/e",)
    assert comparison.removed == ("a/d",)
    assert [str(change) for change in comparison.changed] == [
        "a/b differs (its content)",
        "a/c differs (mode 755 and 644)",
    ]


def test_files_that_are_no_archives_are_compared_by_hash() -> None:
    assert compared(b"a", b"a", "a.bin") == Comparison("identical")
    assert compared(b"a", b"b", "a.bin") == Comparison("different")
    assert compared(tar(*MEMBERS), b"b", "a.tar", "a.bin") == Comparison("different")


def test_a_tar_and_a_zip_archive_cannot_be_told() -> None:
    assert compared(tar(*MEMBERS), ZIPPED, "a.tar", "a.zip").judgement == "undecided"


def test_where_only_a_hash_is_known_it_has_to_be_the_same(tmp_path: Path) -> None:
    here = at(tmp_path / "a.tar", tar(*MEMBERS))
    assert compare_files(here, File("a.tar", here.sha256)).judgement == "identical"
    undecided = compare_files(here, File("a.tar", "0" * 64))
    assert undecided.judgement == "undecided"
    assert "a.tar are not available" in undecided.reason


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    one, other = at(tmp_path / "a.tar", tar(*MEMBERS)), at(tmp_path / "b.tar", tar(*MEMBERS[:2]))
    (tmp_path / "b.tar").write_bytes(tar(*MEMBERS[:3]))
    with pytest.raises(IntegrityError, match="expected"):
        compare_files(one, other)


HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "a name that leads out": ("a.tar", tar(file("../a")), "leads out"),
    "a name that leads out of a zip": ("a.zip", zipped([file("../a")]), "leads out"),
    "a place named twice": ("a.tar", tar(file("a"), file("./a")), "two members 'a'"),
    "a place named twice in a zip": ("a.zip", zipped([file("a"), file("a")]), "appears twice"),
    "a time that is none": ("a.tar", tar(replace(file("a"), pax={"mtime": "1e300"})), "out of range"),
    "not a number for a time": ("a.tar", tar(replace(file("a"), pax={"mtime": "nan"})), "out of range"),
    "privileges": (
        "a.tar",
        tar(replace(file("a"), pax={"SCHILY.xattr.security.capability": "x"})),
        "has the headers",
    ),
    "a size beyond all": ("a.tar", tar(replace(file("a"), pax={"size": str(1 << 40)})), "larger than any"),
    "not a tar archive": ("a.tar", b"garbage" * 100, "damaged"),
    "not a zip archive": ("a.zip", b"garbage" * 100, "damaged"),
    "a zip that is cut off": ("a.zip", ZIPPED[:-60], "damaged"),
    "something before a zip": ("a.zip", b"before it" + ZIPPED, "not where it should be"),
}


@pytest.mark.parametrize(("name", "content", "why"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_no_honest_archive_has_is_refused(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    honest = at(tmp_path / "1" / name, ZIPPED if name == "a.zip" else tar(*MEMBERS))
    other = at(tmp_path / "2" / name, content)
    with pytest.raises(IntegrityError, match=why):
        compare_files(honest, other)


def test_a_zip_whose_member_is_not_what_its_checksum_says_is_refused(tmp_path: Path) -> None:
    stored = zipped(MEMBERS, lambda info: setattr(info, "compress_type", zipfile.ZIP_STORED))
    broken = stored.replace(b"#!/bin/sh", b"#!/bin/su")
    with pytest.raises(IntegrityError, match="damaged"):
        compare_files(at(tmp_path / "1.zip", stored), at(tmp_path / "2.zip", broken))


@pytest.mark.parametrize("name", ["a.tgz.1", "a.txz", "a.tar.gz", "a.epub", "download", "python-docs.zip"])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_tar_archive_is_known_by_how_it_begins(name: str, compression: str) -> None:
    ours, theirs = tar(*MEMBERS), COMPRESSIONS[compression](tar(*MEMBERS, file("e")))
    assert compared(ours, theirs, "a.tar", name).added == ("e",)


@pytest.mark.parametrize("name", ["a.zip.1", "a.tgz", "download"])
def test_a_zip_archive_is_known_by_how_it_begins(name: str) -> None:
    assert compared(ZIPPED, zipped(MEMBERS), "a.epub", name).judgement == "equivalent"


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_is_compressed_is_not_always_an_archive(compression: str) -> None:
    pack = COMPRESSIONS[compression]
    assert compared(pack(b"a" * 600), pack(b"b" * 600), "a.gz") == Comparison("different")


def test_archives_are_known_by_their_names_where_they_cannot_be_read() -> None:
    kinds = {
        name: archive_kind(name)
        for name in ("a.tgz", "a.tar.xz", "a.txz", "a.tgz.1", "a.tar.bz2", "a.tar", "a.epub", "a.gz", "tar")
    }
    assert kinds == {
        **dict.fromkeys(("a.tgz", "a.tar.xz", "a.txz", "a.tgz.1", "a.tar.bz2", "a.tar"), "tar"),
        "a.epub": "zip",
        "a.gz": None,
        "tar": None,
    }
    assert (
        uncompressed_name("Python-3.13.5.tgz") == uncompressed_name("Python-3.13.5.tar.xz") == "Python-3.13.5"
    )
    assert uncompressed_name("python-3.13.5-docs-html.zip") == "python-3.13.5-docs-html.zip"


# Properties.

names = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=5, unique=True)
contents = st.binary(max_size=40)


@st.composite
def archives(draw: st.DrawFn) -> list[Member]:
    """Members of any kind that is honest, in any order."""
    found = []
    for name in draw(names):
        kind = draw(st.sampled_from(["file", "folder", "link"]))
        if kind == "file":
            found.append(file(name, draw(contents), mode=draw(st.sampled_from((0o644, 0o755, 0o600)))))
        else:
            found.append(folder(name) if kind == "folder" else link(name, draw(st.text("ab", min_size=1))))
    return found


@st.composite
def packings(draw: st.DrawFn, members: Sequence[Member]) -> bytes:
    """The same contents, packed and compressed by somebody else."""
    owner, time = (
        draw(st.sampled_from(("", "maker", "m" * 40))),
        draw(st.sampled_from((0.0, TIME, TIME + 0.5))),
    )
    group = draw(st.sampled_from((0, 0o020)))
    shuffled = draw(st.randoms(use_true_random=False)).sample(list(members), len(members))
    format_ = draw(st.sampled_from((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)))
    packed = [replace(member, owner=owner, time=time, mode=member.mode | group) for member in shuffled]
    if format_ == tarfile.GNU_FORMAT:
        packed = [replace(member, time=int(member.time)) for member in packed]
    return COMPRESSIONS[draw(st.sampled_from(list(COMPRESSIONS)))](tar(*packed, format=format_))


@st.composite
def altered(draw: st.DrawFn, members: Sequence[Member]) -> list[Member]:
    """Not the same contents any more: one member added, removed or changed."""
    changed = list(members)
    place = draw(st.integers(0, len(changed) - 1))
    member = changed[place]
    match draw(st.sampled_from(["add", "remove", "content", "mode"])):
        case "add":
            changed.insert(place, file("new", draw(contents)))
        case "remove":
            del changed[place]
        case "mode":
            bit = draw(
                st.sampled_from((0o4000, 0o2000, 0o1000, 0o400) + (() if member.target else (0o002, 0o100)))
            )
            changed[place] = replace(member, mode=member.mode ^ bit)
        case _:
            changed[place] = file(member.name, member.content + b"x")
    return changed


@given(st.data(), archives())
@settings(deadline=None)
def test_other_packing_is_identical_or_equivalent_and_says_the_same_both_ways(
    data: st.DataObject, members: list[Member]
) -> None:
    one, other = data.draw(packings(members)), data.draw(packings(members))
    comparison = compared(one, other)
    assert comparison.judgement == ("identical" if one == other else "equivalent")
    # Identical, equal hashes, no stabilizer: each means the others.
    assert (comparison.stabilizers == ()) == (one == other)


@given(st.data(), archives())
@settings(deadline=None)
def test_no_packing_hides_what_was_added_removed_or_changed(
    data: st.DataObject, members: list[Member]
) -> None:
    one, other = data.draw(packings(members)), data.draw(packings(data.draw(altered(members))))
    comparison = compared(one, other)
    assert comparison.judgement == "different"
    assert len(comparison.added + comparison.removed + comparison.changed) == 1


@given(st.binary(max_size=50), st.binary(max_size=50), st.sampled_from(("a.tar", "a.zip", "a.bin")))
@settings(deadline=None)
def test_equal_bytes_are_identical_whatever_they_are(one: bytes, other: bytes, name: str) -> None:
    assert compared(one, one, name) == Comparison("identical")
    if one != other:
        try:
            judgement = compared(one, other, name).judgement
        except IntegrityError:
            judgement = "different"
        assert judgement != "identical"
