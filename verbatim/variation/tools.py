"""Tools to vary what bubblewrap and the kernel alone cannot, from environments of their own.

There is one for each Debian suite that builds use: the clock's library is loaded into programs of that
suite, so it must fit their C library. Nothing is fetched or made before a variation needs it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from verbatim import console
from verbatim.caches import WORK
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.architecture import ARCHITECTURES, Architecture
from verbatim.environments.definition import environment_folder, environment_names, load_definition
from verbatim.environments.host_programs import DISORDERFS, lay_out
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.errors import BuildError, CapabilityError
from verbatim.fetch import Fetcher
from verbatim.scratch import scratch


def varying(environment: Environment) -> Environment | None:
    """The environment with the tools for builds in this one; None if its Debian suite has none."""
    for name in environment_names(role="vary"):
        folder = environment_folder(name)
        if load_definition(folder).suite == environment.lock.suite:
            return Environment(folder)
    return None


class Tools:
    """The tools to vary builds in one environment, and what is made with them in a folder of the caller.

    Everything raises CapabilityError if its suite has no tools.
    """

    def __init__(self, environment: Environment, fetcher: Fetcher, folder: Path) -> None:
        self._environment = environment
        self._fetcher = fetcher
        self._folder = folder

    @property
    def clock(self) -> Path:
        """The folder that holds ``libfaketime.so.1``."""
        return self._libraries / "faketime"

    def reorder(self, *options: str) -> tuple[str, ...]:
        """The command that mounts a view of a folder with its files in another order: disorderfs(1)."""
        program = self._disorderfs
        # Without these, it adds to each file's size on the disk, and refuses to cover a folder that is not empty.
        fixed = ("-f", "--quiet", "--pad-blocks=0", "-o", "nonempty")
        return (*program, *fixed, *options)

    def locales(self, *names: str) -> Path:
        """A folder for ``LOCPATH`` that holds these locales, such as ``tr_TR.UTF-8``."""
        folder = self._folder / "locales"
        if not folder.exists():
            folder.mkdir()
            with console.progress("making locales", unit="things"):
                for name in names:
                    self._make_locale(name, folder)
        return folder

    def _make_locale(self, name: str, folder: Path) -> None:
        language, _, characters = name.partition(".")
        with scratch(WORK.folder) as work:
            (work / "build").mkdir()
            command = ("/usr/bin/localedef", "--inputfile", language, "--charmap", characters)
            job = Job(
                argv=(*command, f"/out/{name}"),
                root=self._root,
                epoch=0,
                inputs={},
                output=folder,
                build=work / "build",
                log=work / "log",
            )
            if Sandbox().run(job) != 0:
                complaint = job.log.read_text("utf-8", "replace").strip()
                raise BuildError(
                    f"the locale {name} could not be made: {complaint}",
                    "have a maintainer make the lock again",
                )

    @cached_property
    def _root(self) -> Root:
        tools = varying(self._environment)
        if tools is None:
            suites = [
                load_definition(environment_folder(name)).suite for name in environment_names(role="vary")
            ]
            raise CapabilityError(
                f"there are no tools to vary {self._environment.name} with: it is of Debian"
                f" {self._environment.lock.suite}, expected {' or '.join(suites) or 'none'}",
                "a maintainer can add such an environment to containers/tools/; see docs/how-to/change-an-environment.md",
            )
        return ensure_root(tools, self._fetcher)

    @cached_property
    def _disorderfs(self) -> list[str]:
        """The command for disorderfs, which runs outside the sandbox, on the sandbox's folders."""
        folder = self._folder / "disorderfs"
        folder.mkdir(mode=0o700)
        return lay_out(DISORDERFS, self._root.environment.lock, folder)

    @property
    def _architecture(self) -> Architecture:
        return ARCHITECTURES[self._root.environment.lock.architecture]

    @property
    def _libraries(self) -> Path:
        return self._root.path / "usr/lib" / self._architecture.triplet
