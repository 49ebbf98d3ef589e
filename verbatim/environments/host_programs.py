"""Programs of an environment that run on this machine itself, outside the sandbox: bubblewrap and disorderfs.

Nothing from the root is loaded for them. The program, the loader and its libraries are taken straight
from the packages that they belong to, as the lock pins those, into a private folder: no other package's
file can replace one of them, whatever its name or path (ld.so(8): hardware capabilities, cache).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from verbatim.archive.unpack import Unpacker
from verbatim.archive.writer import Parts, Writer
from verbatim.caches import WORK
from verbatim.environments.architecture import ARCHITECTURES, Architecture
from verbatim.environments.lock import Lock, LockedPackage
from verbatim.environments.packages import fetch_packages, unpack_package
from verbatim.errors import IntegrityError, UsageError
from verbatim.fetch import Fetcher
from verbatim.paths import cache_directory
from verbatim.scratch import scratch
from verbatim.store import Store

_C_LIBRARY = "libc6"


@dataclass(frozen=True)
class Program:
    """A program, and the packages that its files come from; the loader comes from the C library's."""

    name: str
    #: The package that has it in ``/usr/bin``.
    package: str
    #: The libraries that the loader looks for, each with its package; some have other names in other Debian suites.
    libraries: tuple[tuple[str, str], ...]

    def needed(self, lock: Lock) -> dict[str, LockedPackage]:
        """By file name, the package that has it, for the packages in the lock."""
        locked = {package.name: package for package in lock.package}
        owners = ((self.name, self.package), *self.libraries)
        return {file: locked[package] for file, package in owners if package in locked}


BUBBLEWRAP = Program(
    "bwrap",
    "bubblewrap",
    (
        ("libc.so.6", _C_LIBRARY),
        ("libcap.so.2", "libcap2"),
        ("libpcre2-8.so.0", "libpcre2-8-0"),
        ("libselinux.so.1", "libselinux1"),
    ),
)
DISORDERFS = Program(
    "disorderfs",
    "disorderfs",
    (
        ("libc.so.6", _C_LIBRARY),
        ("libm.so.6", _C_LIBRARY),
        ("libfuse.so.2", "libfuse2"),
        ("libfuse.so.2", "libfuse2t64"),
        ("libulockmgr.so.1", "libfuse2"),
        ("libulockmgr.so.1", "libfuse2t64"),
        ("libgcc_s.so.1", "libgcc-s1"),
        ("libstdc++.so.6", "libstdc++6"),
    ),
)


def fetch_launched(lock: Lock, fetcher: Fetcher) -> None:
    """Fetch the packages that `lay_out` needs, as far as the environment has them."""
    packages = {
        package.name: package
        for program in (BUBBLEWRAP, DISORDERFS)
        for package in program.needed(lock).values()
    }
    fetch_packages(list(packages.values()), lock.snapshot, fetcher, "what starts the sandbox")


def lay_out(program: Program, lock: Lock, folder: Path) -> list[str]:
    """Write a program and all that it loads into an empty, private folder; give the command that starts it.

    Raises IntegrityError if the environment's packages do not have it, UsageError if they are not in the store.
    """
    architecture = ARCHITECTURES[lock.architecture]
    writer = Writer(folder)
    for name, content in _files(program, tuple(program.needed(lock).items()), architecture).items():
        writer.write((name,), BytesIO(content), 0o500)
    return [
        str(folder / architecture.loader),
        # Use neither this machine's cache nor variants of a library for certain processors.
        *("--inhibit-cache", "--glibc-hwcaps-mask", "none"),
        *("--library-path", str(folder), str(folder / program.name)),
    ]


@lru_cache(maxsize=4)
def _files(
    program: Program, needed: Sequence[tuple[str, LockedPackage]], architecture: Architecture
) -> Mapping[str, bytes]:
    """The files' contents by name; unpacked once per process."""
    owners = dict(needed)
    lacking = {program.name, *dict(program.libraries)} - owners.keys()
    if lacking:
        raise IntegrityError(
            f"no package of the environment has {', '.join(sorted(lacking))}", f"it needs {program.package}"
        )
    store = Store(cache_directory())
    with scratch(WORK.folder) as work:
        for package in set(owners.values()):
            _unpack(package, store, work / package.name)
        owners[architecture.loader] = owners["libc.so.6"]
        libraries = ("usr", "lib", architecture.triplet)
        return {
            name: _content(
                work / package.name, (*(("usr", "bin") if name == program.name else libraries), name)
            )
            for name, package in owners.items()
        }


def _unpack(package: LockedPackage, store: Store, folder: Path) -> None:
    """Unpack one package alone, so that each file found there is that package's own."""
    file = store.find(package.sha256)
    if file is None:
        raise UsageError(
            f"{package.name} {package.version} is not in the cache", "run once without --offline"
        )
    folder.mkdir()
    unpacker = Unpacker(folder, root_file_system=True)
    unpack_package(unpacker, package, file)
    unpacker.finish()


def _content(folder: Path, parts: Parts) -> bytes:
    """The content of a package's file; a link (as libraries' short names are) is followed within its folder."""
    unpacked = Writer(folder)
    try:
        if (folder.joinpath(*parts)).is_symlink():
            parts = (*parts[:-1], unpacked.target(parts).decode())
        with unpacked.reading(parts) as file:
            return file.read()
    except FileNotFoundError as error:
        raise IntegrityError(
            f"the package {folder.name} has no {'/'.join(parts)}", "have a maintainer make the lock again"
        ) from error
