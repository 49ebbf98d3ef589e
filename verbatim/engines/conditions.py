"""The conditions of a build: the contract's values, each of which the sandbox can vary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verbatim.sandboxing.contract import BUILD, HOST_NAME, UID

#: A home that does not exist, as Debian gives it to the user nobody.
NO_HOME = "/nonexistent"

#: Of personality(2), from linux/personality.h.
UNAME26, ADDR_NO_RANDOMIZE, ADDR_COMPAT_LAYOUT = 0x0020000, 0x0040000, 0x0200000


@dataclass(frozen=True)
class BuildConditions:
    """What artifacts must not depend on, though a recipe can see it."""

    build_path: str = BUILD
    #: If it is neither the build path nor NO_HOME, an empty folder at that path, in memory.
    home: str = BUILD
    uid: int = UID
    gid: int = UID
    #: The names of the two numbers.
    user: str = "build"
    group: str = "build"
    host: str = HOST_NAME
    #: Empty for the machine's own.
    domain: str = ""
    umask: int = 0o022
    #: Variables that override the contract's own, or are added.
    variables: Mapping[str, str] = field(default_factory=dict)
    #: The numbers of the CPUs to run on; None for all that there are.
    cpus: frozenset[int] | None = None
    #: Flags of personality(2).
    personality: int = 0
    #: Whether the build folder is a file system in memory.
    in_memory: bool = False
    #: The command that shows a folder as another one, its files in another order; the two folders follow it.
    reorder: tuple[str, ...] = ()
    #: More file systems in memory: by path, the size in bytes.
    file_systems: Mapping[str, int] = field(default_factory=dict)
    #: What is visible below ``/in`` besides the inputs.
    more_inputs: Mapping[str, Path] = field(default_factory=dict)

    def environment(self, contract: Mapping[str, str]) -> dict[str, str]:
        """All the variables there are inside."""
        return {**contract, "HOME": self.home, "PWD": self.build_path, **self.variables}

    @property
    def files(self) -> dict[str, str]:
        """The root's files about the user and the host that need other contents than the environment's."""
        files = {}
        if (self.uid, self.gid, self.user, self.group, self.home) != (UID, UID, "build", "build", BUILD):
            files["/etc/passwd"] = _table(
                ("root:x:0:0:root:/root:/usr/sbin/nologin", self.uid != 0),
                (f"{self.user}:x:{self.uid}:{self.gid}:{self.user}:{self.home}:/usr/sbin/nologin", True),
            )
            files["/etc/group"] = _table(
                ("root:x:0:", self.gid != 0), ("staff:x:50:", True), (f"{self.group}:x:{self.gid}:", True)
            )
        if (self.host, self.domain) != (HOST_NAME, ""):
            full_name = f"{self.host}.{self.domain} " if self.domain else ""
            files["/etc/hosts"] = f"127.0.0.1 {full_name}{self.host} localhost\n"
        return files


def _table(*lines: tuple[str, bool]) -> str:
    return "".join(f"{line}\n" for line, wanted in lines if wanted)
