"""Unpacking archives that were made to do harm, to confuse, or just honestly."""

from __future__ import annotations

import io
import os
import random
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.archives import COMPRESSIONS, TIME, Member, contents, file, folder, hard_link, link, tar, wheel
from verbatim.archive.canonical import write_tree
from verbatim.archive.members import UnsafeMemberError
from verbatim.archive.unpack import Unpacker
from verbatim.errors import IntegrityError


@dataclass(frozen=True)
class Place:
    """A folder to unpack into, deep enough that what gets out of it is still seen."""

    top: Path

    @classmethod
    def below(cls, top: Path) -> Place:
        place = cls(top)
        place.folder.mkdir(parents=True)
        (place.outside / "sentinel").write_text("untouched")
        return place

    @property
    def outside(self) -> Path:
        return self.top / "outside"

    @property
    def folder(self) -> Path:
        return self.outside / "in" / "folder"

    def unpack(self, *archives: bytes, root: bool = False) -> Unpacker:
        unpacker = Unpacker(self.folder, root_file_system=root)
        for number, archive in enumerate(archives):
            unpacker.tar(f"archive {number}", io.BytesIO(archive))
        unpacker.finish()
        return unpacker

    def refuses(self, *members: Member, root: bool = False) -> UnsafeMemberError:
        with pytest.raises(UnsafeMemberError) as caught:
            self.unpack(tar(*members), root=root)
        self.see_nothing_outside()
        return caught.value

    def see_nothing_outside(self) -> None:
        assert (self.outside / "sentinel").read_text() == "untouched"
        found = {path for path in self.top.rglob("*") if self.folder not in path.parents}
        assert found == {self.outside, self.outside / "sentinel", self.folder.parent, self.folder}

    def names(self) -> set[str]:
        return {name.decode() for name in contents(self.folder)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.below(tmp_path / "top")


def special(name: str, kind: bytes) -> Member:
    return Member(name, kind=kind)


HOSTILE: dict[str, tuple[Member, ...]] = {
    "a file above": (file("../new"),),
    "a file above by a detour": (folder("a"), file("a/../../new")),
    "a folder above": (folder("../new"),),
    "the folder above itself": (folder("..", mode=0o777),),
    "a link above": (link("../new", "a"),),
    "a link to above": (link("a", "../sentinel"),),
    "a link to above by a detour": (folder("a"), link("a/b", "../a/../../sentinel")),
    "a link to above by another link": (folder("a"), link("a/b", ".."), link("c", "a/b/..")),
    "a link to above by a later link": (folder("a"), link("c", "a/b/.."), link("a/b", "..")),
    "a link to the empty name": (Member("a", kind=tarfile.SYMTYPE, pax={"linkpath": ""}),),
    "a link that is too long": (link("a", "x" * 5000),),
    "a file below a link": (folder("a"), link("b", "a"), file("b/new")),
    "a folder below a link": (folder("a"), link("b", "a"), folder("b/new")),
    "a link below a link": (link("a", "."), link("a/b", "c")),
    "a file over a link": (link("a", "b"), file("a")),
    "a file below a file": (file("a"), file("a/b")),
    "a hard link to above": (hard_link("a", "../sentinel"),),
    "a hard link to above by a detour": (folder("a"), hard_link("b", "a/../../sentinel")),
    "a hard link to a later file": (hard_link("a", "b"), file("b")),
    "a hard link to a link": (link("a", "b"), hard_link("c", "a")),
    "a hard link to a folder": (folder("a"), hard_link("b", "a")),
    "a hard link to the top": (hard_link("b", "."),),
    "a hard link to itself": (hard_link("a", "a"),),
    "a hard link below a link": (file("f"), folder("a"), link("b", "a"), hard_link("b/c", "f")),
    "a character device": (special("a", tarfile.CHRTYPE),),
    "a block device": (special("a", tarfile.BLKTYPE),),
    "a pipe": (special("a", tarfile.FIFOTYPE),),
    "a member of no known kind": (special("a", b"Z"),),
    "a sparse file": (special("a", tarfile.GNUTYPE_SPARSE),),
    "a sparse file, the modern way": (
        Member("a", b"0\n".ljust(512, b"\0"), pax={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}),
    ),
    "an escape sequence": (file("a\x1b[2Jb"),),
    "a newline": (file("a\nb"),),
    "a name with a NUL": (Member("a", pax={"path": "a\0b"}),),
    "a backslash": (file("..\\a"),),
    "a name in Latin 1": (file("a\udce4"),),
    "a link to a name in Latin 1": (link("a", "\udce4"),),
    "a name that is too long": (file("x" * 256),),
    "a path that is too long": (file("/".join(["x" * 200] * 30)),),
    "a header that says otherwise": (Member("a", pax={"path": "../new"}),),
    "a header that says otherwise of a link": (
        Member("a", kind=tarfile.SYMTYPE, pax={"linkpath": "../sentinel"}),
    ),
    "a file twice": (file("a"), file("a")),
    "a file twice, spelt otherwise": (file("a"), file("./a")),
    "a file and a link": (file("a"), link("a", "b")),
    "a file and a hard link": (file("a"), file("b"), hard_link("b", "a")),
    "a file and a folder": (file("a"), folder("a")),
    "a folder and a file": (folder("a"), file("a")),
    "a folder and a link": (folder("a"), link("a", "b")),
    "a folder twice": (folder("a"), folder("a/")),
    "a folder that goes without saying, and a file": (file("a/b"), file("a")),
    "a size beyond all": (Member("a", pax={"size": str(1 << 50)}),),
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_no_honest_archive_holds_is_refused(place: Place, members: tuple[Member, ...]) -> None:
    error = place.refuses(*members)
    assert error.message.startswith("archive 0: the member ")
    assert error.status == IntegrityError.status


@pytest.mark.parametrize(
    "make", [file, folder, lambda name: link(name, "a"), lambda name: hard_link(name, "a")]
)
def test_absolute_names_are_refused(place: Place, make: Callable[[str], Member]) -> None:
    place.refuses(file("a"), make(f"{place.outside}/new"))


@pytest.mark.parametrize("make", [link, hard_link])
def test_absolute_targets_are_refused(place: Place, make: Callable[[str, str], Member]) -> None:
    place.refuses(make("a", f"{place.outside}/sentinel"))


def test_nothing_is_written_through_an_absolute_link_of_a_root_file_system(place: Place) -> None:
    place.refuses(link("a", str(place.outside)), file("a/new"), root=True)
    place = Place.below(place.top / "again")
    place.refuses(link("a", f"{place.outside}/sentinel"), file("a", b"changed"), root=True)


def test_links_that_lead_out_of_a_root_file_system_are_refused(place: Place) -> None:
    place.refuses(folder("usr"), link("usr/a", "../../sentinel"), root=True)


HONEST = (
    folder("Python-3.99.0"),
    file("Python-3.99.0/README.rst", b"Hello\n"),
    file("Python-3.99.0/configure", b"#!/bin/sh\n", mode=0o755),
    folder("Python-3.99.0/Lib"),
    file("Python-3.99.0/Lib/empty.py", b""),
    file("Python-3.99.0/Lib/Grüße 日本.txt"),
    file(f"Python-3.99.0/{'x' * 255}"),
    link("Python-3.99.0/Lib/link", "../README.rst"),
    hard_link("Python-3.99.0/again", "Python-3.99.0/README.rst"),
)


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_an_honest_archive_is_unpacked(place: Place, compression: str, format: int) -> None:  # noqa: A002
    unpacker = place.unpack(COMPRESSIONS[compression](tar(*HONEST, format=format)))
    top = place.folder / "Python-3.99.0"
    assert place.names() == {member.name for member in HONEST}
    assert (top / "README.rst").read_bytes() == b"Hello\n" == (top / "Lib/link").read_bytes()
    assert (top / "again").read_bytes() == b"Hello\n"
    assert not (top / "README.rst").samefile(top / "again")
    assert stat.S_IMODE((top / "configure").stat().st_mode) == 0o755
    assert os.readlink(top / "Lib" / "link") == "../README.rst"
    assert unpacker.newest == TIME


@pytest.mark.parametrize(
    ("mode", "of_file", "of_folder"),
    [
        (0o644, 0o644, 0o744),
        (0o7755, 0o755, 0o755),
        (0o4711, 0o711, 0o711),
        (0o1777, 0o777, 0o777),
        (0o000, 0o400, 0o700),
        (0o077, 0o477, 0o777),
    ],
)
def test_set_id_bits_are_dropped_and_the_owner_may_always_read(
    place: Place, mode: int, of_file: int, of_folder: int
) -> None:
    before = os.umask(0o077)
    try:
        place.unpack(tar(folder("a", mode=mode), file("a/b", mode=mode)))
    finally:
        os.umask(before)
    assert stat.S_IMODE((place.folder / "a").stat().st_mode) == of_folder
    assert stat.S_IMODE((place.folder / "a" / "b").stat().st_mode) == of_file


def test_a_folder_may_come_after_what_it_holds(place: Place) -> None:
    place.unpack(tar(file("a/b/c"), folder("a/b", mode=0o700)))
    assert stat.S_IMODE((place.folder / "a").stat().st_mode) == 0o755
    assert stat.S_IMODE((place.folder / "a" / "b").stat().st_mode) == 0o700


def test_the_newest_time_is_remembered(place: Place) -> None:
    times = (TIME, TIME + 7.75, TIME - 7)
    members = [replace(file(f"a{number}"), time=time) for number, time in enumerate(times)]
    assert place.unpack(tar(*members)).newest == TIME + 7


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "1e300", str(1 << 60)])
def test_absurd_times_are_refused(place: Place, time: str) -> None:
    with pytest.raises(IntegrityError):
        place.unpack(tar(Member("a", pax={"mtime": time})))


