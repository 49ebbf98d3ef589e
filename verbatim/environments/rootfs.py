"""Root file systems: made from a lock, kept in the cache, and read anew before each use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from debian.arfile import ArError
from debian.deb822 import Deb822
from debian.debfile import DebError, DebFile
from filelock import FileLock

from verbatim import console
from verbatim.archive.canonical import write_tree
from verbatim.archive.read import read_member
from verbatim.archive.unpack import Unpacker
from verbatim.digest import HashingWriter
from verbatim.environments.activate import activate
from verbatim.environments.lock import Environment, Lock, LockedPackage
from verbatim.environments.mirrors import debian_urls
from verbatim.environments.wheels import fetch_wheels
from verbatim.errors import IntegrityError, MismatchError
from verbatim.fetch import Download, Fetcher
from verbatim.paths import cache_directory
from verbatim.scratch import remove_tree, scratch

#: Where an engine mounts things, and must find a folder, since the root itself is read-only.
MOUNT_POINTS = ("in", "out", "build", "dev", "proc", "tmp")
#: Those where the recipe writes: a volume of Docker's takes over the mode of the folder that it covers.
_WRITABLE = ("build", "out")

_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\nbuild:x:1000:1000:build:/build:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nstaff:x:50:\nbuild:x:1000:\n",
    "etc/hosts": "127.0.0.1 localhost build\n",
}


@dataclass(frozen=True)
class Root:
    """An environment's root file system, just seen to be the locked one."""

    path: Path
    environment: Environment


def ensure_root(environment: Environment, fetcher: Fetcher) -> Root:
    """The environment's root, from the cache or made now.

    Raises MismatchError if it comes out other than its lock says; then nothing may be built in it.
    """
    lock = environment.lock
    roots = cache_directory() / "environments"
    roots.mkdir(parents=True, exist_ok=True)
    path = roots / lock.root_sha256
    with FileLock(roots / f"{lock.root_sha256}.lock"):
        if path.exists():
            with console.progress(f"checking environment {environment.name}", lock.root_size) as advance:
                intact = _is_intact(path, lock, advance)
            if intact:
                return Root(path, environment)
            console.warn(f"the cached environment {environment.name} was altered; it is made anew")
            remove_tree(path)
        with scratch(roots) as work:
            tree = make_root(lock, work / "root", fetcher, environment.definition.activate)
            if tree.sha256 != lock.root_sha256:
                raise MismatchError(
                    f"environment {environment.name} has root digest {tree.sha256}, its lock says {lock.root_sha256}",
                    "do not build in it; report this machine and its file system",
                )
            os.rename(work / "root", path)
        return Root(path, environment)


def _is_intact(root: Path, lock: Lock, advance: console.Advance) -> bool:
    """Read a cached root through."""
    try:
        return write_tree(root, lock.time, _Bar(advance)).sha256 == lock.root_sha256
    except IntegrityError:
        # Something is in it that no root has.
        return False


def make_root(lock: Lock, folder: Path, fetcher: Fetcher, commands: Sequence[str] = ()) -> HashingWriter:
    """Lay out a root file system in a new folder; give its digest and size.

    No maintainer script runs, but the definition's own ``commands`` do, inside; raises what `activate` does.
    """
    packages = fetcher.fetch_all(
        [_download(package, lock.snapshot) for package in lock.package],
        f"{len(lock.package)} Debian packages",
    )
    wheels = fetch_wheels(lock, fetcher.store, offline=fetcher.offline)
    folder.mkdir()
    unpacker = Unpacker(folder, root_file_system=True)
    with console.progress("unpacking the environment", len(packages), unit="things") as advance:
        stanzas = _unpack_packages(unpacker, lock.package, packages, advance)
    for locked, wheel in zip(lock.wheel, wheels, strict=True):
        unpacker.wheel(locked.file, wheel, ("usr", "local", "lib", f"python{lock.python}", "dist-packages"))
    unpacker.finish()
    folder.chmod(0o755)
    _add_what_no_package_brings(folder, stanzas)
    if commands:
        activate(folder, lock.architecture, commands, lock.time)
    _set_times(folder, lock.time)
    return write_tree(folder, lock.time)


