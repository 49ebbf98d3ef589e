"""Docker, or what is compatible with it: the environment's image, loaded by digest, run with minimal rights.

Inputs travel in and results out through the daemon, in volumes that live as long as the job, so that the
daemon may be on another machine. See docker-run(1) for what the limits mean.
"""

from __future__ import annotations

import platform
import secrets
import shlex
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from docker import DockerClient
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import LogConfig, Mount, Ulimit

from verbatim import console
from verbatim.archive.members import UnsafeMemberError
from verbatim.archive.unpack import Unpacker
from verbatim.caches import Cache
from verbatim.capabilities import Check
from verbatim.engines.daemon import connect, daemon_address, ensure_image, refusals
from verbatim.engines.inputs import write_inputs
from verbatim.engines.log import follow
from verbatim.engines.protocol import Job
from verbatim.errors import BuildError, CapabilityError
from verbatim.sandboxing.contract import BUILD, HOST_NAME, UID
from verbatim.scratch import locked, scratch

#: The leases of jobs in a daemon, and the name by which what killed jobs left there is known to be this cache's.
_LEASES = Cache("docker", kept=("owner",))

#: Limits of a container: bytes of memory; processes and threads; open files of each process.
MEMORY = 8 << 30
PROCESSES = 4096
OPEN_FILES = 1024

_OWNER, _LEASE = "verbatim.owner", "verbatim.lease"

# As in the sandbox, the recipe is not the container's first process, for which signals work differently. Docker's
# own variables are not passed on.
_START = ("/usr/bin/bash", "-c", '"$@"; exit', "bash", "/usr/bin/env", "-i")


class Docker:
    """Runs jobs in containers."""

    name = "docker"

    @property
    def location(self) -> str:
        """See `Engine.location`."""
        return daemon_address()

    def checks(self) -> list[Check]:
        """A daemon that answers, and runs Linux on an architecture with environments."""
        try:
            with refusals():
                client = connect()
                version = client.version()
                client.close()
        except CapabilityError as error:
            return [Check("docker: a daemon that answers", False, error.message, error.remedy)]
        machine = f"{version.get('Os')} {version.get('Arch')}"
        return [
            Check(
                "docker: a daemon on Linux on x86-64",
                machine == "linux amd64",
                f"{version.get('Version')}, {machine}",
                "name another daemon with DOCKER_HOST or `docker context use`",
            )
        ]

    def run(self, job: Job) -> int:
        """See `Engine.run`."""
        with refusals(), ExitStack() as stack:
            client = connect()
            stack.callback(client.close)
            labels = stack.enter_context(_leased(client))
            image = ensure_image(client, job.root)
            volumes = _volumes(client, labels)
            carrier = _container(client, image, labels, volumes)
            _carry_in(job, carrier)
            confinement = _confinement(volumes)
            console.detail(f"run in Docker: {shlex.join(_command(job))}")
            container = _container(client, image, labels, volumes, command=_command(job), **confinement)
            status = _run(container, job)
            if status == 0:
                _carry_out(job, carrier)
            return status


def _command(job: Job) -> list[str]:
    variables = [f"{name}={value}" for name, value in sorted(job.environment.items())]
    return [*_START, *variables, *job.argv]


def _confinement(volumes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "cap_drop": ["ALL"],
        "hostname": HOST_NAME,
        # A namespace of its own, and no /dev/shm: the sandbox has no writable one.
        "ipc_mode": "none",
        "log_config": LogConfig(type="none"),
        "mem_limit": MEMORY,
        "memswap_limit": MEMORY,
        "mounts": [
            Mount(f"/{name}", volume, type="volume", read_only=name == "in")
            for name, volume in volumes.items()
        ],
        "pids_limit": PROCESSES,
        "read_only": True,
        "security_opt": ["no-new-privileges"],
        "tmpfs": {"/tmp": "mode=1777,exec"},  # noqa: S108
        "ulimits": [Ulimit(name="nofile", soft=OPEN_FILES, hard=OPEN_FILES)],
        "user": f"{UID}:{UID}",
        "working_dir": BUILD,
    }


