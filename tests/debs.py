"""Debian packages that tests make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.archives import COMPRESSIONS, Member, file, folder, tar
from verbatim.digest import sha256_bytes
from verbatim.environments.lock import LockedPackage


@dataclass(frozen=True)
class Deb:
    """A Debian package as small as can be, and where the archive has it."""

    name: str
    version: str
    content: bytes
    architecture: str = "amd64"

    @property
    def path(self) -> str:
        # A file's name is without the epoch.
        version = self.version.rpartition(":")[2]
        return f"pool/main/{self.name[0]}/{self.name}/{self.name}_{version}_{self.architecture}.deb"

    def locked(self, **other: Any) -> LockedPackage:
        fields = {
            "name": self.name,
            "version": self.version,
            "architecture": self.architecture,
            "size": len(self.content),
            "sha256": sha256_bytes(self.content),
            "path": self.path,
        }
        return LockedPackage.model_validate(fields | other)


def ar(**parts: bytes) -> bytes:
    """An ar archive; a name's underscores stand for what a keyword may not hold."""
    made = b"!<arch>\n"
    for name, content in parts.items():
        shown = name.replace("__", "-").replace("_", ".")
        made += f"{shown:16}{0:<12}{0:<6}{0:<6}{'100644':8}{len(content):<10}`\n".encode()
        made += content + b"\n" * (len(content) % 2)
    return made


def control(name: str, version: str, architecture: str = "amd64") -> bytes:
    text = (
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n"
        "Maintainer: A <a@example.org>\nDescription: made by a test\n"
    )
    return tar(file("./control", text.encode()))


def deb(
    name: str,
    version: str,
    *members: Member,
    compression: str = "xz",
    says: str | None = None,
    architecture: str = "amd64",
) -> Deb:
    """A package; ``says`` is the version that its own control file gives."""
    parts = {
        "debian__binary": b"2.0\n",
        "control_tar_gz": COMPRESSIONS["gz"](control(name, says or version, architecture)),
        "data_tar" if compression == "tar" else f"data_tar_{compression}": COMPRESSIONS[compression](
            tar(folder("./"), *members)
        ),
    }
    return Deb(name, version, ar(**parts), architecture)
