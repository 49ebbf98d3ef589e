"""Debian packages: fetching and unpacking locked ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from debian.arfile import ArError
from debian.deb822 import Deb822
from debian.debfile import DebError, DebFile

from verbatim.archive.read import read_member
from verbatim.archive.unpack import Unpacker
from verbatim.environments.lock import LockedPackage
from verbatim.environments.mirrors import debian_urls
from verbatim.errors import IntegrityError
from verbatim.fetch import Download, Fetcher


def fetch_packages(
    packages: Sequence[LockedPackage], snapshot: str, fetcher: Fetcher, label: str
) -> list[Path]:
    """Fetch packages into the store; give their paths in the same order. Raises what `Fetcher.fetch_all` does."""
    return fetcher.fetch_all(list(_downloads(packages, snapshot)), label)


def _downloads(packages: Iterable[LockedPackage], snapshot: str) -> Iterable[Download]:
    for package in packages:
        yield Download(
            name=f"{package.name} {package.version}",
            sha256=package.sha256,
            size=package.size,
            urls=debian_urls(package.path, snapshot),
            variable="VERBATIM_DEBIAN_MIRROR",
            advice="mirrors drop old packages at a point release and only the snapshot archive keeps them: "
            "make it reachable, or have a maintainer make the lock again (./invoke lock)",
        )


def unpack_package(unpacker: Unpacker, package: LockedPackage, file: Path) -> str:
    """Unpack a .deb; give the stanza that dpkg would write to its status file.

    Raises IntegrityError if it is another package than the lock names.
    """
    try:
        with DebFile(file) as deb:
            (part,) = [name for name in deb.getnames() if name.startswith("control.tar")]
            control = Deb822(read_member(f"{package.name}: {part}", deb.getmember(part), "control"))
            found = f"{control['Package']} {control['Version']} for {control['Architecture']}"
            wanted = f"{package.plain_name} {package.version} for {package.architecture}"
            if found != wanted:
                raise IntegrityError(f"the file of {wanted} contains {found}", "make the lock again")
            (part,) = [name for name in deb.getnames() if name.startswith("data.tar")]
            unpacker.tar(f"{package.name} {package.version}", deb.getmember(part), shares=package.is_foreign)
    except (ArError, DebError, KeyError, ValueError) as error:
        raise IntegrityError(
            f"{package.name}: not a Debian package: {error}", "make the lock again"
        ) from error
    control["Status"] = "install ok installed"
    return control.dump()
