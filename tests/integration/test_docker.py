"""Docker for real: the contract inside, what a job may leave, and daemons that fail.

What would harm this machine's daemon, or could be harmed by others' work in it, has a daemon of the tests' own.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from tests.archives import contents, file, tar
from tests.integration import ssh
from tests.integration.command import Finished, command, verbatim
from tests.integration.contract import contract_variables
from tests.integration.daemons import Dockerd, dockerd, require_program
from tests.integration.engines import require
from tests.integration.releases import SMALL, small_tarball
from tests.integration.users import ordinary_user
from verbatim.engines import daemon as the_daemon
from verbatim.engines import docker as the_engine
from verbatim.engines.docker import Docker
from verbatim.engines.protocol import Engine, Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.image import Image
from verbatim.environments.rootfs import Root
from verbatim.errors import BuildError, CapabilityError, IntegrityError
from verbatim.paths import PROJECT
from verbatim.release import Release
from verbatim.scratch import remove_tree
from verbatim.sources.source import Identity, Prepared
from verbatim.stages.plan import Plan, Stage
from verbatim.stages.recipe import Recipe
from verbatim.stages.run import run

pytestmark = pytest.mark.integration

_EPOCH = 1_749_656_217
#: Seconds until a container has started, on a slow machine.
_PATIENCE = 120


@dataclass(frozen=True)
class Ended:
    """A script that ran inside."""

    status: int
    log: str
    output: Path


class Inside:
    """Runs scripts of bash, or of Python, in an engine; a script's arguments follow it."""

    def __init__(self, root: Root, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self._runs = 0
        self.recipe = folder / "recipe"
        self.recipe.mkdir()
        (self.recipe / "script").write_text("An input.\n", encoding="ascii")

    def __call__(
        self,
        script: str,
        *arguments: str,
        python: bool = False,
        engine: Engine | None = None,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> Ended:
        self._runs += 1
        folder = self._folder / f"run {self._runs}"
        for name in ("output", "build"):
            (folder / name).mkdir(parents=True)
        program = ["/usr/bin/python3", "-I"] if python else ["/usr/bin/bash"]
        job = Job(
            argv=[*program, "-c", script, *([] if python else ["bash"]), *arguments],
            root=self._root,
            epoch=_EPOCH,
            inputs={"recipe": self.recipe},
            output=folder / "output",
            build=folder / "build",
            log=folder / "log",
            on_line=on_line,
        )
        status = (engine or Docker()).run(job)
        return Ended(status, job.log.read_text(), job.output)


@pytest.fixture
def anywhere(root: Root, tmp_path: Path) -> Inside:
    return Inside(root, tmp_path)


@pytest.fixture
def inside(anywhere: Inside) -> Inside:
    """Runs scripts in the daemon that this machine's user has."""
    require(Docker())
    return anywhere


# What there is.


def test_the_environment_is_the_documented_one(inside: Inside) -> None:
    ended = inside(
        """
import json, os, socket
mask = os.umask(0)
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps({
    "variables": dict(line.split("=", 1) for line in open("/proc/self/environ").read().split("\\0") if line),
    "uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(),
    "host": socket.gethostname(), "umask": mask, "cwd": os.getcwd(), "first": os.getpid() == 1,
    "stdin": os.path.realpath("/proc/self/fd/0"), "build": os.listdir("/build"),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "inputs": sorted(os.listdir("/in")), "tmp": os.listdir("/tmp"), "out": os.listdir("/out"),
    "capabilities": [status["Cap" + kind] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")],
    "no new rights": status["NoNewPrivs"], "seccomp": status["Seccomp"],
    "interfaces": [name for _, name in socket.if_nameindex()],
}))
""",
        python=True,
    )
    assert json.loads(ended.log) == {
        "variables": contract_variables(_EPOCH),
        "uid": [1000, 1000, 1000],
        "gid": [1000, 1000, 1000],
        "groups": [1000],
        "host": "build",
        "umask": 0o022,
        "cwd": "/build",
        "first": False,
        "stdin": "/dev/null",
        "build": [],
        # The last one is that of the listing itself.
        "descriptors": [0, 1, 2, 3],
        "inputs": ["recipe"],
        "tmp": [],
        "out": [],
        "capabilities": ["0" * 16] * 5,
        "no new rights": "1",
        "seccomp": "2",
        "interfaces": ["lo"],
    }


def test_the_inputs_are_those_of_the_sandbox(inside: Inside) -> None:
    """Names, kinds, modes, owners, times, links and contents; secret ones can be read, as they can there."""
    deep = inside.recipe / "a folder" / ("long" * 40)
    deep.mkdir(parents=True)
    (deep / "größer\n").write_bytes(bytes(range(256)) * 1000)
    (inside.recipe / "secret").write_text("secret", encoding="ascii")
    (inside.recipe / "secret").chmod(0o400)
    (inside.recipe / "program").write_text("#!/bin/sh\n", encoding="ascii")
    (inside.recipe / "program").chmod(0o755)
    (inside.recipe / "empty").touch()
    (inside.recipe / "link").symlink_to("a folder/../secret")
    (inside.recipe / "nowhere").symlink_to("/nowhere")
    for path in [*inside.recipe.rglob("*"), inside.recipe]:
        os.utime(path, (_EPOCH, _EPOCH), follow_symlinks=False)
    deep.parent.chmod(0o500)
    script = "find /in -mindepth 1 -printf '%p %y %#m %U:%G %s %T@ %l\\0' | sort -z; find /in -type f -exec sha256sum {} + | sort"
    listing = inside(script).log
    assert "secret f 0400 1000:1000 6 " in listing
    # A folder's size is its file system's affair.
    assert _without_folder_sizes(listing) == _without_folder_sizes(inside(script, engine=Sandbox()).log)


def _without_folder_sizes(listing: str) -> list[str]:
    entries = listing.split("\0")
    return [entry if " f " in entry else " ".join(entry.split(" ")[:-3]) for entry in entries]


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_exit_status_is_handed_on(inside: Inside, script: str, status: int) -> None:
    assert inside(script).status == status


def test_what_a_script_leaves_running_ends_with_it(inside: Inside) -> None:
    ended = inside("sleep 1000 & echo done; kill -9 -1 2> /dev/null; exit 0")
    assert ended.log == "done\n"


def test_a_line_is_heard_while_the_job_goes_on(inside: Inside) -> None:
    """The job waits for a file that only who has heard the line makes."""
    client = docker.from_env()
    heard = []

    def hear(line: str) -> None:
        heard.append(line)
        if line.startswith("I am "):
            container = client.containers.get(line.removeprefix("I am "))
            container.exec_run(["/usr/bin/touch", "/tmp/heard"])

    ended = inside(
        """
echo "I am $(sed -n 's|.*/docker/containers/\\([0-9a-f]*\\)/hostname .*|\\1|p' /proc/self/mountinfo)"
for ((tries = 0; tries < 600; tries++)); do [[ -e /tmp/heard ]] && break; sleep 0.05; done
[[ -e /tmp/heard ]] && echo 'I was heard'
printf 'No end'
""",
        on_line=hear,
    )
    client.close()
    assert heard[1:] == ["I was heard", "No end"]
    assert ended.log.splitlines() == heard


def test_a_job_may_be_silent_for_longer_than_the_daemon(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside("exit 0")  # The image is there now.
    monkeypatch.setattr(the_daemon, "_PATIENCE", 2)
    assert inside("sleep 3; echo done").log == "done\n"


# What cannot be reached.


def test_a_server_on_this_machine_cannot_be_reached(inside: Inside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        ended = inside(
            "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)",
            str(listening.getsockname()[1]),
            python=True,
        )
        assert (ended.status, "ConnectionRefusedError" in ended.log) == (1, True)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_only_three_folders_can_be_written_to(inside: Inside) -> None:
    ended = inside(
        """
import os
for folder, _, files in os.walk("/"):
    for name in files:
        path = os.path.join(folder, name)
        if not os.path.islink(path) and os.access(path, os.W_OK) and not path.startswith(("/dev/", "/proc/")):
            print(path)
    try:
        open(os.path.join(folder, "a-new-file"), "x").close()
    except OSError:
        continue
    print(folder)
""",
        python=True,
    )
    # Message queues are not files, although they are listed as such.
    assert set(ended.log.splitlines()) - {"/dev/mqueue"} == {"/build", "/out", "/tmp"}


_ATTEMPTS = """
import ctypes, os, socket, stat, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
for attempt in sys.argv[1:]:
    try:
        eval(attempt)
    except OSError:
        continue
    print(attempt)
"""


def test_what_would_reach_further_is_refused(inside: Inside) -> None:
    ended = inside(
        _ATTEMPTS,
        "open('/in/recipe/script', 'a')",
        "os.remove('/in/recipe/script')",
        "os.chmod('/in/recipe/script', 0o777)",
        "os.utime('/in/recipe/script')",
        "open('/usr/bin/tar', 'ab')",
        "os.chmod('/usr', 0o777)",
        "os.symlink('/usr', '/usr/again')",
        "os.chown('/build', 0, 0)",
        "open('/proc/sys/kernel/core_pattern', 'a')",
        "open('/proc/sys/kernel/hostname', 'a')",
        "open('/proc/sysrq-trigger', 'a')",
        "open('/dev/mem', 'rb')",
        "open('/dev/kmsg', 'rb')",
        "open('/dev/tty', 'wb')",
        "os.mknod('/tmp/disk', stat.S_IFBLK | 0o600, os.makedev(8, 0))",
        "os.mknod('/out/memory', stat.S_IFCHR | 0o600, os.makedev(1, 1))",
        "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)",
        "call('mount', None, b'/', None, 32 | 4096, None)",
        "call('umount2', b'/in', 0)",
        "os.chroot('/build')",
        "os.setuid(0)",
        "os.setgroups([0])",
        "os.nice(-1)",
        "os.unshare(os.CLONE_NEWUSER)",
        "os.unshare(os.CLONE_NEWNET)",
        "os.setns(os.open('/proc/1/ns/net', os.O_RDONLY))",
        "socket.sethostname('other')",
        "socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)",
        "time.clock_settime(time.CLOCK_REALTIME, time.time())",
        python=True,
    )
    assert (ended.status, ended.log) == (0, "")


def test_set_id_bits_give_nobody_s_rights(inside: Inside) -> None:
    ended = inside(
        "find / -xdev -perm /6000 2> /dev/null; cp /usr/bin/id /build/id; chmod 6755 /build/id; /build/id -u"
    )
    assert ended.log == "1000\n"


# Limits.


def test_the_control_groups_have_the_limits(inside: Inside) -> None:
    ended = inside(
        "cd /sys/fs/cgroup; cat pids/pids.max pids.max memory/memory.limit_in_bytes memory.max 2> /dev/null; exit 0"
    )
    assert ended.log.split() == [str(the_engine.PROCESSES), str(the_engine.MEMORY)]


def test_who_takes_too_much_memory_is_told_so(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(the_engine, "MEMORY", 64 << 20)
    ended = inside("print(len(bytearray(256 << 20)))", python=True)
    assert ended.status == 137
    assert ended.log.splitlines()[-1] == "out of memory: a container has 67.1 MB"


def test_a_fork_bomb_ends_early(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(the_engine, "PROCESSES", 200)
    ended = inside(
        """
import os, signal
for number in range(5000):
    try:
        if os.fork() == 0:
            signal.pause()
    except BlockingIOError:
        print(number)
        break
""",
        python=True,
    )
    assert 190 < int(ended.log) < 200


# What a recipe leaves.


@pytest.mark.parametrize("engine", [Sandbox(), Docker()], ids=lambda engine: engine.name)
@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        "touch $1; exit 3",
        "touch $1",
        "touch $1 $2 other",
        "touch $1 $2 .hidden",
        "touch $1; ln -s $1 $2",
        "touch $1; ln -s /etc/passwd $2",
        "touch $1; ln -s ../../../../../../etc/passwd $2",
        "touch $1; ln -s nowhere $2",
        "touch $1; ln $1 $2",
        "touch $1; mkdir $2",
        "touch $1; mkdir -m 0 $2",
        "touch $1; mkfifo $2",
        "touch $1; python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' $2",
        "touch $1 $2 $'caf\\xe9'",
        "touch $1 $2 $'line\\nfeed'",
        # What follows what is refused is more than anybody reads ahead.
        "ln -s /etc/passwd $1; head -c 100M /dev/zero > $2",
        "touch $1; mkdir -p $2/$(printf 'a/%.0s' {1..1500})",
    ],
)
def test_odd_results_are_refused(engine: Engine, script: str, root: Root, tmp_path: Path) -> None:
    require(engine)
    with pytest.raises((BuildError, IntegrityError)):
        _run_recipe(engine, script, root, tmp_path)
    remove_tree(tmp_path / "output")


@pytest.mark.parametrize("engine", [Sandbox(), Docker()], ids=lambda engine: engine.name)
def test_results_are_plain_files_whatever_their_modes(engine: Engine, root: Root, tmp_path: Path) -> None:
    require(engine)
    output = _run_recipe(
        engine,
        "printf '%s' secret > $1; chmod 0 $1; head -c 5000000 /dev/urandom > $2; chmod 7777 $2;"
        " sha256sum $2; truncate -s 9000000 $2",
        root,
        tmp_path,
    )
    found = contents(output)
    assert [mode for mode, _ in found.values()] == [0o100644, 0o100644]
    assert sorted(len(body) for _, body in found.values()) == [6, 9000000]
    assert found[f"Python-{SMALL}.tar.xz".encode()][1] == b"secret"


def _run_recipe(engine: Engine, script: str, root: Root, folder: Path) -> Path:
    """Run a recipe whose arguments are the names that it should leave; give the folder with what it did leave."""
    recipe, work, output = (folder / name for name in ("recipes/odd", "work", "output"))
    for path in (recipe, work, output):
        path.mkdir(parents=True)
    names = tuple(sorted(Release.parse(SMALL).source_tarballs))
    (folder / "recipes" / "common").mkdir()
    (recipe / "odd.sh").write_text(f"cd /out; set -- {' '.join(names)}; {script}\n", encoding="utf-8")
    stage = Stage("source", root.environment, Recipe.load("odd", folder / "recipes"), names)
    plan = Plan(Release.parse(SMALL), Identity("tarball", "odd", {"sha256": "0" * 64}), stage)
    run(plan, Prepared({}, _EPOCH), root, engine, work=work, output=output, log=folder / "log")
    return output


# A daemon of the tests' own.


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
