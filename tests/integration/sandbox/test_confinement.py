"""What a recipe cannot reach from inside the sandbox, each tried for real, and what it finds there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.contract import contract_variables
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.rootfs import Root
from verbatim.paths import PROJECT

pytestmark = pytest.mark.integration

_EPOCH = 1_749_656_217


@dataclass(frozen=True)
class Ended:
    """A script that ran inside."""

    status: int
    log: str
    output: Path


Inside = Callable[..., Ended]


@pytest.fixture
def inside(root: Root, tmp_path: Path) -> Inside:
    """Runs a script of bash, or of Python, in the sandbox; its arguments follow."""
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    (recipe / "script").write_text("An input.\n", encoding="ascii")

    def run(script: str, *arguments: str, python: bool = False) -> Ended:
        output, build = tmp_path / "output", tmp_path / "build"
        output.mkdir()
        build.mkdir()
        program = ["/usr/bin/python3", "-I"] if python else ["/usr/bin/bash"]
        job = Job(
            argv=[*program, "-c", script, *([] if python else ["bash"]), *arguments],
            root=root,
            epoch=_EPOCH,
            inputs={"recipe": recipe},
            output=output,
            build=build,
            log=tmp_path / "log",
        )
        status = Sandbox().run(job)
        return Ended(status, job.log.read_text(), output)

    return run


# The network.


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server on this machine's loopback address, which this process reaches."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        socket.create_connection(listening.getsockname()).close()
        listening.accept()[0].close()
        listening.setblocking(False)
        yield listening


def test_a_server_on_this_machine_cannot_be_reached(inside: Inside, server: socket.socket) -> None:
    ended = inside(
        "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)",
        str(server.getsockname()[1]),
        python=True,
    )
    assert ended.status == 1
    assert "ConnectionRefusedError" in ended.log
    with pytest.raises(BlockingIOError):
        server.accept()


def test_an_abstract_socket_of_this_machine_cannot_be_reached(inside: Inside) -> None:
    name = f"verbatim-test-{os.getpid()}"
    connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect('\\0' + sys.argv[1])"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{name}")
        listening.listen()
        subprocess.run(["python3", "-c", connect, name], check=True)
        ended = inside(connect, name, python=True)
    assert ended.status == 1
    assert "ConnectionRefusedError" in ended.log


def test_no_name_resolves_and_no_address_has_a_route(inside: Inside) -> None:
    ended = inside(
        """
import errno, socket
try:
    socket.getaddrinfo("example.org", 443)
except socket.gaierror as error:
    print("resolving:", error)
for family, address in (socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"):
    try:
        socket.socket(family, socket.SOCK_DGRAM).connect((address, 53))
    except OSError as error:
        print("connecting:", errno.errorcode[error.errno])
print("interfaces:", *(name for _, name in socket.if_nameindex()))
""",
        python=True,
    )
    assert ended.status == 0, ended.log
    assert "resolving: " in ended.log
    assert ended.log.count("connecting: ENETUNREACH\n") == 2
    assert "interfaces: lo\n" in ended.log


# Files.


def test_this_machine_s_files_are_not_there(inside: Inside, tmp_path: Path, cache: Path) -> None:
    (tmp_path / "secret").write_text("a secret", encoding="ascii")
    theirs = [
        "/etc/hostname",
        "/etc/machine-id",
        "/etc/shadow",
        "/home",
        "/mnt",
        "/root",
        "/run/user",
        "/sys",
    ]
    ours = [str(path) for path in (tmp_path, cache, PROJECT, Path.home())]
    ended = inside('for path; do [[ -e $path ]] && find "$path" -type f; done; exit 0', *theirs, *ours)
    assert ended.status == 0
    assert ended.log == ""


def test_nothing_else_of_this_machine_is_mounted(inside: Inside) -> None:
    ended = inside("print(open('/proc/self/mountinfo').read())", python=True)
    points = {line.split()[4] for line in ended.log.splitlines() if line}
    assert {point for point in points if not point.startswith(("/dev/", "/proc/"))} == {
        *("/", "/build", "/dev", "/in", "/in/recipe", "/out", "/proc", "/tmp")
    }


def test_only_three_folders_can_be_written_to(inside: Inside) -> None:
    """Every folder there is gets a try, those of the kernel too, and every file is asked for."""
    ended = inside(
        """
import os
for folder, _, files in os.walk("/"):
    paths = [os.path.join(folder, name) for name in files]
    for path in paths:
        if not os.path.islink(path) and os.access(path, os.W_OK):
            print(path)
    try:
        open(os.path.join(folder, "a-new-file"), "x").close()
    except OSError:
        continue
    print(folder)
""",
        python=True,
    )
    assert ended.status == 0, ended.log
    written = {path for path in ended.log.splitlines() if path.split("/")[1] not in ("build", "out", "tmp")}
    assert written == {
        *("/dev/full", "/dev/null", "/dev/pts/ptmx", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero")
    }
    assert (ended.output / "a-new-file").exists()


_ATTEMPT = """
import ctypes, os, socket, stat, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def syscall(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
REMOUNT, BIND = 32, 4096
# By their numbers, on x86-64; the second way is that of the x32 ABI.
ADD_KEY, REQUEST_KEY, KEYCTL, BPF, X32 = 248, 249, 250, 321, 0x40000000
SESSION = ctypes.c_long(-3)
try:
    eval(sys.argv[1])
except OSError as error:
    print("refused:", error)
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/in/recipe/script', 'a')",
        "os.remove('/in/recipe/script')",
        "os.chmod('/in/recipe/script', 0o777)",
        "os.utime('/in/recipe/script')",
        "open('/usr/bin/tar', 'ab')",
        "os.rename('/usr/bin/tar', '/usr/bin/rat')",
        "os.chmod('/usr', 0o777)",
        "os.symlink('/usr', '/usr/again')",
        "os.chown('/build', 0, 0)",
        # Opened, and not written to: if it can be, this machine shall not suffer.
        "open('/proc/sys/kernel/core_pattern', 'a')",
        "open('/proc/sys/kernel/hostname', 'a')",
        "open('/proc/sys/net/ipv4/ip_forward', 'a')",
        "open('/proc/sys/user/max_user_namespaces', 'a')",
        "open('/proc/sysrq-trigger', 'a')",
        "open('/dev/mem', 'rb')",
        "open('/dev/kmsg', 'rb')",
        "open('/dev/tty', 'wb')",
        "os.mknod('/tmp/disk', stat.S_IFBLK | 0o600, os.makedev(8, 0))",
        "os.mknod('/build/memory', stat.S_IFCHR | 0o600, os.makedev(1, 1))",
        "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)",
        "call('mount', None, b'/', None, REMOUNT | BIND, None)",
        "call('mount', None, b'/proc', None, REMOUNT | BIND, None)",
        "call('mount', None, b'/in/recipe', None, REMOUNT | BIND, None)",
        "call('umount2', b'/in/recipe', 0)",
        "os.chroot('/build')",
        "os.setuid(0)",
        "os.setgid(0)",
        "os.setgroups([0])",
        "os.nice(-1)",
        "os.unshare(os.CLONE_NEWUSER)",
        "os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)",
        "os.unshare(os.CLONE_NEWNET)",
        "os.setns(os.open('/proc/1/ns/net', os.O_RDONLY))",
        "socket.sethostname('other')",
        "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
        "syscall(KEYCTL, 0, SESSION, 1)",
        "syscall(X32 | KEYCTL, 0, SESSION, 1)",
        "syscall(ADD_KEY, b'user', b'name', b'x', 1, SESSION)",
        "syscall(REQUEST_KEY, b'user', b'name', None, 0)",
        "syscall(BPF, 0, None, 0)",
        "socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)",
        "time.clock_settime(time.CLOCK_REALTIME, time.time())",
    ],
)
def test_what_would_reach_further_is_refused(inside: Inside, attempt: str) -> None:
    ended = inside(_ATTEMPT, attempt, python=True)
    assert (ended.status, ended.log[:9]) == (0, "refused: "), ended.log


