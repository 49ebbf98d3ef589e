"""What packages' maintainer scripts would do, and an environment truly needs: a few commands, run in the new root.

They run under bubblewrap, as `launch` starts it, without network or rights, and see nothing but the root. What they leave is
part of the root's digest, so they must leave the same each time.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from verbatim import console
from verbatim.capabilities import sandbox_refusal
from verbatim.environments.architecture import is_this_machine
from verbatim.environments.host_programs import BUBBLEWRAP, lay_out
from verbatim.environments.lock import Lock
from verbatim.errors import CapabilityError, IntegrityError
from verbatim.paths import cache_directory
from verbatim.programs import readable, run_program
from verbatim.sandboxing import seccomp
from verbatim.scratch import scratch


def activate(root: Path, lock: Lock, commands: Sequence[str]) -> None:
    """Run lines of bash in a root, as its user 0, with the lock's time for ``SOURCE_DATE_EPOCH``.

    Raises CapabilityError where no sandbox can be had, IntegrityError if a command fails.
    """
    if not is_this_machine(lock.architecture):
        raise CapabilityError(
            f"an environment for {lock.architecture} can be made on such a machine only", "make it on one"
        )
    with (
        console.progress("activating the environment", unit="things"),
        readable(seccomp.program()) as refused_calls,
        scratch(cache_directory() / "work") as folder,
    ):
        bubblewrap = lay_out(BUBBLEWRAP, lock, folder)
        script = "\n".join(("echo started", *commands))
        done = run_program(
            [*bubblewrap, *_options(root, refused_calls, lock.time), "--", "/usr/bin/bash", "-euc", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[refused_calls],
            env={},
            umask=0o022,
        )
    said = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    if done.returncode == 0:
        return
    if "started" not in said:
        raise sandbox_refusal(said[-1] if said else f"bubblewrap ended with {done.returncode}")
    raise IntegrityError(
        f"activating the environment failed with status {done.returncode}: {' / '.join(said[1:][-3:])}",
        "a maintainer can correct `activate` in its environment.toml",
    )


def _options(root: Path, refused_calls: int, time: int) -> list[str]:
    """Those of bwrap(1); as for a recipe, but that the root can be written to."""
    variables = {
        "FORCE_SOURCE_DATE": "1",
        "HOME": "/tmp",  # noqa: S108 - inside
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/usr/sbin",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(time),
        "TZ": "UTC",
    }
    options = ["--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    options += ["--die-with-parent", "--new-session", "--seccomp", str(refused_calls)]
    options += ["--uid", "0", "--gid", "0", "--hostname", "build"]
    options += ["--bind", str(root), "/", "--dev", "/dev", "--proc", "/proc"]
    options += ["--remount-ro", "/proc", "--remount-ro", "/dev", "--tmpfs", "/tmp", "--chdir", "/"]  # noqa: S108
    options += [
        "--clearenv",
        *(part for name, value in variables.items() for part in ("--setenv", name, value)),
    ]
    return options
