"""What is started on this machine itself loads files of the few packages that it needs, and of no other."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from tests.archives import Member, file, link
from tests.debs import deb
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import environment_folder, environment_names
from verbatim.environments.host_programs import BUBBLEWRAP, DISORDERFS, Program, fetch_launched, lay_out
from verbatim.environments.lock import Environment, Lock
from verbatim.environments.rootfs import Root, make_root
from verbatim.errors import IntegrityError
from verbatim.fetch import Fetcher
from verbatim.store import Store

pytestmark = pytest.mark.integration

_LIBRARIES = "./usr/lib/x86_64-linux-gnu"
#: Not libraries at all: whatever loads one fails.
_TRAPS = (
    *(
        file(f"{_LIBRARIES}/{folder}/{name}", b"a trap")
        for folder in ("glibc-hwcaps/x86-64-v2", "glibc-hwcaps/x86-64-v3", "tls", "haswell", "x86_64")
        for name in ("libcap.so.2", "libselinux.so.1", "libpcre2-8.so.0")
    ),
    file("./etc/ld.so.preload.d/trap", b"a trap"),
    link("./usr/lib/libcap.so.2", "/tmp/trap"),
)


def _with(lock: Lock, store: Store, *members: Member) -> Lock:
    """An environment with one more package."""
    package = deb("a-trap", "1", *members)
    store.add(io.BytesIO(package.content))
    return lock.model_copy(update={"package": [*lock.package, package.locked()]})


def _locks(program: Program) -> list[Lock]:
    """Of each of Debian's suites, one environment that has the program."""
    locks = [Environment(environment_folder(name)).lock for name in environment_names()]
    return list({lock.suite: lock for lock in locks if program.name in program.needed(lock)}.values())


@pytest.mark.parametrize("program", [BUBBLEWRAP, DISORDERFS], ids=lambda program: program.name)
def test_all_that_is_loaded_is_from_its_own_packages(program: Program, cache: Path, tmp_path: Path) -> None:
    for lock in _locks(program):
        fetch_launched(lock, Fetcher(Store(cache)))
        folder = tmp_path / lock.suite
        folder.mkdir(mode=0o700)
        loader, *options, path = lay_out(program, lock, folder)
        listed = subprocess.run(
            [loader, *options, "--list", path], capture_output=True, text=True, check=True, env={}
        )
        loaded = [line.split(" => ")[1].split()[0] for line in listed.stdout.splitlines() if " => " in line]
        assert sorted([*loaded, path]) == sorted(str(each) for each in folder.iterdir())


def test_a_package_s_own_libraries_are_not_loaded_for_what_starts_the_sandbox(
    cache: Path, tmp_path: Path
) -> None:
    """Neither when its environment is made nor when something is built in it."""
    environment = Environment(environment_folder("debian-13"))
    store = Store(cache)
    fetch_launched(environment.lock, Fetcher(store))
    lock = _with(environment.lock, store, *_TRAPS)
    folder = tmp_path / "root"
    make_root(lock, folder, Fetcher(store), ["echo made > /usr/share/made"])
    assert (folder / "usr/share/made").read_text() == "made\n"
    assert (folder / "usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v2/libcap.so.2").read_bytes() == b"a trap"
    for name in ("output", "build"):
        (tmp_path / name).mkdir()
    job = Job(
        argv=["/usr/bin/bash", "-c", "echo started"],
        root=Root(folder, environment),
        epoch=0,
        inputs={},
        output=tmp_path / "output",
        build=tmp_path / "build",
        log=tmp_path / "log",
    )
    assert (Sandbox().run(job), job.log.read_text()) == (0, "started\n")


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        ("rmdir /in; ln -s /oldroot/root /in", "'in' cannot be written"),
        ("rm /etc/hosts; ln -s /oldroot/etc/hosts /etc/hosts", "'etc/hosts' cannot be written"),
    ],
)
def test_what_an_engine_mounts_on_is_no_link_whatever_activates_the_environment(
    commands: str, said: str, cache: Path, tmp_path: Path
) -> None:
    lock = Environment(environment_folder("debian-13")).lock
    with pytest.raises(IntegrityError, match=said):
        make_root(lock, tmp_path / "root", Fetcher(Store(cache)), [commands])


def test_an_environment_without_bubblewrap_is_told(tmp_path: Path) -> None:
    lock = Environment(environment_folder("debian-13")).lock
    without = lock.model_copy(update={"package": [one for one in lock.package if one.name != "libcap2"]})
    with pytest.raises(IntegrityError, match=r"no package of the environment has libcap\.so\.2"):
        lay_out(BUBBLEWRAP, without, tmp_path)
