"""Runs a few commands in a new root, for what an environment needs of packages' maintainer scripts.

They run under bubblewrap, as `launch` starts it, without network or rights, and see only the root. What they leave is
part of the root's digest, so they must leave the same each time.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from verbatim import console
from verbatim.caches import WORK
from verbatim.capabilities import sandbox_refusal
from verbatim.environments.architecture import is_this_machine
from verbatim.environments.host_programs import BUBBLEWRAP, lay_out
from verbatim.environments.lock import Lock
from verbatim.errors import CapabilityError, IntegrityError
from verbatim.programs import readable, run_program
from verbatim.sandboxing import seccomp
from verbatim.sandboxing.bubblewrap import Confinement
from verbatim.sandboxing.contract import HOST_NAME, variables
from verbatim.scratch import scratch


def activate(root: Path, lock: Lock, commands: Sequence[str]) -> None:
    """Run lines of bash in a root, as its user 0, with the lock's time for ``SOURCE_DATE_EPOCH``.

    Raises CapabilityError if the sandbox cannot be set up, IntegrityError if a command fails.
    """
    if not is_this_machine(lock.architecture):
        raise CapabilityError(
            f"an environment for {lock.architecture} can only be made on such a machine", "make it on one"
        )
    with (
        console.progress("activating the environment", unit="things"),
        readable(seccomp.program()) as refused_calls,
        scratch(WORK.folder) as folder,
    ):
        bubblewrap = lay_out(BUBBLEWRAP, lock, folder)
        # As for a recipe, but as user 0, and with a writable root.
        confinement = Confinement(
            root,
            refused_calls,
            uid=0,
            gid=0,
            host=HOST_NAME,
            folder="/",
            variables={**variables("/tmp", lock.time), "FORCE_SOURCE_DATE": "1"},  # noqa: S108 - inside
            is_writable=True,
        )
        script = "\n".join(("echo started", *commands))
        done = run_program(
            [*bubblewrap, *confinement.options(), "--", "/usr/bin/bash", "-euc", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[refused_calls],
            env={},
            umask=0o022,
        )
    lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    if done.returncode == 0:
        return
    if "started" not in lines:
        raise sandbox_refusal(lines[-1] if lines else f"bubblewrap ended with {done.returncode}")
    raise IntegrityError(
        f"activating the environment failed with status {done.returncode}: {' / '.join(lines[1:][-3:])}",
        "a maintainer can correct `activate` in its environment.toml",
    )
