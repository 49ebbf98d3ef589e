"""Does what bubblewrap cannot, in a process of its own, and then becomes bubblewrap.

Run as ``python -I launcher.py TASK COMMAND ...``, where TASK is a `Task` as JSON: it imports nothing from Verbatim. What
it mounts and names is in namespaces of its own, which end with the job.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass

# linux/sched.h, linux/mount.h, linux/prctl.h
_NEWNS, _NEWUTS, _NEWUSER = 0x20000, 0x4000000, 0x10000000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_SET_DEATH_SIGNAL = 1

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Task:
    """What to do; empty fields are skipped."""

    #: The process whose end ends everything.
    parent: int
    cpus: list[int]
    #: Flags of personality(2).
    personality: int
    domain: str
    #: A folder that a new file system in memory covers.
    in_memory: str
    #: The capacity of that: bytes, and files and folders; 0 for the kernel's default.
    space: int
    files: int
    #: The folders that the command shows in another order.
    reordered: list[str]
    reorder: list[str]
    #: An empty folder, below which the command finds the folders that it covers.
    behind: str

    @property
    def _needs_namespaces(self) -> bool:
        return bool(self.domain or self.in_memory or self.reorder)

    def command(self, then: list[str]) -> list[str]:
        """The command that performs the task and then becomes the command ``then``."""
        return [sys.executable, "-I", __file__, json.dumps(asdict(self)), *then]

    def run(self) -> None:
        """Perform the task; raises OSError or subprocess.SubprocessError."""
        if self._needs_namespaces:
            _enter_namespaces()
        _die_with(self.parent)
        if self.domain:
            domain = self.domain.encode()
            _check(_libc.setdomainname(domain, len(domain)), "the domain name")
        if self.in_memory:
            room = f",size={self.space},nr_inodes={self.files}" if self.space else ""
            options = f"mode=0700,uid={os.getuid()},gid={os.getgid()}{room}".encode()
            _check(_libc.mount(b"tmpfs", os.fsencode(self.in_memory), b"tmpfs", 0, options), "a file system")
        if self.reorder:
            for number, folder in enumerate(self.reordered):
                _cover(self.reorder, folder, os.path.join(self.behind, str(number)))
        if self.personality:
            _check(min(_libc.personality(self.personality), 0), "the personality")
        if self.cpus:
            os.sched_setaffinity(0, self.cpus)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _enter_namespaces() -> None:
    """Become root of new namespaces, in which mounts and names are private to this process."""
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(_NEWUSER | _NEWNS | _NEWUTS), "new namespaces")
    for name, text in ("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1"):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    _check(_libc.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None), "private mounts")


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; each change of privileges resets that."""
    _check(_libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL), "the death signal")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _cover(command: list[str], folder: str, behind: str) -> None:
    """Let a program mount its view of a folder on that folder itself; it ends with this process.

    It reads the folder at another path: at the original one it would wait for itself, and could not even be killed.
    """
    os.mkdir(behind)
    _check(_libc.mount(os.fsencode(folder), os.fsencode(behind), None, _BIND, None), "a second path")
    me = os.getpid()
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        changes = select.poll()
        changes.register(mounts, select.POLLPRI)
        program = subprocess.Popen(
            [*command, behind, folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: _die_with(me),  # noqa: PLW1509 - there is no other thread here
        )
        end = os.pidfd_open(program.pid)
        changes.register(end, select.POLLIN)
        while os.stat(folder).st_dev == os.stat(behind).st_dev:
            changes.poll()
            if program.poll() is not None:
                raise subprocess.CalledProcessError(program.returncode, command[0])
        os.close(end)


def main() -> None:
    """Perform the task, and become the command, with default handlers for all signals."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    _, task, *command = sys.argv
    try:
        Task(**json.loads(task)).run()
        os.execv(command[0], command)  # noqa: S606
    except subprocess.CalledProcessError as error:
        # The program has printed the reason.
        sys.exit(error.returncode)
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
