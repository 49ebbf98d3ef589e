"""What a job finds inside a container of Docker's, what it cannot reach there, and its limits."""

from __future__ import annotations

import json
import os
import socket

import docker
import pytest

from tests.integration.contract import contract_variables
from tests.integration.docker.conftest import EPOCH, Inside
from verbatim.engines import daemon as the_daemon
from verbatim.engines import docker as the_engine
from verbatim.engines.sandbox import Sandbox

pytestmark = pytest.mark.integration


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
        "variables": contract_variables(EPOCH),
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
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)
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
    monkeypatch.setattr(the_daemon, "_TIMEOUT", 2)
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
