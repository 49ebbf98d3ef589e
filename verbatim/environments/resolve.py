"""From a definition to a lock, for maintainers. Debian's apt does the solving and checks the signatures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from debian.deb822 import Packages

from verbatim import console
from verbatim.addresses import masked, showable
from verbatim.caches import Cache
from verbatim.data import load_model
from verbatim.environments.definition import Definition, load_definition
from verbatim.environments.image import image_sha256
from verbatim.environments.lock import Lock, LockedPackage, LockedWheel, snapshot_time
from verbatim.environments.mirrors import SNAPSHOT_ARCHIVE, debian_mirrors
from verbatim.environments.nar import nar_sha256
from verbatim.environments.rootfs import ENVIRONMENTS, make_root
from verbatim.environments.wheels import resolve_wheels
from verbatim.errors import CapabilityError, IntegrityError, NetworkError
from verbatim.fetch import Fetcher
from verbatim.programs import run_program
from verbatim.scratch import scratch

#: What apt resolves in.
_APT = Cache("apt")

#: Debian's own keys, from its package debian-archive-keyring.
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_UNKNOWN = "0" * 64
#: What apt would install: name, version, architecture.
_CHOSEN = re.compile(r"^Inst (\S+) \((\S+) [^\[]*\[(\S+)\]", re.MULTILINE)


def write_lock(folder: Path, fetcher: Fetcher) -> Lock:
    """Resolve an environment again, make it once, and write its ``lock.toml``.

    If no package changed, the former snapshot time is kept, and the file stays the same.
    """
    definition = load_definition(folder)
    console.note(f"resolving {folder.name}: Debian {definition.suite}, {definition.architecture}")
    packages = resolve_packages(definition)
    wheels = resolve_wheels(definition)
    resolved = Lock(
        definition_sha256=definition.sha256,
        snapshot=_former_snapshot(folder, packages, wheels) or snapshot_time(datetime.now(UTC)),
        suite=definition.suite,
        architecture=definition.architecture,
        python=definition.python,
        root_sha256=_UNKNOWN,
        root_size=0,
        image_sha256=_UNKNOWN,
        nar_sha256=_UNKNOWN,
        package=packages,
        wheel=wheels,
    )
    with scratch(ENVIRONMENTS.folder) as work:
        tree = make_root(resolved, work / "root", fetcher, definition.activate)
        nar = nar_sha256(work / "root")
    lock = resolved.model_copy(update={"root_sha256": tree.sha256, "root_size": tree.size, "nar_sha256": nar})
    lock = lock.model_copy(update={"image_sha256": image_sha256(lock)})
    lock.write(folder / "lock.toml", folder.name)
    return lock


def resolve_packages(definition: Definition) -> list[LockedPackage]:
    """The packages that apt would install into an empty system, sorted by name.

    Raises CapabilityError without apt or Debian's keys, NetworkError if no mirror has the suite,
    IntegrityError if apt finds no solution.
    """
    if shutil.which("apt-get") is None:
        raise CapabilityError("apt-get is not on this machine", "make locks on a machine with Debian's apt")
    if not KEYRING.is_file():
        raise CapabilityError(f"{KEYRING} is missing", "install debian-archive-keyring")
    with scratch(_APT.folder) as work:
        apt = _Apt(work, definition.architectures)
        apt.update(definition.suite)
        chosen = _CHOSEN.findall(apt.run("apt-get", "--simulate", "--yes", "install", *definition.packages))
        stanzas = apt.run("apt-cache", "show", *(f"{name}={version}" for name, version, _ in chosen))
    return read_packages(chosen, stanzas)


def read_packages(chosen: Sequence[tuple[str, str, str]], stanzas: str) -> list[LockedPackage]:
    """The chosen packages (name, version, architecture) from the archive's index (deb822(5)), sorted by name.

    Raises IntegrityError if the index lacks a package, or its file's path or hash.
    """
    # A name without an architecture has the environment's own.
    names = {(name.partition(":")[0], architecture): name for name, _, architecture in chosen}
    try:
        packages = {
            (name := names[stanza["Package"], stanza["Architecture"]]): LockedPackage(
                name=name,
                version=stanza["Version"],
                architecture=stanza["Architecture"],
                size=int(stanza["Size"]),
                sha256=stanza["SHA256"],
                path=stanza["Filename"],
            )
            for stanza in Packages.iter_paragraphs(stanzas.split("\n"), use_apt_pkg=False)
            if (stanza["Package"], stanza["Architecture"]) in names
        }
    except (LookupError, ValueError) as error:
        raise IntegrityError(
            f"the archive's index is not complete for each package: {type(error).__name__}",
            "name another mirror in VERBATIM_DEBIAN_MIRROR",
        ) from error
    missing = sorted(set(names.values()) - packages.keys())
    if missing:
        raise IntegrityError(
            f"the archive's index does not have {', '.join(missing[:3])}",
            "name another mirror in VERBATIM_DEBIAN_MIRROR",
        )
    return [packages[name] for name in sorted(packages)]


class _Apt:
    """Apt with a separate state: it neither sees nor changes what is installed on this machine."""

    def __init__(self, work: Path, architectures: Sequence[str]) -> None:
        self._sources = work / "sources.list"
        (work / "lists" / "partial").mkdir(parents=True)
        (work / "cache" / "archives" / "partial").mkdir(parents=True)
        (work / "status").touch()
        settings = {
            "Dir::State": work,
            "Dir::State::lists": work / "lists",
            "Dir::State::status": work / "status",
            "Dir::Cache": work / "cache",
            "Dir::Etc::sourcelist": self._sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "APT::Architecture": architectures[0],
            "APT::Architectures": ",".join(architectures),
            "APT::Install-Recommends": "false",
            "APT::Install-Suggests": "false",
            "APT::Sandbox::User": "root",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::Check-Date": "true",
            "Acquire::Check-Valid-Until": "true",
            "APT::Get::AllowUnauthenticated": "false",
        }
        self._options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]

    def update(self, suite: str) -> None:
        """Fetch the suite's signed index from the first mirror that has it."""
        failures = []
        for mirror in [*debian_mirrors(), f"{SNAPSHOT_ARCHIVE}/{snapshot_time(datetime.now(UTC))}"]:
            self._sources.write_text(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n", encoding="utf-8")
            try:
                self.run("apt-get", "--error-on=any", "update")
            except IntegrityError as error:
                failures.append(f"{showable(mirror)}: {error.message}")
            else:
                return
        raise NetworkError(
            f"no mirror gave a signed index of Debian {suite}: {'; '.join(failures)}",
            "check the network, or name a mirror in VERBATIM_DEBIAN_MIRROR",
        )

    def run(self, program: str, *arguments: str) -> str:
        done = run_program(
            [program, *self._options, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        if done.returncode != 0:
            errors = masked(done.stderr.decode("utf-8", "replace"), *debian_mirrors())
            complaint = [line for line in errors.splitlines() if line.startswith("E:")]
            raise IntegrityError(
                f"{program} failed: {' '.join(complaint) or errors.strip()}", "check environment.toml"
            )
        return done.stdout.decode()


def _former_snapshot(
    folder: Path, packages: Sequence[LockedPackage], wheels: Sequence[LockedWheel]
) -> str | None:
    """The time in the existing lock, if the same packages were chosen again."""
    path = folder / "lock.toml"
    if not path.exists():
        return None
    former = load_model(path, Lock, "remove it; it is being made again")
    return former.snapshot if (former.package, former.wheel) == (list(packages), list(wheels)) else None
