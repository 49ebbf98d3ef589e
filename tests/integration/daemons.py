"""Daemons of the tests' own, which may be stopped, killed and starved: of Docker, of a registry."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pytest

from tests.integration.processes import descendants, wait_until_gone
from verbatim.engines.choose import REQUIRED

#: Seconds for a daemon to end.
_PATIENCE = 30


class Daemon:
    """A program in the background that says when it is ready."""

    def __init__(self, argv: Sequence[str], ready: str) -> None:
        """Start it, and wait for the line that has ``ready`` in it; fails the test if it ends before."""
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = cast(IO[str], self.process.stdout)
        heard = []
        for line in said:
            heard.append(line)
            if ready in line:
                break
        else:
            self.process.wait()
            said.close()
            pytest.fail(f"{argv[0]} ended: {''.join(heard[-20:])}")
        #: The line that said so.
        self.announcement = heard[-1]
        # What nobody reads would block it at last.
        self._reader = threading.Thread(target=_read_to_the_end, args=(said,))
        self._reader.start()

    def stop(self) -> None:
        """End it in good order, or else surely."""
        self.process.terminate()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(_PATIENCE)


def _read_to_the_end(said: IO[str]) -> None:
    with said:
        for _ in said:
            pass


class Dockerd:
    """A Docker daemon with folders of its own and no network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemon: Daemon | None = None

    @property
    def address(self) -> str:
        return f"unix://{self.folder / 'socket'}"

    def start(self) -> None:
        files = {"data-root": "data", "exec-root": "exec", "pidfile": "pid", "host": ""}
        options = [f"--{name}={self.folder / file}" for name, file in files.items() if file]
        self._daemon = Daemon(
            ["dockerd", *options, f"--host={self.address}", "--bridge=none", "--iptables=false"],
            "API listen on",
        )

    def kill(self) -> None:
        """As a crash does: its containers go on."""
        if self._daemon is not None:
            helpers = descendants(self._daemon.process.pid)
            self._daemon.process.kill()
            self._daemon.process.wait()
            # Its containerd ends with it, and its successor must not wait for that.
            assert wait_until_gone(helpers) == []
            (self.folder / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)
            (self.folder / "pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it, with the containers that it has."""
        if self._daemon is not None:
            if self._daemon.process.poll() is not None:
                # Whoever is started in its place takes over what it left running, and ends that too.
                self.start()
            self._daemon.stop()
            self._daemon = None


def require_program(program: str, engine: str = "docker", *, as_root: bool = False) -> None:
    """Skip a test that needs a program which this machine lacks; fail it where its engine must be there, as in CI."""
    lack = "" if shutil.which(program) else f"no {program}"
    if as_root and os.geteuid() != 0:
        lack = f"{program} needs root"
    if lack and engine in os.environ.get(REQUIRED, "").split(","):
        pytest.fail(lack)
    if lack:
        pytest.skip(lack)


@contextmanager
def dockerd(size: str = "") -> Iterator[Dockerd]:
    """A Docker daemon of the test's own; with a size, as mount(8) takes it, its disk is a small one in memory."""
    require_program("dockerd", as_root=True)
    # Not below the tests' own folder: a socket's path may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="verbatim-dockerd-"))
    daemon = Dockerd(folder)
    try:
        if size:
            (folder / "data").mkdir()
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder / "data")], check=True
            )
        daemon.start()
        yield daemon
    finally:
        daemon.stop()
        for point in _mounted_below(folder):
            subprocess.run(["umount", "--lazy", point], check=True)
        shutil.rmtree(folder)


def _mounted_below(folder: Path) -> list[str]:
    """The mount points below a folder, the last one first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in reversed(points) if point.startswith(f"{folder}/")]


@contextmanager
def docker_registry(folder: Path, passwords: str = "") -> Iterator[str]:
    """A registry that keeps its images in a folder; yields its host and port.

    ``passwords`` are the users' lines as ``htpasswd -B`` writes them; without any, everybody may push.
    """
    require_program("docker-registry")
    folder.mkdir()
    settings = (
        "version: 0.1\nlog: {level: info}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        'http: {addr: "127.0.0.1:0"}\n'
    )
    if passwords:
        (folder / "passwords").write_text(passwords, encoding="ascii")
        settings += f"auth: {{htpasswd: {{realm: test, path: {folder}/passwords}}}}\n"
    (folder / "settings.yml").write_text(settings, encoding="ascii")
    daemon = Daemon(["docker-registry", "serve", str(folder / "settings.yml")], "listening on ")
    try:
        port = daemon.announcement.partition("listening on ")[2].split('"')[0].rpartition(":")[2].split()[0]
        yield f"127.0.0.1:{port}"
    finally:
        daemon.stop()
