"""Verbatim's command line, run as a user runs it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verbatim.paths import PROJECT

#: What python.org published for 3.13.5.
PUBLISHED = {
    "Python-3.13.5.tar.xz": "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640",
    "Python-3.13.5.tgz": "e6190f52699b534ee203d9f417bdbca05a92f23e35c19c691a50ed2942835385",
}


#: For a machine that reaches no git server.
NO_GIT_SERVER = {"VERBATIM_GIT_URL": "http://127.0.0.1:9/cpython"}


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """What ``--json`` printed."""
        assert self.status == 0, self.err
        return json.loads(self.out)

    @property
    def hashes(self) -> dict[str, str]:
        return {artifact["name"]: artifact["sha256"] for artifact in self.result["artifacts"]}

    @property
    def verdicts(self) -> dict[str, str]:
        return {artifact["name"]: artifact["verdict"] for artifact in self.result["artifacts"]}

    def refusal(self, status: int) -> str:
        """The one line that says why nothing came of it."""
        assert self.status == status, self.err
        assert self.out == ""
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        return lines[0]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-X", "utf8", "-m", "verbatim", *arguments]


def verbatim(
    *arguments: str,
    cache: Path | None = None,
    project: Path = PROJECT,
    within: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> Finished:
    """Run a task of the project in a folder, by default this one, to its end.

    ``within`` is a command that runs the command; ``settings`` are environment variables.
    """
    return run(
        [*within, *command(*arguments)],
        project,
        {**os.environ, **({"VERBATIM_CACHE": str(cache)} if cache else {}), **(settings or {})},
    )


def run(argv: Sequence[str], folder: Path, environment: Mapping[str, str], **how: Any) -> Finished:
    """Run any command to its end; ``how`` is for ``subprocess.run``."""
    done = subprocess.run(
        argv, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, **how
    )
    return Finished(done.returncode, done.stdout, done.stderr)
