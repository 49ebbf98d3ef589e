"""Packages that ship links where something is added later: no byte and no name outside the new root changes."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.archives import Member, contents, file, folder, link, wheel
from tests.debs import deb
from verbatim.digest import sha256_file
from verbatim.environments.lock import Lock, LockedWheel
from verbatim.environments.rootfs import MOUNT_POINTS, make_root
from verbatim.errors import IntegrityError
from verbatim.fetch import Fetcher
from verbatim.store import Store

#: What is made in a root after its packages are unpacked, and the folders that this is in.
ADDED = (
    *MOUNT_POINTS,
    *("bin", "lib", "lib64", "sbin", "usr", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin"),
    *("etc", "etc/passwd", "etc/group", "etc/hosts"),
    *("var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/status"),
    *("usr/local", "usr/local/lib", "usr/local/lib/python3.13", "usr/local/lib/python3.13/dist-packages"),
)


class Host:
    """What a package might reach: a user's files, and a root that is laid out beside them."""

    def __init__(self, top: Path) -> None:
        self.home = top / "home"
        (self.home / "ssh").mkdir(parents=True, mode=0o700)
        (self.home / "profile").write_text("# mine\n")
        self.root = top / "work" / "root"
        self.root.parent.mkdir()
        self._store = Store(top / "cache")
        self._before = self._seen()

    def _seen(self) -> object:
        times = {path: path.lstat().st_mtime_ns for path in (self.home, *self.home.rglob("*"))}
        return contents(self.home), os.lstat(self.home).st_mode, times

    def make(self, *members: Member) -> None:
        """Make a root of one package and one wheel, and see that the user's files are as they were."""
        package = deb("demo", "1", *members, compression="tar")
        module = wheel(self.root.parent / "demo-1.0-py3-none-any.whl", "demo/__init__.py")
        for content in (package.content, module.read_bytes()):
            self._store.add(io.BytesIO(content))
        locked = LockedWheel(name="demo", version="1.0", file=module.name, sha256=sha256_file(module))
        lock = Lock(
            definition_sha256="0" * 64,
            snapshot="20250611T000000Z",
            suite="trixie",
            architecture="amd64",
            python="3.13",
            root_sha256="0" * 64,
            root_size=1,
            image_sha256="0" * 64,
            nar_sha256="0" * 64,
            package=[package.locked()],
            wheel=[locked],
        )
        try:
            make_root(lock, self.root, Fetcher(self._store, offline=True))
        finally:
            assert self._seen() == self._before
            assert [path.name for path in self.root.parent.iterdir() if path.suffix != ".whl"] == ["root"]


@pytest.mark.parametrize("place", ADDED)
@pytest.mark.parametrize("target", ["home", "home/ssh", "home/profile", "home/new"])
def test_a_link_where_something_is_added_is_refused(place: str, target: str, tmp_path: Path) -> None:
    host = Host(tmp_path)
    with pytest.raises(IntegrityError, match=r"a link or another file is in its way|which is a link"):
        host.make(link(f"./{place}", str(tmp_path / target)))


def test_links_elsewhere_may_be_absolute(tmp_path: Path) -> None:
    """To a root, that is the root itself."""
    host = Host(tmp_path)
    host.make(link("./usr/bin/editor", "/etc/alternatives/editor"), file("./usr/bin/vi"))
    assert os.readlink(host.root / "usr/bin/editor") == "/etc/alternatives/editor"


@pytest.mark.parametrize("place", ["etc/hosts", "etc/passwd", "var/lib/dpkg/status", "build", "bin/x/y"])
def test_a_file_where_something_is_added_is_refused(place: str, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        Host(tmp_path).make(file(f"./{place}"), file("./usr/bin/x"))


targets = st.sampled_from(
    [
        "@",
        "@/ssh",
        "@/profile",
        "@/new",
        "/",
        "/tmp",
        ".",
        "usr",
        "etc",
        "/usr/bin",
        "usr/bin",
        "hosts",
        "passwd",
    ]
)
members = st.builds(
    lambda make, place, target: make(f"./{place}", target),
    st.sampled_from([link, lambda name, _: folder(name), lambda name, _: file(name)]),
    st.sampled_from(ADDED),
    targets,
)


@given(st.lists(members, min_size=1, max_size=5))
@example([link("./etc/hosts", "@/profile"), link("./build", "@/ssh"), link("./var/lib/dpkg/status", "@/new")])
@settings(deadline=None, max_examples=60)
def test_nothing_outside_the_root_changes(members: list[Member]) -> None:
    with tempfile.TemporaryDirectory() as name:
        host = Host(Path(name).resolve())
        named = [
            Member(each.name, each.content, each.kind, each.target.replace("@", str(host.home)), each.mode)
            for each in members
        ]
        with suppress(IntegrityError):
            host.make(*named)
