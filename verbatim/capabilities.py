"""What a machine must allow for a build, found out by trying it: namespaces, ``/proc``, programs in the cache, locks.

Whatever stops a build is one of these checks, so that `invoke doctor` names it as well.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from verbatim.errors import CapabilityError
from verbatim.paths import cache_directory
from verbatim.scratch import locked, locked_file

# What bubblewrap does first, done without it: new namespaces, the user map, mounts that only root may make; last, in a
# process that is the first one of its namespace, a /proc of its own.
_PROBE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
uid, gid = os.getuid(), os.getgid()
def see(result, step):
    if result != 0:
        sys.exit(step + ": " + os.strerror(ctypes.get_errno()))
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
)
NOSUID, NODEV, NOEXEC, RECURSIVE, PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
see(libc.unshare(NEWUSER | NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET), "new namespaces")
for name, text in ("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid):
    try:
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
    except OSError as error:
        sys.exit("the user map: " + os.strerror(error.errno))
see(libc.mount(None, b"/", None, RECURSIVE | PRIVATE, None), "a private mount")
see(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", NOSUID | NODEV, None), "a file system in memory")
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os.mkdir("/tmp/proc")
see(libc.mount(b"proc", b"/tmp/proc", b"proc", NOSUID | NODEV | NOEXEC, None), "mounting /proc")
"""
_MASKED = (
    "parts of /proc are masked, as they are in a container: start the container with"
    " --security-opt systempaths=unconfined (Podman: --security-opt unmask=ALL; Kubernetes: procMount: Unmasked)"
)


@dataclass(frozen=True)
class Check:
    """One thing that a build, an engine, or a kind of source, needs of this machine."""

    what: str
    passed: bool
    found: str
    remedy: str = ""


def sandbox_checks() -> list[Check]:
    """What bubblewrap needs of this machine, tried in bubblewrap's order."""
    failed = _failed_step()
    has_namespaces = failed is None or failed.startswith("mounting /proc")
    namespaces = Check(
        "sandbox: user namespaces",
        has_namespaces,
        "usable" if has_namespaces else f"forbidden ({failed})",
        _namespace_remedy(),
    )
    proc = Check("sandbox: a /proc of its own", failed is None, failed or "can be mounted", _MASKED)
    return [namespaces, *([proc] if has_namespaces else []), check_execution(cache_directory())]


def sandbox_refusal(complaint: str) -> CapabilityError:
    """The error to raise if bubblewrap could not start: its last line, and what this machine is known to lack."""
    lack = next((check for check in sandbox_checks() if not check.passed), None)
    if lack is not None:
        return CapabilityError(
            f"the sandbox could not be set up: {complaint} ({lack.what}: {lack.found})", lack.remedy
        )
    return CapabilityError(
        f"the sandbox could not be set up: bubblewrap says {complaint!r}",
        "no known cause was found on this machine; use another engine (--engine docker), and report that line",
    )


def check_execution(folder: Path) -> Check:
    """Try to run a program from a folder, as environments are run from the cache."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        program = Path(name, "program")
        program.write_text("#!/bin/sh\n", encoding="ascii")
        program.chmod(0o700)
        try:
            subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except PermissionError as error:
            found = f"{folder}: {error.strerror}"
        else:
            found = ""
    return Check(
        "sandbox: programs run from the cache",
        not found,
        found or str(folder),
        "its file system is mounted with noexec, or a policy forbids it: set VERBATIM_CACHE to a folder elsewhere",
    )


def check_locks(what: str, folder: Path) -> Check:
    """Try to lock a folder, and a file in it, as builds do to keep out of each other's way."""
    name = str(folder)
    try:
        with (
            tempfile.TemporaryDirectory(dir=folder) as name,
            locked(Path(name)),
            locked_file(Path(name, "file")),
        ):
            return Check(what, True, str(folder))
    except CapabilityError as error:
        return Check(what, False, error.message.replace(name, str(folder)), error.remedy)
    except OSError as error:
        remedy = "set VERBATIM_CACHE and --output to folders of your own"
        return Check(what, False, f"{folder}: {error.strerror}", remedy)


def _failed_step() -> str | None:
    """The step of the probe that failed, with the system's error; None if all of it works."""
    probe = subprocess.run(
        [sys.executable, "-I", "-c", _PROBE], capture_output=True, text=True, errors="replace", check=False
    )
    complaint = probe.stderr.strip().rpartition("\n")[2]
    return (complaint or f"status {probe.returncode}") if probe.returncode != 0 else None


def _namespace_remedy() -> str:
    """The remedy for the setting that forbids user namespaces, which differs by distribution."""
    if _sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor restricts them: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, "
            "or build as root, or in a virtual machine"
        )
    if _sysctl("kernel/unprivileged_userns_clone") == "0":
        return "sudo sysctl kernel.unprivileged_userns_clone=1, or build as root"
    if _sysctl("user/max_user_namespaces") == "0":
        return "sudo sysctl user.max_user_namespaces=15000"
    return "in a container, allow them (with Docker: --security-opt seccomp=unconfined --security-opt systempaths=unconfined)"


def _sysctl(name: str) -> str | None:
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return None
