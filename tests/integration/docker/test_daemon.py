"""Daemons of Docker that fail, are stopped or are far away, and what is left in them.

What would harm this machine's daemon, or could be harmed by others' work in it, has a daemon of the tests' own.
"""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from tests.archives import file, tar
from tests.integration import ssh
from tests.integration.command import Finished, command, verbatim
from tests.integration.daemons import Dockerd, dockerd, require_program
from tests.integration.docker.conftest import Inside
from tests.integration.releases import SMALL, small_tarball
from tests.integration.users import ordinary_user
from verbatim.engines import docker as the_engine
from verbatim.engines.docker import Docker
from verbatim.environments.image import Image
from verbatim.environments.rootfs import Root
from verbatim.errors import CapabilityError
from verbatim.paths import PROJECT
from verbatim.release import Release

pytestmark = pytest.mark.integration

#: Seconds until a container has started, on a slow machine.
_PATIENCE = 120


@pytest.fixture(scope="module")
def shared() -> Iterator[Dockerd]:
    """A daemon that tests leave as they find it, but for images."""
    with dockerd() as daemon:
        yield daemon


@pytest.fixture
def own(shared: Dockerd, monkeypatch: pytest.MonkeyPatch) -> Dockerd:
    monkeypatch.setenv("DOCKER_HOST", shared.address)
    return shared


@contextmanager
def client_of(daemon: Dockerd) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(daemon.address, timeout=_PATIENCE)
    try:
        yield client
    finally:
        client.close()


def holds(daemon: Dockerd) -> list[str]:
    """The containers and volumes that a daemon has."""
    with client_of(daemon) as client:
        return [
            *(str(container.name) for container in client.containers.list(all=True)),
            *(str(volume.name) for volume in client.volumes.list()),
        ]


@dataclass(frozen=True)
class Building:
    """A build in Docker whose recipe has started, and would take an hour."""

    process: subprocess.Popen[str]
    output: Path

    def ended(self) -> Finished:
        out, err = self.process.communicate(timeout=_PATIENCE)
        return Finished(self.process.returncode, out, err)


@pytest.fixture
def slow(project: Path) -> Path:
    """A checkout whose recipe sleeps."""
    (project / "recipes" / "source" / "source.sh").write_text("exec sleep 3600\n", encoding="ascii")
    return project