def test_set_id_bits_give_nobody_s_rights(inside: Inside) -> None:
    ended = inside(
        "find / -xdev -perm /6000; cp /usr/bin/id /build/id; chmod 6755 /build/id; /build/id -u;"
        " grep -E '^(NoNewPrivs|Cap)' /proc/self/status"
    )
    assert ended.log.splitlines() == [
        "1000",
        *(f"{name}:\t{0:016x}" for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")),
        "NoNewPrivs:\t1",
    ]


# Other processes.


def test_other_processes_are_neither_seen_nor_hit(inside: Inside) -> None:
    """The script kills all that it can, and hits only itself."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bystander:
        ended = inside("cat /proc/[0-9]*/comm; kill -9 -1 2> /dev/null; echo survived")
        assert bystander.communicate("still here")[0] == "still here"
    assert set(ended.log.split()) == {"ld-linux-x86-64", "bash", "survived"}


# What there is.


def test_the_environment_is_the_documented_one(inside: Inside) -> None:
    ended = inside(
        """
import json, os, socket
mask = os.umask(0)
print(json.dumps({
    "variables": dict(line.split("=", 1) for line in open("/proc/self/environ").read().split("\\0") if line),
    "uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(),
    "host": socket.gethostname(), "umask": mask, "cwd": os.getcwd(), "session": os.getsid(0),
    "stdin": os.path.realpath("/proc/self/fd/0"), "build": os.listdir("/build"),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "inputs": sorted(os.listdir("/in")), "tmp": os.listdir("/tmp"), "out": os.listdir("/out"),
}))
""",
        python=True,
    )
    found = json.loads(ended.log)
    assert found.pop("variables") == contract_variables(_EPOCH)
    # The last descriptor is that of the listing itself.
    assert found.pop("descriptors") == [0, 1, 2, 3]
    assert found.pop("groups") in ([1000], [])
    assert found.pop("session") != os.getsid(0)
    assert found == {
        "uid": [1000, 1000, 1000],
        "gid": [1000, 1000, 1000],
        "host": "build",
        "umask": 0o022,
        "cwd": "/build",
        "stdin": "/dev/null",
        "build": [],
        "inputs": ["recipe"],
        "tmp": [],
        "out": [],
    }


@pytest.fixture
def nohup() -> Iterator[None]:
    """This process ignores what nohup(1), and shells for what they start beside themselves, let it ignore."""
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
    former = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    yield
    for number, handler in zip(numbers, former, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("nohup")
def test_no_signal_is_ignored(inside: Inside) -> None:
    assert inside("grep ^SigIgn: /proc/self/status").log == "SigIgn:\t0000000000000000\n"


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_exit_status_is_handed_on(inside: Inside, script: str, status: int) -> None:
    assert inside(script).status == status


def test_what_a_script_leaves_running_ends_with_it(inside: Inside) -> None:
    """The log ends when nobody holds it open any more."""
    ended = inside("while :; do :; done & echo done")
    assert ended.status == 0
    assert ended.log == "done\n"


def test_the_locale_is_there(inside: Inside) -> None:
    ended = inside("import locale; print(locale.setlocale(locale.LC_ALL, ''))", python=True)
    assert ended.log == "C.UTF-8\n"
