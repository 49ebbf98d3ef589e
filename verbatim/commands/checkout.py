"""Which commit this checkout is at, and where it was cloned from."""

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
    commit = _asked(project, "rev-parse", "--verify", "HEAD")
    return commit if _COMMIT.fullmatch(commit) else None


def checkout_origin(project: Path = PROJECT) -> str:
    """The address that it was cloned from, unchecked; empty where `checkout_commit` gives None, and without an origin."""
    return _asked(project, "config", "--get", "remote.origin.url")


def _asked(project: Path, *question: str) -> str:
    """What git answers about a repository; empty if it fails, or is missing."""
    if not (project / ".git").exists():
        return ""
    # Git's own variables may name another repository. The checkout may be another user's: nothing in it is run.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "safe.directory=*", "-C", str(project), *question]
    try:
        asked = run_program(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, seconds=10
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.decode("ascii", "replace").strip() if asked.returncode == 0 else ""