def _download(package: LockedPackage, snapshot: str) -> Download:
    return Download(
        name=f"{package.name} {package.version}",
        sha256=package.sha256,
        size=package.size,
        urls=debian_urls(package.path, snapshot),
        remedy="mirrors drop old packages at a point release and only the snapshot archive keeps them: "
        "make it reachable, or have a maintainer make the lock anew (./invoke lock)",
    )


def _unpack_packages(
    unpacker: Unpacker, locked: Sequence[LockedPackage], files: Sequence[Path], advance: console.Advance
) -> list[str]:
    def unpack(pair: tuple[LockedPackage, Path]) -> str:
        stanza = _unpack_package(unpacker, *pair)
        advance(1)
        return stanza

    pairs = list(zip(locked, files, strict=True))
    own = [pair for pair in pairs if not pair[0].is_foreign]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        stanzas = dict(zip(own, workers.map(unpack, own), strict=True))
    # They may bring what is there already, and must find it whole.
    stanzas |= {pair: unpack(pair) for pair in pairs if pair not in stanzas}
    return [stanzas[pair] for pair in pairs]


def _unpack_package(unpacker: Unpacker, package: LockedPackage, file: Path) -> str:
    """Unpack a .deb; give the stanza that dpkg would keep of it in its status file."""
    try:
        with DebFile(file) as deb:
            (part,) = [name for name in deb.getnames() if name.startswith("control.tar")]
            control = Deb822(read_member(f"{package.name}: {part}", deb.getmember(part), "control"))
            said = f"{control['Package']} {control['Version']} for {control['Architecture']}"
            wanted = f"{package.plain_name} {package.version} for {package.architecture}"
            if said != wanted:
                raise IntegrityError(f"the file of {wanted} says that it is {said}", "make the lock anew")
            (part,) = [name for name in deb.getnames() if name.startswith("data.tar")]
            unpacker.tar(f"{package.name} {package.version}", deb.getmember(part), shares=package.is_foreign)
    except (ArError, DebError, KeyError, ValueError) as error:
        raise IntegrityError(
            f"{package.name}: not a Debian package: {error}", "make the lock anew"
        ) from error
    control["Status"] = "install ok installed"
    return control.dump()


def _add_what_no_package_brings(root: Path, stanzas: Sequence[str]) -> None:
    """The merged /usr, mount points, two users, and dpkg's list of what is installed."""
    for name in ("bin", "lib", "lib64", "sbin"):
        _make_folder(root / "usr" / name)
        (root / name).symlink_to(f"usr/{name}")
    for name in MOUNT_POINTS:
        _make_folder(root / name)
    for name in _WRITABLE:
        (root / name).chmod(0o777)
    for name, text in {**_FILES, "var/lib/dpkg/status": "\n".join(stanzas)}.items():
        path = root / name
        _make_folder(path.parent)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)


def _make_folder(path: Path) -> None:
    """Make a folder and those above it, where missing, whatever the umask."""
    if not path.exists():
        _make_folder(path.parent)
        path.mkdir()
        path.chmod(0o755)


def _set_times(root: Path, time: int) -> None:
    """Give every file the lock's time, deepest first, so that a recipe sees the times of the digest."""
    for folder, folders, files in os.walk(os.fsencode(root), topdown=False):
        # A link to a folder is among the folders, but not walked into.
        for name in [*folders, *files]:
            os.utime(os.path.join(folder, name), (time, time), follow_symlinks=False)
        os.utime(folder, (time, time), follow_symlinks=False)


class _Bar:
    """A sink that only advances a bar."""

    def __init__(self, advance: console.Advance) -> None:
        self._advance = advance

    def write(self, data: bytes) -> int:
        self._advance(len(data))
        return len(data)
