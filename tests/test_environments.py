"""Environments: what is asked for, what is pinned, and a root that comes out the same each time."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli
import tomli_w
from hypothesis import example, given
from hypothesis import strategies as st

from tests.archives import Member, contents, file, folder, link, tar, wheel
from tests.debs import Deb, ar, control, deb
from tests.servers import Site
from verbatim.data import load_model
from verbatim.digest import sha256_bytes, sha256_file
from verbatim.environments import mirrors
from verbatim.environments.definition import (
    KINDS,
    environment_folder,
    environment_names,
    load_definition,
)
from verbatim.environments.lock import Environment, Lock, LockedPackage, LockedWheel
from verbatim.environments.mirrors import SNAPSHOT_ARCHIVE, debian_urls
from verbatim.environments.rootfs import ensure_root, make_root
from verbatim.environments.wheels import requirements
from verbatim.errors import IntegrityError, MismatchError, NetworkError, UsageError
from verbatim.fetch import Fetcher
from verbatim.store import Store

_SNAPSHOT = "20250611T000000Z"
_TIME = 1_749_600_000

_DEFINITION = """
# What the tests ask for.
description = "made by a test"
role = "source"
suite = "trixie"
architecture = "amd64"
python = "3.13"
packages = [
    "demo",
    "other",  # and another
]
"""


DEMO = deb(
    "demo",
    "1.0-1",
    folder("./lib/"),
    file("./lib/libdemo.so.1", b"a library"),
    folder("./usr/"),
    folder("./usr/bin/"),
    file("./usr/bin/demo", b"#!/bin/sh\n", mode=0o4755),
    link("./usr/bin/demo-link", "/usr/bin/demo"),
    folder("./usr/share/closed/", mode=0o2700),
    file("./usr/share/closed/größer", mode=0o600),
)
OTHER = deb("other", "1:2.0+b1~rc1", folder("./usr/"), file("./usr/share/other"), compression="gz")


@pytest.fixture(autouse=True)
def only_this_mirror(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without apt, where a mirror of Debian's archive is named."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setenv("VERBATIM_DEBIAN_MIRROR", f"{site.url}/debian/")
    mirrors._host_mirrors.cache_clear()
    yield
    mirrors._host_mirrors.cache_clear()


@pytest.fixture
def mirror(site: Site) -> Callable[[Deb], str]:
    """Put a package into the mirror; give its address there."""

    def put(package: Deb) -> str:
        site.serve(f"/debian/{package.path}", package.content)
        return f"{site.url}/debian/{package.path}"

    return put


@pytest.fixture
def containers(tmp_path: Path) -> Path:
    """A folder with one environment, ``demo``, that is not locked yet."""
    top = tmp_path / "containers" / "build"
    (top / "demo").mkdir(parents=True)
    (top / "demo" / "environment.toml").write_text(_DEFINITION)
    return top


def locked(containers: Path, *packages: LockedPackage, **other: Any) -> Lock:
    """A lock of the definition; its root digest is none unless it is given."""
    fields = {
        "definition_sha256": load_definition(containers / "demo").sha256,
        "snapshot": _SNAPSHOT,
        "suite": "trixie",
        "architecture": "amd64",
        "python": "3.13",
        "root_sha256": "0" * 64,
        "root_size": 0,
        "image_sha256": "0" * 64,
        "nar_sha256": "0" * 64,
        "package": list(packages),
    }
    return Lock.model_validate(fields | other)


@pytest.fixture
def lock(containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path) -> Lock:
    """The lock of two packages that the mirror has, with the digest of their root."""
    for package in (DEMO, OTHER):
        mirror(package)
    unmade = locked(containers, DEMO.locked(), OTHER.locked())
    made = make_root(unmade, tmp_path / "first", fetcher)
    return unmade.model_copy(update={"root_sha256": made.sha256, "root_size": made.size})


@pytest.fixture
def environment(containers: Path, lock: Lock) -> Environment:
    return written(containers, lock)


def written(containers: Path, lock: Lock) -> Environment:
    lock.write(containers / "demo" / "lock.toml", "demo")
    return Environment(containers / "demo")


def left_in(cache: Path) -> list[str]:
    """What is in the cache that looks like an environment, finished or not."""
    return sorted(path.name for path in (cache / "environments").iterdir() if path.suffix != ".lock")


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
        (foreign(file("./usr/share/other", b"x")), "'usr/share/other' is there twice, and not the same"),
        (foreign(file("./usr/more"), says="amd64"), "for arm64 says that it is other 1:2.0"),
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
    path.write_text(_DEFINITION.replace('"other"', '"other:arm64", "other:amd64", "more:arm64", "x1:armhf"'))
    assert load_definition(containers / "demo").architectures == ["amd64", "arm64", "armhf"]


def locked_wheel(path: Path) -> LockedWheel:
    return LockedWheel(name="demo", version="1.0", file=path.name, sha256=sha256_file(path))


def test_wheels_lie_where_python_finds_them(
    containers: Path, store: Store, fetcher: Fetcher, tmp_path: Path
) -> None:
    path = wheel(tmp_path / "demo-1.0-py3-none-any.whl", "demo/__init__.py", "demo-1.0.dist-info/METADATA")
    with path.open("rb") as opened:
        store.add(opened)
    make_root(locked(containers, wheel=[locked_wheel(path)]), tmp_path / "root", fetcher)
    modules = tmp_path / "root/usr/local/lib/python3.13/dist-packages"
    assert sorted(module.name for module in modules.iterdir()) == ["demo", "demo-1.0.dist-info"]


def test_offline_a_wheel_comes_from_the_cache(containers: Path, store: Store, tmp_path: Path) -> None:
    path = wheel(tmp_path / "demo-1.0-py3-none-any.whl", "demo/__init__.py")
    lock = locked(containers, wheel=[locked_wheel(path)])
    with pytest.raises(UsageError, match=r"demo-1\.0-py3-none-any\.whl is not in the cache"):
        make_root(lock, tmp_path / "root", Fetcher(store, offline=True))


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
    assert f"{SNAPSHOT_ARCHIVE}/{_SNAPSHOT}/{DEMO.path}: " in caught.value.message
    assert "only the snapshot archive keeps them" in caught.value.remedy


@pytest.mark.parametrize(
    ("package", "complaint"),
    [
        (
            deb("demo", "1.0-1", says="1.0-2"),
            "the file of demo 1.0-1 for amd64 says that it is demo 1.0-2 for amd64",
        ),
        (Deb("demo", "1.0-1", OTHER.content), f"says that it is other {OTHER.version}"),
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
    with pytest.raises(IntegrityError, match="'usr/bin/same' is there twice"):
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
    assert re.search(r"warning: the cached environment demo was altered \(.+\); it is made anew", said)
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


# The files


def test_every_environment_of_the_project_is_locked() -> None:
    assert "source" in environment_names()
    for name in environment_names():
        lock = Environment(environment_folder(name)).lock
        names = [package.name for package in lock.package]
        assert names == sorted(set(names))
        assert lock.root_size > 0


def test_the_environments_are_found_by_name(containers: Path) -> None:
    (containers / "not one").mkdir()
    assert environment_names(containers.parent) == ["demo"]
    assert environment_names(containers.parent, "docs") == []
    assert environment_folder("demo", containers.parent) == containers / "demo"


def test_every_environment_is_in_the_folder_of_its_role() -> None:
    for name in environment_names():
        folder = environment_folder(name)
        assert load_definition(folder).role in KINDS[folder.parent.name], folder
    assert len(set(environment_names())) == len(environment_names())


@pytest.mark.parametrize("first", ['first = "3.13.0"\n', ""])
def test_only_documentation_says_which_release_is_its_first(containers: Path, first: str) -> None:
    text = _DEFINITION if first else _DEFINITION.replace('role = "source"', 'role = "docs"')
    (containers / "demo" / "environment.toml").write_text(first + text)
    with pytest.raises(IntegrityError, match="first: documentation has it, and nothing else has"):
        load_definition(containers / "demo")


@pytest.mark.parametrize("name", ["", ".", "..", "demo/", "../containers/demo", "DEMO", "demo\n", "other"])
def test_another_name_is_no_environment(containers: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"there is no environment .*; there are: demo"):
        environment_folder(name, containers.parent)


def test_a_lock_is_read_back_as_it_was_written(
    containers: Path, environment: Environment, lock: Lock
) -> None:
    path = containers / "demo" / "lock.toml"
    first = path.read_bytes()
    assert load_model(path, Lock, "") == lock == environment.lock
    assert environment.lock_sha256 == sha256_bytes(first)
    assert first.startswith(b"# Written by `./invoke lock --environment demo`")
    lock.write(path, "demo")
    assert path.read_bytes() == first


def test_a_definition_may_be_told_in_other_words(containers: Path, environment: Environment) -> None:
    path = containers / "demo" / "environment.toml"
    path.write_text("# Another comment.\n" + _DEFINITION.replace("made by a test", "made for a test"))
    assert Environment(containers / "demo").lock == environment.lock


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ('"other"', '"others"'),
        ('"trixie"', '"sid"'),
        ('"3.13"', '"3.14"'),
        ('"amd64"', '"arm64"'),
        ('python = "3.13"', ""),
        ("packages", 'wheels = ["blurb==2.0"]\npackages'),
    ],
)
@pytest.mark.usefixtures("environment")
def test_a_lock_of_another_definition_is_refused(containers: Path, said: str, instead: str) -> None:
    path = containers / "demo" / "environment.toml"
    path.write_text(_DEFINITION.replace(said, instead))
    with pytest.raises(IntegrityError) as caught:
        Environment(containers / "demo")
    assert str(containers / "demo" / "lock.toml") in caught.value.message
    assert "./invoke lock --environment demo" in caught.value.remedy


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("suite", "Trixie!"),
        ("suite", 13),
        ("architecture", "amd 64"),
        ("packages", ["Demo"]),
        ("packages", ["demo=1.0"]),
        ("packages", ["-o", "x"]),
        ("packages", ["demo:"]),
        ("packages", ["demo:arm64:x"]),
        ("packages", "demo"),
        ("packages", None),
        ("wheels", ["blurb"]),
        ("wheels", ["blurb>=2"]),
        ("wheels", ["blurb==2.0 --index-url=x"]),
        ("wheels", ["--pre==1"]),
        ("python", "2.7"),
        ("python", "3.13.5"),
        ("description", None),
        ("mirror", "https://example.invalid/debian"),
    ],
)
def test_a_definition_that_asks_for_what_is_none_is_refused(
    containers: Path, key: str, value: object
) -> None:
    path = containers / "demo" / "environment.toml"
    altered = {
        name: said for name, said in (tomli.loads(_DEFINITION) | {key: value}).items() if said is not None
    }
    path.write_text(tomli_w.dumps(altered))
    with pytest.raises(IntegrityError) as caught:
        load_definition(containers / "demo")
    assert caught.value.message.startswith(f"{path}: {key}")


def test_a_definition_may_take_from_a_base_what_it_does_not_say(containers: Path) -> None:
    bases = containers.parent / "bases"
    bases.mkdir()
    (bases / "root.toml").write_text(_DEFINITION)
    (bases / "more.toml").write_text('like = "root"\npackages = ["more"]\n')
    for name, like in (("child", "root"), ("grandchild", "more")):
        (containers / name).mkdir()
        (containers / name / "environment.toml").write_text(f'description = "{name}"\nlike = "{like}"\n')
    demo, child, grandchild = (load_definition(containers / name) for name in ("demo", "child", "grandchild"))
    assert child == demo.model_copy(update={"description": "child"})
    assert grandchild == demo.model_copy(update={"description": "grandchild", "packages": ["more"]})
    assert grandchild.sha256 != child.sha256 == demo.sha256


@pytest.mark.parametrize(
    ("like", "said"),
    [
        ('"one"', "bases/two.toml: like: one is like itself"),
        ('"demo"', "bases/demo.toml is missing"),
        ('"../demo"', "build/demo/environment.toml: like: '../demo' is not a valid name of a base"),
        ("3", "build/demo/environment.toml: like: 3 is not a valid name of a base"),
    ],
)
def test_a_definition_like_itself_or_like_none_is_refused(containers: Path, like: str, said: str) -> None:
    bases = containers.parent / "bases"
    bases.mkdir()
    for base, other in (("one", "two"), ("two", "one")):
        (bases / f"{base}.toml").write_text(f'like = "{other}"\n')
    (containers / "demo" / "environment.toml").write_text(f"like = {like}\n{_DEFINITION}")
    with pytest.raises(IntegrityError) as caught:
        load_definition(containers / "demo")
    assert caught.value.message == f"{containers.parent}/{said}"


@pytest.mark.parametrize("name", ["environment.toml", "lock.toml"])
@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "is missing"), (b"not = toml = at all", "is not TOML"), (b"\xff\xfe", "is not TOML")],
)
@pytest.mark.usefixtures("environment")
def test_a_damaged_file_is_told_with_its_path(
    containers: Path, name: str, content: bytes | None, complaint: str
) -> None:
    path = containers / "demo" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(IntegrityError, match=f"{path} {complaint}"):
        Environment(containers / "demo")


_DEMO_PATH = "pool/main/d/demo/demo_1.0-1_amd64.deb"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("definition_sha256", "0" * 63),
        ("root_sha256", "A" * 64),
        ("root_sha256", "0" * 64 + "\n"),
        ("root_size", "large"),
        ("snapshot", "2025-06-11"),
        ("snapshot", "20251399T000000Z"),
        ("mirror", "https://example.invalid/debian"),
        ("root_sha256", None),
        ("package", None),
        ("package.0.sha256", "0" * 65),
        ("package.0.sha256", None),
        ("package.0.size", 0),
        ("package.0.size", -1),
        ("package.0.name", "../demo"),
        ("package.0.signed", False),
        ("package.0.path", "../../etc/passwd.deb"),
        ("package.0.path", f"pool/../{_DEMO_PATH}"),
        ("package.0.path", f"/{_DEMO_PATH}"),
        ("package.0.path", f"https://example.invalid/{_DEMO_PATH}"),
        ("package.0.path", f"{_DEMO_PATH}?x=.deb"),
        ("package.0.path", f"{_DEMO_PATH}\n"),
        ("package.0.path", "pool/main/d/demo/demo_1.0-1_amd64.tar"),
        ("wheel.0.file", "../demo-1.0-py3-none-any.whl"),
        ("wheel.0.file", "demo.whl"),
        ("wheel.0.sha256", ""),
        ("package.0.version", "1.0 --option"),
        ("package.0.version", "1.0\n"),
        ("package.0.version", ""),
        ("package.0.architecture", "amd64\n"),
        ("suite", "trixie main\ndeb"),
        ("architecture", "../amd64"),
        ("python", "3.13/../.."),
        *(
            ("wheel.0.name", name)
            for name in (
                "",
                "-r",
                "--pre",
                "demo\n--no-index",
                "demo ",
                "de mo",
                "demo#",
                "demo;",
                "demo @ file:x",
            )
        ),
        *(
            ("wheel.0.version", version)
            for version in ("", "*", "1.0,>0", "1.0 --pre", "1.0\n-r x", "1.0;", "1.0#")
        ),
    ],
)
def test_a_lock_that_is_damaged_is_told_with_its_path(
    containers: Path, lock: Lock, place: str, value: object
) -> None:
    one = LockedWheel(name="demo", version="1.0", file="demo-1.0-py3-none-any.whl", sha256="0" * 64)
    path = containers / "demo" / "lock.toml"
    lock.model_copy(update={"wheel": [one]}).write(path, "demo")
    Environment(containers / "demo")
    damaged: Any = tomli.loads(path.read_text())
    inner = damaged
    *steps, last = place.split(".")
    for step in steps:
        inner = inner[int(step) if step.isdigit() else step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    path.write_text(tomli_w.dumps(damaged))
    with pytest.raises(IntegrityError) as caught:
        Environment(containers / "demo")
    assert caught.value.message.startswith(f"{path}: {place}: ")
    assert len(caught.value.message) < 500
    assert "restore it, for instance with git checkout" in caught.value.remedy


_ODD = st.text(st.sampled_from("ab0.-_+!=<>~,;#@/\\'\" \t\n\r\x0b\x0c\x85\u2028-"), max_size=12)


@given(_ODD, _ODD)
@example("demo==1 --hash=sha256:00\n--no-index\n--find-links /tmp\n#", "1")
@example("demo", "1.0\n")
def test_a_locked_wheel_is_one_requirement_for_pip_and_no_option(name: str, version: str) -> None:
    """Of whatever a lock may hold, pip reads one line, of which it takes the hash alone for an option."""
    try:
        one = LockedWheel(name=name, version=version, file="demo-1.0-py3-none-any.whl", sha256="0" * 64)
    except ValueError:
        return
    [line] = requirements([one]).splitlines()
    said, option = line.split()
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][0-9a-z.+!]*", said)
    assert (said, option) == (f"{name}=={version}", f"--hash=sha256:{'0' * 64}")


def test_a_package_whose_file_is_of_another_is_refused(containers: Path, lock: Lock) -> None:
    swapped = [DEMO.locked(path=OTHER.path), OTHER.locked(path=DEMO.path)]
    lock.model_copy(update={"package": swapped}).write(containers / "demo" / "lock.toml", "demo")
    with pytest.raises(
        IntegrityError, match=f"{containers}/demo/lock.toml names a package whose file is of another"
    ):
        Environment(containers / "demo")


# The mirrors


def fake_apt(programs: Path, *uris: str) -> None:
    """An ``apt-get`` that would update from these places."""
    lines = "".join(f"echo \"'{uri}' example.invalid_dists_trixie_InRelease 0\"\n" for uri in uris)
    programs.mkdir()
    (programs / "apt-get").write_text(f'#!/bin/sh\n[ "$*" = "update --print-uris" ] || exit 1\n{lines}')
    (programs / "apt-get").chmod(0o755)


def test_the_users_mirrors_come_first_and_the_snapshot_archive_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "VERBATIM_DEBIAN_MIRROR", " https://one.example.invalid/debian/  http://two.example.invalid "
    )
    fake_apt(
        tmp_path / "programs",
        "http://apt.example.invalid/debian/dists/trixie/InRelease",
        "http://apt.example.invalid/debian/dists/trixie-updates/InRelease",
        "https://user@security.example.invalid/debian-security//dists/trixie-security/InRelease",
        "http://two.example.invalid/dists/trixie/InRelease",
        "file:/srv/mirror/dists/trixie/InRelease",
    )
    mirrors_in_order = [
        "https://one.example.invalid/debian",
        "http://two.example.invalid",
        "http://apt.example.invalid/debian",
        "https://user@security.example.invalid/debian-security",
    ]
    assert debian_urls("pool/x.deb") == tuple(f"{base}/pool/x.deb" for base in mirrors_in_order)
    with_snapshot = debian_urls("pool/x.deb", _SNAPSHOT)
    assert with_snapshot[:-1] == debian_urls("pool/x.deb")
    assert with_snapshot[-1] == f"{SNAPSHOT_ARCHIVE}/{_SNAPSHOT}/pool/x.deb"


def test_without_apt_and_without_a_mirror_there_is_the_snapshot_archive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VERBATIM_DEBIAN_MIRROR")
    assert debian_urls("pool/x.deb") == ()
    assert debian_urls("pool/a+b~1.deb", _SNAPSHOT) == (f"{SNAPSHOT_ARCHIVE}/{_SNAPSHOT}/pool/a%2Bb~1.deb",)
