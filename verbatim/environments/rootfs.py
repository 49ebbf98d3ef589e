"""Root file systems: made from a lock, kept in the cache, and checked before each use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from verbatim import console
from verbatim.archive.canonical import write_tree
from verbatim.archive.unpack import Unpacker
from verbatim.archive.writer import Writer
from verbatim.caches import Cache
from verbatim.digest import HashingWriter
from verbatim.environments.activate import activate
from verbatim.environments.attributes import deviation, settle
from verbatim.environments.host_programs import fetch_launched
from verbatim.environments.lock import Environment, Lock, LockedPackage
from verbatim.environments.packages import fetch_packages, unpack_package
from verbatim.environments.wheels import fetch_wheels
from verbatim.errors import IntegrityError, MismatchError
from verbatim.fetch import Fetcher
from verbatim.scratch import locked_file, remove_tree, scratch

#: Root file systems, by their digests.
ENVIRONMENTS = Cache("environments")

#: Folders on which an engine mounts something; they must exist, since the root itself is read-only.
MOUNT_POINTS = ("in", "out", "build", "dev", "proc", "tmp")
#: Those where the recipe writes: Docker's volumes take the mode of the folder that they cover.
_WRITABLE = ("build", "out")

_FILES = {
    (
        "etc",
        "passwd",
    ): "root:x:0:0:root:/root:/usr/sbin/nologin\nbuild:x:1000:1000:build:/build:/usr/sbin/nologin\n",
    ("etc", "group"): "root:x:0:\nstaff:x:50:\nbuild:x:1000:\n",
    ("etc", "hosts"): "127.0.0.1 localhost build\n",
}
_STATUS = ("var", "lib", "dpkg", "status")


@dataclass(frozen=True)
class Root:
    """An environment's root file system, just checked against its lock."""

    path: Path
    environment: Environment


def ensure_root(environment: Environment, fetcher: Fetcher) -> Root:
    """The environment's root, from the cache or newly made.

    Raises MismatchError if its digest is not the lock's; then nothing may be built in it.
    """
    lock = environment.lock
    roots = ENVIRONMENTS.folder
    roots.mkdir(parents=True, exist_ok=True)
    path = roots / lock.root_sha256
    with locked_file(roots / f"{lock.root_sha256}.lock"):
        if path.is_symlink() or path.exists():
            with console.progress(f"checking environment {environment.name}", lock.root_size) as advance:
                altered = _alteration(path, lock, advance)
            if not altered:
                fetch_launched(lock, fetcher)
                return Root(path, environment)
            console.warn(
                f"the cached environment {environment.name} was altered ({altered}); it is made again"
            )
            _remove(path)
        with scratch(roots) as work:
            tree = make_root(lock, work / "root", fetcher, environment.definition.activate)
            if tree.sha256 != lock.root_sha256:
                raise MismatchError(
                    f"environment {environment.name} has root digest {tree.sha256}, its lock says {lock.root_sha256}",
                    "do not build in it; report this machine and its file system",
                )
            os.rename(work / "root", path)
        return Root(path, environment)


def _alteration(root: Path, lock: Lock, advance: console.Advance) -> str:
    """Read a whole cached root; give the first thing that was altered, or nothing."""
    if root.is_symlink():
        return "it is a link"
    try:
        return deviation(root, lock.time) or (
            "" if write_tree(root, lock.time, _Bar(advance)).sha256 == lock.root_sha256 else "its digest"
        )
    except IntegrityError as error:
        # It contains something that no root has.
        return error.message


def _remove(root: Path) -> None:
    if root.is_symlink():
        root.unlink()
    remove_tree(root)


def make_root(lock: Lock, folder: Path, fetcher: Fetcher, commands: Sequence[str] = ()) -> HashingWriter:
    """Make a root file system in a new folder; give its digest and size.

    No maintainer script runs, but the definition's own ``commands`` do, inside; raises what `activate` does.
    """
    packages = fetch_packages(lock.package, lock.snapshot, fetcher, f"{len(lock.package)} Debian packages")
    wheels = fetch_wheels(lock, fetcher.store, offline=fetcher.offline)
    folder.mkdir()
    unpacker = Unpacker(folder, root_file_system=True)
    with console.progress("unpacking the environment", len(packages), unit="things") as advance:
        stanzas = _unpack_packages(unpacker, lock.package, packages, advance)
    for locked, wheel in zip(lock.wheel, wheels, strict=True):
        unpacker.wheel(locked.file, wheel, ("usr", "local", "lib", f"python{lock.python}", "dist-packages"))
    unpacker.finish()
    folder.chmod(0o755)
    writer = Writer(folder)
    _add_missing_files(writer, stanzas)
    if commands:
        activate(folder, lock, commands)
        _check_covered_files(writer)
    settle(folder, lock.time)
    return write_tree(folder, lock.time)


def _unpack_packages(
    unpacker: Unpacker, locked: Sequence[LockedPackage], files: Sequence[Path], advance: console.Advance
) -> list[str]:
    def unpack(pair: tuple[LockedPackage, Path]) -> str:
        stanza = unpack_package(unpacker, *pair)
        advance(1)
        return stanza

    pairs = list(zip(locked, files, strict=True))
    own = [pair for pair in pairs if not pair[0].is_foreign]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        stanzas = dict(zip(own, workers.map(unpack, own), strict=True))
    # They may repeat files of the others, which must be complete by then.
    stanzas |= {pair: unpack(pair) for pair in pairs if pair not in stanzas}
    return [stanzas[pair] for pair in pairs]


def _add_missing_files(root: Writer, stanzas: Sequence[str]) -> None:
    """Add what no package has: the merged /usr, mount points, two users, and dpkg's list of packages."""
    for name in ("bin", "lib", "lib64", "sbin"):
        root.ensure_folder(("usr", name))
        root.link((name,), f"usr/{name}")
    for name in MOUNT_POINTS:
        root.ensure_folder((name,))
    for name in _WRITABLE:
        root.set_mode((name,), 0o777)
    for parts, text in (*_FILES.items(), (_STATUS, "\n".join(stanzas))):
        root.ensure_folder(parts[:-1])
        root.write(parts, BytesIO(text.encode()), 0o644)


def _check_covered_files(root: Writer) -> None:
    """Refuse links where an engine mounts something: its mounts would follow them."""
    for name in MOUNT_POINTS:
        root.ensure_folder((name,))
    for parts in _FILES:
        with root.reading(parts):
            pass


class _Bar:
    """A sink that only advances a bar."""

    def __init__(self, advance: console.Advance) -> None:
        self._advance = advance

    def write(self, data: bytes) -> int:
        self._advance(len(data))
        return len(data)
