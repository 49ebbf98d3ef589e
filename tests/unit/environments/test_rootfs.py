"""A root file system: what it is made of comes out the same each time, and what is wrong with it is refused."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archives import Member, contents, file, folder, tar
from tests.debs import Deb, ar, control, deb
from tests.servers import Site
from tests.unit.environments.demo import DEFINITION, DEMO, OTHER, SNAPSHOT, left_in, locked, written
from verbatim.digest import sha256_bytes
from verbatim.environments.definition import load_definition
from verbatim.environments.lock import Environment, Lock, LockedPackage
from verbatim.environments.mirrors import SNAPSHOT_ARCHIVE
from verbatim.environments.rootfs import ensure_root, make_root
from verbatim.errors import IntegrityError, MismatchError, NetworkError
from verbatim.fetch import Fetcher

pytestmark = pytest.mark.usefixtures("only_this_mirror")

_TIME = 1_749_600_000


# What comes out


def test_the_root_is_laid_out(lock: Lock, fetcher: Fetcher, tmp_path: Path) -> None:
    root = tmp_path / "root"
    make_root(lock, root, fetcher)
    assert os.readlink(root / "lib") == "usr/lib"
    assert (root / "usr/lib/libdemo.so.1").read_bytes() == b"a library"
    assert os.readlink(root / "usr/bin/demo-link") == "/usr/bin/demo"
    modes = {
        name: stat.S_IMODE((root / name).stat().st_mode)
        for name in ("usr", "usr/bin/demo", "usr/share/closed", "usr/share/closed/größer", "usr/share/other")
    }
    assert modes == {
        "usr": 0o755,
        "usr/bin/demo": 0o755,
        "usr/share/closed": 0o700,
        "usr/share/closed/größer": 0o600,
        "usr/share/other": 0o644,
    }
    for name in ("in", "out", "build", "dev", "proc", "tmp"):
        assert list((root / name).iterdir()) == []
    assert "build:x:1000:1000:" in (root / "etc/passwd").read_text()
    status = (root / "var/lib/dpkg/status").read_text()
    assert status.count("Status: install ok installed") == 2
    assert "Package: demo\nVersion: 1.0-1\n" in status
    assert {path.lstat().st_mtime for path in [root, *root.rglob("*")]} == {_TIME}


def test_the_scripts_of_a_package_neither_run_nor_reach_the_root(
    containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path
) -> None:
    script = f"#!/bin/sh\ntouch '{tmp_path}/ran'\n".encode()
    scripts = (file(f"./{name}", script, mode=0o755) for name in ("preinst", "postinst", "config"))
    said = b"Package: demo\nVersion: 1.0-1\nArchitecture: amd64\n"
    content = ar(
        debian__binary=b"2.0\n",
        control_tar=tar(file("./control", said), *scripts),
        data_tar=tar(file("./usr/bin/demo")),
    )
    package = Deb("demo", "1.0-1", content)
    mirror(package)
    root = tmp_path / "root"
    make_root(locked(containers, package.locked()), root, fetcher)
    assert (root / "usr/bin/demo").is_file()
    assert not (tmp_path / "ran").exists()
    assert [path for path in root.rglob("*") if path.is_file() and b"touch" in path.read_bytes()] == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_digest_is_the_same_each_time(lock: Lock, fetcher: Fetcher, tmp_path: Path, umask: int) -> None:
    former = os.umask(umask)
    try:
        made = make_root(lock, tmp_path / "another place", fetcher)
    finally:
        os.umask(former)
    assert (made.sha256, made.size) == (lock.root_sha256, lock.root_size)
    assert contents(tmp_path / "another place") == contents(tmp_path / "first")


def test_the_digest_is_of_every_byte(
    containers: Path, lock: Lock, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path
) -> None:
    altered = deb("other", OTHER.version, folder("./usr/"), file("./usr/share/other", b"Content\n"))
    mirror(altered)
    made = make_root(locked(containers, DEMO.locked(), altered.locked()), tmp_path / "root", fetcher)
    assert made.size == lock.root_size
    assert made.sha256 != lock.root_sha256


@pytest.mark.parametrize("compression", ["tar", "bz2"])
def test_packages_may_be_compressed_in_other_ways(
    containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path, compression: str
) -> None:
    package = deb("demo", "1.0-1", file("./usr/bin/demo"), compression=compression)
    mirror(package)
    make_root(locked(containers, package.locked()), tmp_path / "root", fetcher)
    assert (tmp_path / "root/usr/bin/demo").read_bytes() == b"content\n"


def foreign(*members: Member, architecture: str = "arm64", says: str = "arm64") -> tuple[Deb, LockedPackage]:
    """The package ``other`` for another architecture, and how it is locked."""
    made = replace(
        deb("other", OTHER.version, *members, architecture=says),
        architecture=architecture,
    )
    return made, made.locked(name=f"other:{architecture}")


@pytest.mark.usefixtures("lock")
def test_packages_of_another_architecture_share_files_with_those_of_their_own(
    containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path
) -> None:
    package, pinned = foreign(file("./usr/share/other"), file("./usr/lib/arm/other"))
    mirror(package)
    # They come last, wherever they stand.
    for number, packages in enumerate([[DEMO.locked(), OTHER.locked(), pinned], [pinned, OTHER.locked()]]):
        root = tmp_path / str(number)
        make_root(locked(containers, *packages), root, fetcher)
        assert (root / "usr/share/other").read_bytes() == (root / "usr/lib/arm/other").read_bytes()
        status = (root / "var/lib/dpkg/status").read_text()
        assert status.count("Package: other\n") == 2
        assert status.count("Architecture: arm64\n") == 1
    written(containers, locked(containers, DEMO.locked(), OTHER.locked(), pinned))


@pytest.mark.usefixtures("lock")
@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (foreign(file("./usr/share/other", b"x")), "'usr/share/other' appears twice, and not the same"),
        (foreign(file("./usr/more"), says="amd64"), "for arm64 contains other 1:2.0"),
    ],
)
def test_a_package_that_is_not_of_its_architecture_is_refused(
    made: tuple[Deb, LockedPackage],
    complaint: str,
    containers: Path,
    mirror: Callable[[Deb], str],
    fetcher: Fetcher,
    tmp_path: Path,
) -> None:
    package, pinned = made
    mirror(package)
    with pytest.raises(IntegrityError) as caught:
        make_root(locked(containers, OTHER.locked(), pinned), tmp_path / "root", fetcher)
    assert complaint in caught.value.message


def test_packages_say_which_architectures_there_are(containers: Path) -> None:
    assert load_definition(containers / "demo").architectures == ["amd64"]
    path = containers / "demo" / "environment.toml"
    path.write_text(DEFINITION.replace('"other"', '"other:arm64", "other:amd64", "more:arm64", "x1:armhf"'))
    assert load_definition(containers / "demo").architectures == ["amd64", "arm64", "armhf"]


# What is refused


def test_a_lock_with_a_wrong_hash_is_refused_and_the_mirror_named(
    containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path
) -> None:
    url = mirror(DEMO)
    lock = locked(containers, DEMO.locked(sha256="1" * 64))
    with pytest.raises(IntegrityError) as caught:
        make_root(lock, tmp_path / "root", fetcher)
    assert f"{url}: it has SHA-256 {sha256_bytes(DEMO.content)}, expected {'1' * 64}" in caught.value.message
    assert "demo 1.0-1" in caught.value.message
    assert not (tmp_path / "root").exists()


def test_a_lock_with_a_wrong_size_is_refused(
    containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path
) -> None:
    mirror(DEMO)
    lock = locked(containers, DEMO.locked(size=len(DEMO.content) - 1))
    with pytest.raises(IntegrityError, match=f"more than the expected {len(DEMO.content) - 1} bytes"):
        make_root(lock, tmp_path / "root", fetcher)


def test_where_no_mirror_has_a_package_it_says_why_that_may_be(
    containers: Path, fetcher: Fetcher, tmp_path: Path
) -> None:
    with pytest.raises(NetworkError) as caught:
        make_root(locked(containers, DEMO.locked()), tmp_path / "root", fetcher)
    assert "the server answered 404" in caught.value.message
    assert f"{SNAPSHOT_ARCHIVE}/{SNAPSHOT}/{DEMO.path}: " in caught.value.message
    assert "only the snapshot archive keeps them" in caught.value.remedy


@pytest.mark.parametrize(
    ("package", "complaint"),
    [
        (
            deb("demo", "1.0-1", says="1.0-2"),
            "the file of demo 1.0-1 for amd64 contains demo 1.0-2 for amd64",
        ),
        (Deb("demo", "1.0-1", OTHER.content), f"contains other {OTHER.version}"),
        (Deb("demo", "1.0-1", b"not an archive at all"), "demo: not a Debian package"),
        (Deb("demo", "1.0-1", b"!<arch>\n"), "demo: not a Debian package"),
        (Deb("demo", "1.0-1", ar(debian__binary=b"2.0\n")), "demo: not a Debian package"),
        (
            Deb("demo", "1.0-1", ar(debian__binary=b"2.0\n", control_tar=control("demo", "1.0-1"))),
            "demo: not a Debian package",
        ),
        (
            Deb(
                "demo",
                "1.0-1",
                ar(debian__binary=b"2.0\n", control_tar=control("demo", "1.0-1"), data_tar_xz=b"no xz"),
            ),
            "demo 1.0-1 is damaged",
        ),
        (
            Deb("demo", "1.0-1", ar(debian__binary=b"2.0\n", control_tar_gz=b"no gzip", data_tar=tar())),
            "demo",
        ),
        (
            Deb(
                "demo",
                "1.0-1",
                ar(debian__binary=b"2.0\n", control_tar=tar(file("./control", b"A: b\n")), data_tar=tar()),
            ),
            "demo",
        ),
        (Deb("demo", "1.0-1", DEMO.content[:-250]), "demo"),
        (deb("demo", "1.0-1", file("../outside")), "leads out of the archive"),
    ],
    ids=[
        "other version",
        "other package",
        "no archive",
        "empty",
        "no control",
        "no data",
        "damaged data",
        "damaged control",
        "no name",
        "cut short",
        "leads out",
    ],
)
def test_a_package_that_is_not_what_its_lock_says_is_refused(
    containers: Path,
    mirror: Callable[[Deb], str],
    fetcher: Fetcher,
    tmp_path: Path,
    package: Deb,
    complaint: str,
) -> None:
    mirror(package)
    with pytest.raises(IntegrityError, match=re.escape(complaint)):
        make_root(locked(containers, package.locked()), tmp_path / "root", fetcher)


def test_two_packages_with_one_file_are_refused(
    containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path
) -> None:
    packages = [deb(name, "1", file("./usr/bin/same")) for name in ("demo", "other")]
    for package in packages:
        mirror(package)
    with pytest.raises(IntegrityError, match="'usr/bin/same' appears twice"):
        make_root(locked(containers, *(package.locked() for package in packages)), tmp_path / "root", fetcher)


# The cache


def test_a_root_is_made_once(environment: Environment, fetcher: Fetcher, site: Site, cache: Path) -> None:
    root = ensure_root(environment, fetcher)
    assert (root.path / "usr/bin/demo").is_file()
    assert left_in(cache) == [environment.lock.root_sha256]
    asked = sum(len(page.asked) for page in site.pages.values())
    again = ensure_root(environment, Fetcher(fetcher.store, offline=True))
    assert again.path == root.path
    assert sum(len(page.asked) for page in site.pages.values()) == asked


def _append(root: Path) -> None:
    (root / "usr/lib/libdemo.so.1").chmod(0o644)
    (root / "usr/lib/libdemo.so.1").write_bytes(b"another library")


def _add(root: Path) -> None:
    (root / "usr/bin/trap").write_text("#!/bin/sh\n")


def _remove(root: Path) -> None:
    (root / "usr/share/other").unlink()


def _open(root: Path) -> None:
    (root / "usr/bin/demo").chmod(0o4755)


def _redirect(root: Path) -> None:
    (root / "usr/bin/demo-link").unlink()
    (root / "usr/bin/demo-link").symlink_to("/usr/bin/trap")


def _date(root: Path) -> None:
    os.utime(root / "usr/bin/demo", (1, 1))


def _mark(root: Path) -> None:
    os.setxattr(root / "usr/bin/demo", "user.mark", b"1")


def _link(root: Path) -> None:
    os.link(root / "usr/bin/demo", root.parent / "another name")


def _replace(root: Path) -> None:
    root.rename(root.with_name("moved"))
    root.symlink_to("moved")


@pytest.mark.parametrize("alter", [_append, _add, _remove, _open, _redirect, _date, _mark, _link, _replace])
def test_a_root_altered_in_the_cache_is_made_anew(
    environment: Environment,
    fetcher: Fetcher,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    alter: Callable[[Path], None],
) -> None:
    alter(ensure_root(environment, fetcher).path)
    root = ensure_root(environment, Fetcher(fetcher.store, offline=True))
    said = capsys.readouterr().err
    assert re.search(r"warning: the cached environment demo was altered \(.+\); it is made again", said)
    assert contents(root.path) == contents(tmp_path / "first")


@pytest.mark.parametrize("intruder", [os.mkfifo, os.mkdir])
def test_what_has_no_place_in_a_root_is_noticed_too(
    environment: Environment, fetcher: Fetcher, tmp_path: Path, intruder: Callable[[Path], None]
) -> None:
    intruder(ensure_root(environment, fetcher).path / "intruder")
    assert contents(ensure_root(environment, fetcher).path) == contents(tmp_path / "first")


def test_a_root_that_is_not_the_locked_one_is_refused(
    containers: Path, lock: Lock, fetcher: Fetcher, cache: Path
) -> None:
    other = written(containers, lock.model_copy(update={"root_sha256": "2" * 64}))
    with pytest.raises(MismatchError) as caught:
        ensure_root(other, fetcher)
    assert (
        f"environment demo has root digest {lock.root_sha256}, its lock says {'2' * 64}"
        in caught.value.message
    )
    assert "do not build in it" in caught.value.remedy
    assert left_in(cache) == []


def test_a_root_that_could_not_be_made_leaves_nothing(
    containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, cache: Path
) -> None:
    package = deb("demo", "1.0-1", file("./usr/bin/demo"), file("./usr/bin/demo"))
    mirror(package)
    environment = written(containers, locked(containers, package.locked()))
    with pytest.raises(IntegrityError):
        ensure_root(environment, fetcher)
    assert left_in(cache) == []
