"""Whatever stops a build is found by the doctor as well, with the same remedy; each tried for real, in a namespace of its own."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.command import verbatim
from tests.integration.releases import SMALL, small_tarball
from verbatim.environments.rootfs import Root

pytestmark = pytest.mark.integration

_AS_ROOT = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-euc")

# A filter of seccomp(2): flock fails with the error of the first argument; see linux/filter.h.
_NO_LOCKS = """
import ctypes, os, struct, sys
FLOCK, NO_NEW_PRIVS, SECCOMP, FILTER = 73, 38, 22, 2
program = b"".join(
    struct.pack("=HBBI", *each)
    for each in ((0x20, 0, 0, 0), (0x15, 0, 1, FLOCK), (6, 0, 0, 0x50000 | int(sys.argv[1])), (6, 0, 0, 0x7FFF0000))
)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert libc.prctl(SECCOMP, FILTER, ctypes.byref(Program(4, program)), 0, 0) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True)
class Machine:
    """A machine that cannot build; ``$cache`` is the cache."""

    within: Sequence[str]
    #: What the doctor calls it, and what it and the build say of it.
    what: str
    found: str
    remedy: str
    #: Whether an empty cache is good enough.
    fresh: bool = False


def _script(text: str) -> tuple[str, ...]:
    return (*_AS_ROOT, f'{text}; exec "$@"', "sh")


MACHINES = {
    "a masked /proc, as in a container": Machine(
        _script("mount -t tmpfs none /proc/irq"),
        "sandbox: a /proc of its own",
        "mounting /proc: Operation not permitted",
        "--security-opt systempaths=unconfined",
    ),
    "no user namespaces": Machine(
        _script("echo 0 > /proc/sys/user/max_user_namespaces"),
        "sandbox: user namespaces",
        "forbidden (new namespaces: No space left on device)",
        "sudo sysctl user.max_user_namespaces=15000",
    ),
    "no programs in the cache": Machine(
        _script("mount -t tmpfs -o noexec,mode=700 none $VERBATIM_CACHE"),
        "sandbox: programs run from the cache",
        "Permission denied",
        "mounted with noexec",
        fresh=True,
    ),
    **{
        f"no locks: {errno.errorcode[number]}": Machine(
            (sys.executable, "-c", _NO_LOCKS, str(number)),
            "locks in the cache",
            "cannot be locked",
            "on a file system with flock(2)",
        )
        for number in (errno.ENOSYS, errno.ENOLCK)
    },
}


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES.keys())
def test_the_doctor_finds_what_stops_a_build(machine: Machine, cache: Path, tmp_path: Path) -> None:
    used = tmp_path / "cache" if machine.fresh else cache
    used.mkdir(mode=0o700, exist_ok=True)
    tarball = small_tarball(tmp_path / "small.tgz")
    options = ("--version", SMALL, "--source", str(tarball), "--output", str(tmp_path / "out"))
    refusal = verbatim("build", *options, within=machine.within, cache=used).refusal(3)
    examined = verbatim("doctor", "--offline", within=machine.within, cache=used)
    assert examined.status == 3
    [missing] = [line for line in examined.out.splitlines() if line.startswith("MISSING")]
    assert missing.startswith(f"MISSING  {machine.what}: ")
    for said in (refusal, missing):
        assert machine.found in said
        assert machine.remedy in said
    if "locks" in machine.what:
        assert str(used) in refusal
    assert not (tmp_path / "out" / SMALL).exists()


def test_the_doctor_starts_the_sandbox(root: Root) -> None:
    examined = verbatim("doctor", "--offline", cache=root.path.parent.parent)
    assert examined.status == 0, examined.out
    assert "ok       sandbox: starts: yes" in examined.out.splitlines()


def test_before_anything_was_fetched_it_says_that_this_was_not_tried(tmp_path: Path) -> None:
    examined = verbatim("doctor", "--offline", cache=tmp_path / "cache")
    assert examined.status == 0, examined.out
    assert "sandbox: starts: not tried: bubblewrap has not been fetched yet" in examined.out