def _container(
    client: DockerClient,
    image: str,
    labels: Mapping[str, str],
    volumes: Mapping[str, str],
    **options: Any,
) -> Container:
    """A container, not started yet; without options it only gives access to the volumes."""
    mounts = [Mount(f"/{name}", volume, type="volume") for name, volume in volumes.items()]
    return client.containers.create(
        image, **{"mounts": mounts, **options}, labels=dict(labels), network_mode="none"
    )


def _volumes(client: DockerClient, labels: Mapping[str, str]) -> dict[str, str]:
    """A new volume for each folder that is transferred; the volumes' names by the folders."""
    token = secrets.token_hex(8)
    names = {folder: f"verbatim-{token}-{folder}" for folder in ("in", "build", "out")}
    for name in names.values():
        client.volumes.create(name, labels=dict(labels))
    return names


def _carry_in(job: Job, carrier: Container) -> None:
    with tempfile.TemporaryFile(dir=job.build) as archive:
        write_inputs(job.inputs, archive)
        archive.seek(0)
        carrier.put_archive("/in", cast(bytes, archive))


def _run(container: Container, job: Job) -> int:
    with job.log.open("wb") as log, _attached(container) as output:
        container.start()
        follow(output, log, job.on_line)
        status = int(container.wait()["StatusCode"])
        container.reload()
        if container.attrs["State"].get("OOMKilled"):
            log.write(f"out of memory: a container has {console.human_size(MEMORY)}\n".encode())
    return status


@contextmanager
def _attached(container: Container) -> Iterator[Iterator[bytes]]:
    """A container's output, from its start on."""
    output = container.attach(stream=True, stdout=True, stderr=True)
    try:
        yield output
    finally:
        # The stream's own close() refuses to do so over SSH, where the other end may have closed it already.
        with suppress(BrokenPipeError):
            vars(output)["_response"].close()


def _carry_out(job: Job, carrier: Container) -> None:
    pieces, _ = carrier.get_archive("/out/.")
    # Until it is closed, the daemon waits for a reader, and does nothing else with the container.
    with closing(cast(Generator[bytes], pieces)):
        # Two names of one file are refused, as in the sandbox.
        unpacker = Unpacker(job.output, hard_links=False)
        try:
            unpacker.tar("what the container left in /out", _Pieces(pieces))
        except UnsafeMemberError as error:
            raise BuildError(error.message, "correct the recipe") from error
        unpacker.finish()


class _Pieces:
    """An iterator of pieces, to be read as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        end = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:end], self._rest[end:]
        return taken


@contextmanager
def _leased(client: DockerClient) -> Iterator[dict[str, str]]:
    """Labels for all that a job makes, by which it is removed at the end, whatever interrupts the job.

    A lease is a folder that its process has locked: what a killed process of this user left in the daemon
    is removed first. Several machines may share a daemon: only what is labelled with the name of this very cache is
    touched.
    """
    folder = _LEASES.folder
    with scratch(folder) as lease:
        owner = _owner(folder)
        _remove(client, owner, lambda name: not (folder / name).exists())
        try:
            yield {_OWNER: owner, _LEASE: lease.name}
        finally:
            _remove(client, owner, lambda name: name == lease.name)


def _owner(folder: Path) -> str:
    """The name of this cache on this machine; it may have been copied from another machine."""
    path = folder / "owner"
    with locked(folder):
        if not path.exists():
            path.write_text(secrets.token_hex(16), encoding="ascii")
        return f"{path.read_text(encoding='ascii')}@{platform.node()}"


def _remove(client: DockerClient, owner: str, is_over: Callable[[str], bool]) -> None:
    """Remove the owner's containers and volumes whose lease is over."""
    ours: dict[str, Any] = {"label": f"{_OWNER}={owner}"}
    for container in client.containers.list(all=True, filters=ours, ignore_removed=True):
        if is_over(container.labels[_LEASE]):
            with suppress(NotFound):
                container.remove(v=True, force=True)
    for volume in client.volumes.list(filters=ours):
        if is_over(volume.attrs["Labels"][_LEASE]):
            # Another job may have removed it since it was listed.
            with suppress(NotFound):
                volume.remove(force=True)
