"""An architecture's names: in Debian, in the kernel, and in the paths of Debian's libraries."""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """One architecture that environments can have."""

    #: Its name in uname(1) and in wheels.
    machine: str
    #: The folder of its libraries below ``/usr/lib``.
    triplet: str
    #: Its dynamic loader, in that folder: the file itself, since Debian 12's link to it is absolute and leads to the host's.
    loader: str


#: By Debian's names.
ARCHITECTURES = {
    "amd64": Architecture("x86_64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
}


def is_this_machine(name: str) -> bool:
    """Whether an environment of that architecture can run here."""
    return name in ARCHITECTURES and ARCHITECTURES[name].machine == platform.machine()