@pytest.mark.parametrize("size", ["-1", "-512", "-1000000", "513", "100000", "1e3", "many"])
def test_lies_about_a_size_are_noticed(place: Place, size: str) -> None:
    lie = Member("b", b"x" * 512, pax={"size": size})
    with pytest.raises(IntegrityError):
        place.unpack(tar(file("a"), lie, file("c")))
    place.see_nothing_outside()


@pytest.mark.parametrize(
    "garbage", [b"", b"\0", b"not an archive\n" * 1000, b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh9"]
)
def test_garbage_is_damaged(place: Place, garbage: bytes) -> None:
    with pytest.raises(IntegrityError, match="archive 0 is damaged"):
        place.unpack(garbage)


@pytest.mark.parametrize("compression", ["gz", "xz", "bz2"])
def test_an_archive_compressed_in_several_parts_is_refused(place: Place, compression: str) -> None:
    """Not every reader reads on behind the first; no release is packed so."""
    compress, whole = COMPRESSIONS[compression], tar(*HONEST)
    with pytest.raises(IntegrityError, match="behind the end"):
        place.unpack(compress(whole[:7000]) + compress(whole[7000:]))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_truncated_archive_is_noticed(tmp_path: Path, compression: str) -> None:
    """Where it is not, all of it must have been there: only the padding at the end was cut off."""
    content = random.Random(0).randbytes(700)
    members = (folder("a"), file("a/b", content), file("a/c"), link("a/d", "b"), file("a/e", content))
    archive = tar(*members)[: -tarfile.RECORDSIZE // 2]
    whole = COMPRESSIONS[compression](archive)
    step = max(1, len(whole) // 100)
    silently = []
    for cut in range(0, len(whole), step):
        place = Place.below(tmp_path / str(cut))
        try:
            place.unpack(whole[:cut])
        except IntegrityError:
            continue
        if place.names() != {member.name for member in members}:
            silently.append(cut)
    assert not silently


@pytest.mark.parametrize("compression", ["gz", "xz", "bz2"])
def test_altered_bytes_are_noticed(tmp_path: Path, compression: str) -> None:
    content = random.Random(0).randbytes(2000)
    whole = COMPRESSIONS[compression](tar(file("a", content)))
    silently = []
    for at in range(len(whole) // 4, len(whole), len(whole) // 40):
        place = Place.below(tmp_path / str(at))
        try:
            place.unpack(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        except IntegrityError:
            continue
        if (place.folder / "a").read_bytes() != content:
            silently.append(at)
    assert not silently


def test_a_damaged_header_in_the_middle_is_noticed(place: Place) -> None:
    archive = bytearray(tar(file("a"), file("b"), file("c")))
    archive[1024 + 100] ^= 1
    with pytest.raises(IntegrityError):
        place.unpack(bytes(archive))


def test_in_a_root_file_system_usr_is_merged(place: Place) -> None:
    members = (
        folder("./"),
        folder("./bin"),
        file("./bin/tool", mode=0o755),
        folder("./lib/x"),
        file("./lib64/loader"),
        hard_link("./sbin/tool", "./bin/tool"),
        link("./bin/short", "tool"),
        file("./usr/bin/other"),
        file("./opt/bin/third"),
        file("./library"),
    )
    place.unpack(tar(*members), root=True)
    assert {name for name in place.names() if not (place.folder / name).is_dir()} == {
        "library",
        "opt/bin/third",
        "usr/bin/other",
        "usr/bin/short",
        "usr/bin/tool",
        "usr/lib64/loader",
        "usr/sbin/tool",
    }
    assert (place.folder / "usr/lib/x").is_dir()
    assert (place.folder / "usr/sbin/tool").read_bytes() == (place.folder / "usr/bin/tool").read_bytes()
    assert stat.S_IMODE((place.folder / "usr/sbin/tool").stat().st_mode) == 0o755


def test_in_a_root_file_system_the_links_of_merged_usr_are_left_out(place: Place) -> None:
    place.unpack(tar(link("./bin", "usr/bin"), link("./lib", "usr/lib"), folder("./usr/bin")), root=True)
    assert place.names() == {"usr", "usr/bin"}


def test_a_source_tarball_is_no_root_file_system(place: Place) -> None:
    place.unpack(tar(file("bin/tool"), link("lib", "usr/lib")))
    assert place.names() == {"bin", "bin/tool", "lib"}


def test_in_a_root_file_system_a_link_may_start_at_the_root(place: Place) -> None:
    place.unpack(tar(link("etc/alternatives/awk", "/usr/bin/mawk")), root=True)
    assert os.readlink(place.folder / "etc/alternatives/awk") == "/usr/bin/mawk"


def test_a_folder_may_come_in_several_packages(place: Place) -> None:
    place.unpack(tar(folder("./usr"), file("./usr/a")), tar(folder("./usr"), file("./usr/b")), root=True)
    assert place.names() == {"usr", "usr/a", "usr/b"}


def test_a_folder_has_the_same_mode_whichever_package_comes_first(tmp_path: Path) -> None:
    packages = [tar(folder("./a", mode=0o700), file("./a/b")), tar(folder("./a", mode=0o755), file("./a/c"))]
    digests = set()
    for number, order in enumerate([packages, packages[::-1]]):
        place = Place.below(tmp_path / str(number))
        place.unpack(*order, root=True)
        digests.add(write_tree(place.folder, TIME).sha256)
    assert len(digests) == 1


@pytest.mark.parametrize(
    "second",
    [file("./usr/bin/a"), file("./bin/a"), link("./bin/a", "b"), folder("./bin/a"), file("./bin/a/b")],
)
def test_a_file_may_not_come_in_two_packages(place: Place, second: Member) -> None:
    with pytest.raises(UnsafeMemberError, match="archive 1"):
        place.unpack(tar(file("./usr/bin/a", b"first")), tar(second), root=True)
    assert (place.folder / "usr/bin/a").read_bytes() == b"first"


_SHARED = (file("./usr/a", b"first", mode=0o640), link("./usr/b", "a"))


def test_what_packages_of_several_architectures_share_is_there_once(place: Place) -> None:
    unpacker = place.unpack(tar(*_SHARED), root=True)
    unpacker.tar("another", io.BytesIO(tar(*_SHARED, file("./usr/c", b"own"))), shares=True)
    assert place.names() == {"usr", "usr/a", "usr/b", "usr/c"}


@pytest.mark.parametrize(
    "second",
    [
        file("./usr/a", b"other", mode=0o640),
        file("./usr/a", b"firs", mode=0o640),
        file("./usr/a", b"first and more", mode=0o640),
        file("./usr/a", b"first", mode=0o755),
        file("./usr/b", b"first"),
        file("./usr", b""),
        link("./usr/a", "first"),
        link("./usr/b", "c"),
        folder("./usr/a"),
        file("./usr/b/c"),
    ],
)
def test_what_they_share_must_be_the_same(place: Place, second: Member) -> None:
    unpacker = place.unpack(tar(*_SHARED), root=True)
    with pytest.raises(UnsafeMemberError, match="another"):
        unpacker.tar("another", io.BytesIO(tar(second)), shares=True)
    assert (place.folder / "usr/a").read_bytes() == b"first"
    assert place.names() == {"usr", "usr/a", "usr/b"}


def test_a_hard_link_to_a_file_of_another_archive_is_refused(place: Place) -> None:
    """Archives are unpacked at once: the file may not be whole yet."""
    with pytest.raises(UnsafeMemberError, match="archive 1: the member 'b' is a hard link to 'a'"):
        place.unpack(tar(file("a")), tar(hard_link("b", "a")))


def test_hard_links_are_refused_where_they_have_no_place(tmp_path: Path) -> None:
    with pytest.raises(UnsafeMemberError, match="'b' is a hard link, expected a file"):
        Unpacker(tmp_path, hard_links=False).tar("archive", io.BytesIO(tar(file("a"), hard_link("b", "a"))))


def test_hard_links_take_the_space_of_files(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbatim.archive.limits.MOST_BYTES_TOGETHER", 10_000)
    links = [hard_link(f"b{number}", "a") for number in range(9)]
    place.unpack(tar(file("a", bytes(1000)), *links))
    again = Place.below(place.top / "again")
    with pytest.raises(UnsafeMemberError, match="makes the archive larger than 10000 bytes"):
        again.unpack(tar(file("a", bytes(1000)), *links, hard_link("c", "a")))


def test_packages_unpacked_at_once_give_the_same_tree(tmp_path: Path) -> None:
    shared = [folder(f"./usr/share/{number}") for number in range(30)]
    packages = [
        tar(
            *shared,
            *(
                file(f"./usr/share/{number % 30}/{name}{number}", name.encode() * number)
                for number in range(120)
            ),
            file(f"./lib/{name}/deep/er"),
            hard_link(f"./bin/{name}", f"./usr/share/7/{name}7"),
        )
        for name in "abcd"
    ]
    digests = set()
    for workers in (1, 4, 4, 4):
        place = Place.below(Path(tempfile.mkdtemp(dir=tmp_path)) / "top")
        unpacker = Unpacker(place.folder, root_file_system=True)
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(unpacker.tar, "a package", io.BytesIO(package)) for package in packages]:
                done.result()
        unpacker.finish()
        digests.add(write_tree(place.folder, TIME).sha256)
    assert len(digests) == 1


BELOW = ("usr", "lib", "packages")


def test_a_wheel_is_unpacked_below_its_folder(place: Place, tmp_path: Path) -> None:
    unpacker = Unpacker(place.folder)
    unpacker.wheel("a wheel", wheel(tmp_path / "a.whl", "a/", "a/__init__.py", "a-1.dist-info/RECORD"), BELOW)
    unpacker.finish()
    top = place.folder.joinpath(*BELOW)
    assert {name.decode() for name in contents(top)} == {
        "a",
        "a/__init__.py",
        "a-1.dist-info",
        "a-1.dist-info/RECORD",
    }
    assert stat.S_IMODE((top / "a/__init__.py").stat().st_mode) == 0o644


def zip_entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    return entry


@pytest.mark.parametrize(
    "entries",
    [
        ("../../../../new",),
        ("a/../../../../../new",),
        ("../packages2/a",),
        ("/new",),
        ("a\\b",),
        ("a\nb",),
        (".",),
        ("x" * 256,),
        (zip_entry("a", stat.S_IFLNK | 0o777),),
        (zip_entry("a", stat.S_IFIFO | 0o644),),
        ("a-1.data/scripts/a",),
        ("a", "a"),
        ("a", "./a"),
        ("a/b", "a"),
        ("a", "a/b"),
    ],
    ids=repr,
)
def test_a_hostile_wheel_is_refused(
    place: Place, tmp_path: Path, entries: tuple[str | zipfile.ZipInfo, ...]
) -> None:
    with pytest.raises(UnsafeMemberError, match="a wheel: the member"):
        Unpacker(place.folder).wheel("a wheel", wheel(tmp_path / "a.whl", *entries), BELOW)
    place.see_nothing_outside()


def test_a_damaged_wheel_is_noticed(place: Place, tmp_path: Path) -> None:
    path = wheel(tmp_path / "a.whl", "a", "b")
    whole = path.read_bytes()
    for damaged in (b"", b"garbage", whole[:-30], whole.replace(b"content", b"contend", 1)):
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="a wheel is damaged"):
            Unpacker(place.folder).wheel("a wheel", path, BELOW)


def test_a_wheel_that_cannot_be_read_here_is_refused(place: Place, tmp_path: Path) -> None:
    """An unknown compression and a password are bits in its headers."""
    path = wheel(tmp_path / "a.whl", "a")
    whole = path.read_bytes()
    local, central = whole.index(b"PK\x03\x04"), whole.index(b"PK\x01\x02")
    for offset, value in ((8, 99), (6, 1)):
        altered = bytearray(whole)
        altered[local + offset] = altered[central + offset + 2] = value
        path.write_bytes(altered)
        with pytest.raises(IntegrityError):
            Unpacker(place.folder).wheel("a wheel", path, BELOW)


pieces = st.sampled_from(["a", "b", "c", "bin", "usr", "ä", "..", ".", "", "\n", "@"])
hostile_targets = st.lists(pieces, min_size=1, max_size=4).map("/".join)
# A name that starts at the root must do no harm where the test fails: it starts at "@", which is a folder of ours.
hostile_names = hostile_targets.filter(lambda name: not name.startswith("/"))
kinds = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)
hostile_members = st.builds(
    Member, hostile_names, st.just(b""), kinds, hostile_targets, st.integers(0, 0o7777), st.integers(0, TIME)
)


@given(st.lists(hostile_members, max_size=8), st.booleans())
@example([folder("a"), link("a/b", ".."), link("c", "a/b/..")], False)
@settings(deadline=None)
def test_whatever_is_unpacked_stays_inside(members: list[Member], root: bool) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        place = Place.below(Path(temporary).resolve() / "top")
        named = [
            replace(
                member,
                name=member.name.replace("@", str(place.outside)),
                target=member.target.replace("@", str(place.outside)),
            )
            for member in members
        ]
        with suppress(UnsafeMemberError):
            place.unpack(tar(*named), root=root)
        place.see_nothing_outside()
        for name, (mode, _) in contents(place.folder).items():
            path = os.path.join(os.fsencode(place.folder), name)
            if stat.S_ISLNK(mode) and not root:
                resolved = Path(os.fsdecode(os.path.realpath(path)))
                assert place.folder in (resolved, *resolved.parents)


honest_names = st.text(
    st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S"], exclude_characters="/\\"),
    min_size=1,
    max_size=8,
).filter(lambda name: name not in (".", ".."))
honest_files = st.tuples(st.binary(max_size=600), st.integers(0, 0o777).map(lambda mode: mode | 0o400))
honest_links = st.lists(honest_names, min_size=1, max_size=3).map("/".join)
#: A file's content and mode, a link's target, or what is in a folder.
Tree = dict[str, "tuple[bytes, int] | str | Tree"]
honest_trees: st.SearchStrategy[Tree] = st.recursive(
    st.dictionaries(honest_names, honest_files | honest_links, max_size=4),
    lambda below: st.dictionaries(honest_names, honest_files | honest_links | below, max_size=4),
    max_leaves=8,
)


def lay_out(tree: Tree, at: Path) -> None:
    for name, entry in tree.items():
        path = at / name
        if isinstance(entry, str):
            path.symlink_to(entry)
        elif isinstance(entry, tuple):
            path.write_bytes(entry[0])
            path.chmod(entry[1])
        else:
            path.mkdir()
            lay_out(entry, path)
            path.chmod(0o755)


@given(honest_trees, st.sampled_from(list(COMPRESSIONS)), st.booleans())
@settings(deadline=None, max_examples=60)
def test_a_canonical_tar_unpacks_to_the_tree_that_it_was_made_of(
    tree: Tree, compression: str, root: bool
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        original, again = Path(temporary) / "original", Path(temporary) / "again"
        original.mkdir()
        again.mkdir()
        # In a root file system, what is called bin or lib would come out below usr.
        lay_out({f"_{name}": entry for name, entry in tree.items()}, original)
        archive = io.BytesIO()
        written = write_tree(original, TIME, archive)
        unpacker = Unpacker(again, root_file_system=root)
        unpacker.tar("an archive", io.BytesIO(COMPRESSIONS[compression](archive.getvalue())))
        unpacker.finish()
        assert contents(again) == contents(original)
        assert write_tree(again, TIME).sha256 == written.sha256


def test_a_header_as_large_as_a_file_is_refused(tmp_path: Path) -> None:
    hostile = tar(Member("a", pax={"comment": "x" * (2 << 20)}))
    with pytest.raises(IntegrityError, match="a header of"):
        Unpacker(tmp_path).tar("an archive", io.BytesIO(hostile))


def test_what_lies_behind_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="behind its end"):
        Unpacker(tmp_path).tar("an archive", io.BytesIO(tar(file("a")) + b"smuggled" * 2000))
