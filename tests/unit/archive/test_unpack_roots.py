"""Unpacking the packages of a root file system: merged folders, links from the root, files that several packages have."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.archives import TIME, Member, file, folder, hard_link, link, tar
from tests.unit.archive.conftest import Place
from verbatim.archive.canonical import write_tree
from verbatim.archive.members import UnsafeMemberError
from verbatim.archive.unpack import Unpacker


def test_nothing_is_written_through_an_absolute_link_of_a_root_file_system(place: Place) -> None:
    place.refuses(link("a", str(place.outside)), file("a/new"), root=True)
    place = Place.below(place.top / "again")
    place.refuses(link("a", f"{place.outside}/sentinel"), file("a", b"changed"), root=True)


def test_links_that_lead_out_of_a_root_file_system_are_refused(place: Place) -> None:
    place.refuses(folder("usr"), link("usr/a", "../../sentinel"), root=True)


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