@pytest.fixture
def building(own: Dockerd, slow: Path, cache: Path, tmp_path: Path) -> Iterator[Building]:
    tarball, output = small_tarball(tmp_path / "small.tgz"), tmp_path / "results"
    # What ignores an interrupt, as all that a shell has in its background does, hands that on.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    with client_of(own) as client:
        starts = client.events(decode=True, filters={"type": "container", "event": "start"})
        with subprocess.Popen(
            [
                *command("build", "--version", SMALL, "--source", str(tarball), "--output", str(output)),
                *("--engine", "docker"),
            ],
            cwd=slow,
            env={**os.environ, "VERBATIM_CACHE": str(cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                next(starts)
                yield Building(process, output)
            finally:
                process.kill()
                vars(starts)["_response"].close()
                signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing_behind(
    building: Building, own: Dockerd, number: signal.Signals
) -> None:
    building.process.send_signal(number)
    ended = building.ended()
    assert ended.refusal(130) == "error: interrupted; nothing was left behind"
    assert holds(own) == []
    assert list(building.output.iterdir()) == []


@pytest.mark.usefixtures("careless")
def test_an_interrupt_at_whatever_the_daemon_makes_leaves_nothing_behind(
    own: Dockerd, anywhere: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    anywhere("exit 0")  # The image is there now.
    send = requests.Session.send
    for moment in itertools.count():
        made = itertools.count()

        def interrupted(
            session: requests.Session,
            request: requests.PreparedRequest,
            *,
            last: int = moment,
            made: Iterator[int] = made,
            **how: Any,
        ) -> requests.Response:
            answer = send(session, request, **how)
            if request.method in ("POST", "PUT") and next(made) == last:
                raise KeyboardInterrupt
            return answer

        monkeypatch.setattr(requests.Session, "send", interrupted)
        try:
            anywhere("exit 0")
        except KeyboardInterrupt:
            assert holds(own) == []
        else:
            break
    # Volumes, containers, the inputs, the start, the end.
    assert moment >= 3 + 2 + 1 + 1 + 1


def test_what_a_killed_build_leaves_is_removed_by_the_next_one_and_nothing_else(
    building: Building, own: Dockerd, anywhere: Inside, root: Root
) -> None:
    others = {"verbatim.owner": "somebody else", "verbatim.lease": "gone"}
    with client_of(own) as client:
        foreign = client.containers.create(
            Image.of(root.environment).name, name="foreign", labels=others, network_mode="none"
        )
        volume = client.volumes.create("theirs", labels=others)
        try:
            anywhere("exit 0")
            # It is still alive.
            assert len(client.containers.list()) == 1
            assert len(holds(own)) == 2 + 3 + 2
            building.process.kill()
            building.process.wait()
            assert len(client.containers.list()) == 1
            anywhere("exit 0")
            assert holds(own) == ["foreign", "theirs"]
        finally:
            foreign.remove()
            volume.remove()
    assert [path.name for path in building.output.iterdir() if path.name == SMALL] == []


def test_a_daemon_that_is_killed_in_mid_build(building: Building, own: Dockerd, anywhere: Inside) -> None:
    own.kill()
    refusal = building.ended().refusal(3)
    assert f"the Docker daemon at {own.address} does not answer" in refusal
    assert list(building.output.iterdir()) == []
    own.start()
    assert anywhere("echo again").log == "again\n"
    assert holds(own) == []


def _build_small(folder: Path, cache: Path, project: Path = PROJECT, **settings: str) -> Finished:
    return verbatim(
        *("build", "--version", SMALL, "--source", str(small_tarball(folder / "small.tgz"))),
        *("--output", str(folder / "results"), "--engine", "docker"),
        cache=cache,
        project=project,
        settings=settings,
    )


def test_a_daemon_that_is_stopped(tmp_path: Path, cache: Path) -> None:
    with dockerd() as daemon:
        daemon.stop()
        refusal = _build_small(tmp_path, cache, DOCKER_HOST=daemon.address).refusal(3)
    assert f"the Docker daemon at {daemon.address} does not answer" in refusal
    assert "start it" in refusal
    assert not (tmp_path / "results").exists()


def test_an_address_that_is_none_is_refused_in_one_line(tmp_path: Path, cache: Path) -> None:
    refusal = _build_small(tmp_path, cache, DOCKER_HOST="tcp://127.0.0.1:port").refusal(3)
    assert refusal.startswith("error: docker: a daemon that answers: the Docker daemon at tcp://… does not")
    assert not (tmp_path / "results").exists()


@pytest.fixture
def careless() -> Iterator[None]:
    """Docker's client leaves a socket open if nobody answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.mark.usefixtures("careless")
def test_a_socket_that_this_user_may_not_use(own: Dockerd) -> None:
    assert Docker().checks()[0].passed
    with ordinary_user() as user:
        os.seteuid(user.number)
        try:
            (check,) = Docker().checks()
        finally:
            os.seteuid(0)
    assert not check.passed
    assert check.found == f"the Docker daemon at {own.address} may not be used: permission denied"
    assert "join the group `docker`" in check.remedy


def test_a_full_disk_while_the_image_is_loaded(tmp_path: Path, cache: Path) -> None:
    with dockerd("300m") as daemon:
        refusal = _build_small(tmp_path, cache, DOCKER_HOST=daemon.address).refusal(3)
        assert holds(daemon) == []
    assert "the Docker daemon's disk is full" in refusal
    assert "docker system prune" in refusal
    assert list((tmp_path / "results").iterdir()) == []


def test_a_full_disk_in_mid_build(project: Path, tmp_path: Path, cache: Path) -> None:
    script = "head -c 4G /dev/zero > /out/large\n"
    (project / "recipes" / "source" / "source.sh").write_text(script, encoding="ascii")
    with dockerd("800m") as daemon:
        refusal = _build_small(tmp_path, cache, project, DOCKER_HOST=daemon.address).refusal(3)
        assert holds(daemon) == []
    assert "the disk was full" in refusal
    assert list((tmp_path / "results").iterdir()) == []


def test_another_image_of_that_name_is_refused(own: Dockerd, root: Root, tmp_path: Path, cache: Path) -> None:
    image = Image.of(root.environment)
    repository, _, tag = image.name.rpartition(":")
    with client_of(own) as client:
        client.api.import_image_from_data(tar(file("other")), repository=repository, tag=tag)
        other = client.images.get(image.name).id
        try:
            refusal = _build_small(tmp_path, cache).refusal(6)
        finally:
            client.images.remove(image.name)
    assert f"{image.name} is {other} in the Docker daemon, expected {image.config_digest}" in refusal
    assert f"docker image rm {image.name}" in refusal
    assert holds(own) == []
    assert list((tmp_path / "results").iterdir()) == []


def test_an_image_without_its_name_is_found(own: Dockerd, root: Root, anywhere: Inside) -> None:
    image = Image.of(root.environment)
    repository, _, tag = image.name.rpartition(":")
    anywhere("exit 0")
    with client_of(own) as client:
        loaded = client.images.get(image.config_digest)
        loaded.tag("localhost/other", "name")
        loaded.tag(repository, tag)
        client.images.remove(image.name)
        try:
            assert anywhere("echo here").log == "here\n"
            assert client.images.list(image.name) == []
        finally:
            loaded.tag(repository, tag)
            client.images.remove("localhost/other:name")


def test_the_current_context_is_honoured(own: Dockerd, tmp_path: Path) -> None:
    require_program("docker")
    settings = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")},
        "DOCKER_CONFIG": str(tmp_path / "docker"),
    }
    for arguments in (["create", "elsewhere", "--docker", f"host={own.address}"], ["use", "elsewhere"]):
        subprocess.run(["docker", "context", *arguments], env=settings, check=True, capture_output=True)
    own_id = _system_id(settings)
    assert own_id == _system_id({**os.environ, "DOCKER_HOST": own.address})
    refusal = verbatim("doctor", "--offline", settings={"DOCKER_CONTEXT": "nowhere", "DOCKER_HOST": ""})
    assert "there is no Docker context 'nowhere'" in refusal.out


def _system_id(environment: dict[str, str]) -> str:
    """What the daemon that `connect` finds calls itself."""
    script = (
        "import sys; from contextlib import closing; from verbatim.engines.daemon import connect\n"
        "with closing(connect()) as client: sys.stdout.write(client.info()['ID'])"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


@pytest.mark.usefixtures("own")
def test_a_daemon_behind_ssh(tmp_path: Path, cache: Path) -> None:
    folder, programs = tmp_path / "ssh", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    with ssh.server(folder) as options:
        (programs / "ssh").write_text(
            f'#!/bin/sh\nexec {shutil.which("ssh")} {options} "$@"\n', encoding="ascii"
        )
        (programs / "ssh").chmod(0o755)
        # Docker's client takes port 22 if the address names none, whatever ssh's settings say.
        port = next(
            line.split()[1] for line in (folder / "client").read_text().splitlines() if "Port" in line
        )
        finished = _build_small(
            tmp_path,
            cache,
            DOCKER_HOST=f"ssh://{ssh.HOST}:{port}",
            PATH=f"{programs}:{os.environ['PATH']}",
        )
    assert finished.status == 0, finished.err
    assert sorted(path.name for path in (tmp_path / "results" / SMALL).iterdir()) == sorted(
        ["SHA256SUMS", "buildinfo", "source.intoto.json", *Release.parse(SMALL).source_tarballs]
    )


def test_jobs_at_the_same_time_do_not_hinder_each_other(own: Dockerd, root: Root, tmp_path: Path) -> None:
    ended: list[str] = []

    def work(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        inside = Inside(root, folder)
        ended.extend(inside(f"echo {number}").log for _ in range(2))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == sorted(f"{number}\n" for number in range(3) for _ in range(2))
    assert holds(own) == []


def test_a_job_that_cannot_start_says_why(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon refuses less memory than it needs itself."""
    monkeypatch.setattr(the_engine, "MEMORY", 1 << 10)
    with pytest.raises(CapabilityError, match="the Docker daemon refused: Minimum memory limit"):
        inside("exit 0")
