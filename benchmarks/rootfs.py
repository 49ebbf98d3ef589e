"""Making the environment from a warm download cache, against mmdebstrap with the same packages.

mmdebstrap reads them from a local repository made of the very same files, so no network is compared. It is
run in two ways: installing the packages, as it does unless told otherwise, and only unpacking them
(``--variant=extract``), which like Verbatim runs none of their scripts. That only Verbatim also unpacks the
wheels, sets every time and works out the root's digest is not taken off.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from debian.debfile import DebFile

from benchmarks.bench import Bench, run_command
from benchmarks.figure import Figure
from benchmarks.rounds import interleaved, seconds
from verbatim.environments.lock import Lock
from verbatim.environments.rootfs import make_root
from verbatim.errors import CapabilityError, MismatchError
from verbatim.store import Store

_OURS = "making the environment"
_INSTALLED = "mmdebstrap, installing"
_UNPACKED = "mmdebstrap, only unpacking"

# The lock leaves out some of what Debian calls essential: base-passwd, whose files the host lends, and
# ldconfig and diff, which dpkg insists on but does not need. Nothing is fsynced on either side.
_INSTALL = (
    "--variant=custom",
    '--extract-hook=cp /etc/passwd /etc/group "$1/etc/"',
    "--dpkgopt=force-bad-path",
    "--dpkgopt=force-unsafe-io",
)
_UNPACK = ("--variant=extract",)


def check_peer() -> None:
    """Raise CapabilityError now, and not after many minutes, where mmdebstrap cannot be run."""
    if shutil.which("mmdebstrap") is None:
        raise CapabilityError(
            "mmdebstrap, which is to be measured against, is not here", "apt install mmdebstrap"
        )
    if os.geteuid() != 0:
        raise CapabilityError("mmdebstrap needs root to install packages", "run the benchmark as root")


def measure(bench: Bench) -> list[Figure]:
    """Each side makes a folder that could be built in."""
    lock = bench.stage.environment.lock
    sides = _Sides(bench, lock)
    sides.ours()  # Fetches what the cache does not have.
    repository = bench.folder()
    _write_repository(repository, lock, bench.fetcher.store)
    times = interleaved(
        {
            _OURS: sides.ours,
            _INSTALLED: lambda: sides.mmdebstrap(repository, *_INSTALL),
            _UNPACKED: lambda: sides.mmdebstrap(repository, *_UNPACK),
        },
        bench.rounds,
    )
    ours = (_OURS, times[_OURS])
    return [
        Figure.ratio(ours, (_INSTALLED, times[_INSTALLED]), 0.3),
        Figure.ratio(ours, (_UNPACKED, times[_UNPACKED]), None),
    ]


class _Sides:
    def __init__(self, bench: Bench, lock: Lock) -> None:
        self._bench = bench
        self._lock = lock

    def ours(self) -> float:
        def make(root: Path) -> None:
            if make_root(self._lock, root, self._bench.fetcher).sha256 != self._lock.root_sha256:
                raise MismatchError("the environment is not the locked one", "./invoke doctor")

        return self._measured(make)

    def mmdebstrap(self, repository: Path, *options: str) -> float:
        command = [
            *("mmdebstrap", "--mode=root", "--format=directory", *options),
            '--aptopt=APT::Sandbox::User "root"',
            f"--include={','.join(package.name for package in self._lock.package)}",
            self._lock.suite,
        ]
        mirror = f"deb [trusted=yes] copy://{quote(str(repository))} ./"
        return self._measured(lambda root: run_command([*command, root, mirror]))

    def _measured(self, make: Callable[[Path], object]) -> float:
        """The tree stays until all is over: for minutes ext4 passes over inodes that were just freed, and
        finding others would take longer than the work itself."""
        root = self._bench.folder() / "root"
        return seconds(lambda: make(root))


def _write_repository(folder: Path, lock: Lock, store: Store) -> None:
    """The simplest that apt takes: the files and an index of them."""
    stanzas = []
    for package in lock.package:
        file = store.find(package.sha256)
        assert file is not None, f"{package.name} was fetched a moment ago"
        name = f"{package.sha256}.deb"
        shutil.copyfile(file, folder / name)
        with DebFile(file) as deb:
            control = deb.debcontrol()
        control["Filename"] = f"./{name}"
        control["Size"] = str(package.size)
        control["SHA256"] = package.sha256
        stanzas.append(control.dump())
    (folder / "Packages").write_text("\n".join(stanzas), encoding="utf-8")
