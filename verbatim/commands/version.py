"""``./invoke version``: the commit that this checkout is at."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from verbatim.paths import PROJECT
from verbatim.programs import run_program

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def checkout_commit(project: Path = PROJECT) -> str | None:
    """The commit that is checked out; None without git, and for a folder that is not a repository of its own."""
    if not (project / ".git").exists():
        return None
    # Git's own variables may name another repository. The checkout may be another user's: nothing in it is run.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "safe.directory=*", "-C", str(project), "rev-parse", "--verify", "HEAD"]
    try:
        asked = run_program(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, seconds=10
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    commit = asked.stdout.decode("ascii", "replace").strip()
    return commit if asked.returncode == 0 and _COMMIT.fullmatch(commit) else None
