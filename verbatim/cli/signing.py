"""The command that hands over to the signing stage, which shares no code with this package."""

from __future__ import annotations

import subprocess

from invoke.context import Context
from invoke.exceptions import Exit

from verbatim.cli.command import command
from verbatim.paths import PROJECT


@command(step="check, run or verify", release="the folder that holds dist/VERSION/ and attestations/VERSION/")
def sign(
    context: Context,
    version: str = "",
    step: str = "run",
    release: str = ".",
    policy: str = "",
    trust_config: str = "",
) -> None:
    """Hand a release over to the signing stage, a program of its own: see signing/README.md.

    Without `--policy`, the one in your own configuration counts.

    Example:

        ./invoke sign --version 3.13.5 --step check --release releases/candidate
    """
    stage = [str(PROJECT / "signing" / "sign"), step, "--version", version]
    files = {"--policy": policy, "--trust-config": trust_config}
    options = [part for name, path in files.items() if path for part in (name, path)]
    done = subprocess.run([*stage, *options, "--", release], check=False)
    if done.returncode != 0:
        raise Exit(code=done.returncode)
