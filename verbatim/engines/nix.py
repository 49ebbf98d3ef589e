"""Nix: each job a derivation of ``nix/default.nix``, built by ``nix-build`` with the Nix sandbox on.

The environment is in the store by its NAR hash, which Nix itself checks; inputs travel as one tar file. Only the
old commands are used, which every Nix has: nix-instantiate(1), nix-build(1), nix-store(1). What a daemon does with
settings of a user whom it does not trust is in nix.conf(5): it ignores them. So the derivation itself checks
that it is in the sandbox.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from verbatim import console
from verbatim.capabilities import Check
from verbatim.engines.inputs import write_inputs
from verbatim.engines.log import follow
from verbatim.engines.nix_output import exit_status, lacks_users, refusal
from verbatim.engines.protocol import Job
from verbatim.errors import CapabilityError, VerbatimError
from verbatim.paths import PROJECT
from verbatim.programs import run_program

_EXPRESSIONS = PROJECT / "nix"

#: A daemon heeds these only for trusted users.
_SETTINGS = {
    "keep-build-log": "false",
    "sandbox": "true",
    "sandbox-fallback": "false",
    "sandbox-paths": "",
    "substitute": "false",
}

# A path that no store has. Asking for it shows whether the daemon answers.
_NO_PATH = "00000000000000000000000000000000-verbatim"

# Seconds for Nix to clean up.
_GRACE = 20

# Nix cleans up when it is terminated; so it must be terminated when this process is killed.
_TIED = """
import ctypes, os, sys
SET_PDEATHSIG, TERMINATE = 1, 15
ctypes.CDLL(None).prctl(SET_PDEATHSIG, TERMINATE)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""


class Nix:
    """Runs jobs as derivations, on this machine or on Nix's remote builders."""

    name = "nix"

    def __init__(self, builders: str = "") -> None:
        """``builders`` is for ``nix-build --builders``; with it, nothing is built on this machine."""
        self._builders = builders

    @property
    def location(self) -> str:
        """See `Engine.location`."""
        return json.dumps([self._builders, os.environ.get("NIX_REMOTE")])

    def checks(self) -> list[Check]:
        """The program, and a store that answers."""
        found = shutil.which("nix-build")
        program = Check(
            "nix: the program nix-build",
            found is not None,
            found or "not found",
            "install Nix (on Debian: nix-bin and nix-setup-systemd), or build with --engine sandbox",
        )
        return [program, _check_store(builds_here=not self._builders)] if found else [program]

    def run(self, job: Job) -> int:
        """See `Engine.run`. Raises IntegrityError if Nix finds that the root is not the locked one."""
        with _derivation(job) as (derivation, mark):
            result = job.build / "result"
            messages = _build(self._command(derivation, result), job, mark)
            if not result.is_symlink():
                return exit_status(messages)
            _take(Path(os.readlink(result)), job.output)
        return 0

    def _command(self, derivation: str, result: Path) -> list[str]:
        elsewhere = ["--max-jobs", "0", "--builders", self._builders] if self._builders else []
        return ["nix-build", derivation, "--out-link", str(result), *_settings(), *elsewhere]


def _check_store(*, builds_here: bool) -> Check:
    what = "nix: a store that answers"
    try:
        store = _ask("nix-instantiate", "--eval", "--expr", "builtins.storeDir").strip().strip('"')
        _, warnings = _run("nix-store", "--check-validity", "--print-invalid", f"{store}/{_NO_PATH}")
        if builds_here and lacks_users(warnings):
            raise refusal(warnings)
    except CapabilityError as error:
        return Check(what, False, error.message, error.remedy)
    return Check(what, True, store)


def _settings() -> list[str]:
    return [word for name, value in _SETTINGS.items() for word in ("--option", name, value)]


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}


def _ask(*command: str) -> str:
    """The output of one of Nix's programs; raises what `refusal` makes of its complaint."""
    return _run(*command)[0]


def _run(*command: str) -> tuple[str, list[str]]:
    """The output of one of Nix's programs, and the lines of its warnings; raises as `_ask` does."""
    try:
        done = run_program(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise CapabilityError(
            f"{command[0]} was not found", "install Nix, or build with --engine sandbox"
        ) from None
    messages = done.stderr.decode("utf-8", "replace").splitlines()
    if done.returncode != 0:
        raise refusal(messages)
    return done.stdout.decode("utf-8", "replace"), messages


@contextmanager
def _derivation(job: Job) -> Iterator[tuple[str, str]]:
    """The job's derivation, in the store while the block runs, and the mark of the command's lines.

    The mark makes it a new derivation each time: otherwise Nix returns what it has built before.
    """
    mark = f"{secrets.token_hex(16)} "
    inputs, link = job.build / "inputs.tar", job.build / "derivation"
    with inputs.open("wb") as file:
        write_inputs(job.inputs, file)
    arguments = {
        "argv": json.dumps(list(job.argv)),
        "epoch": str(job.epoch),
        "inputs": str(inputs.absolute()),
        "lock": str((job.root.environment.folder / "lock.toml").absolute()),
        "nonce": mark,
        "root": str(job.root.path.absolute()),
    }
    words = [word for name, value in arguments.items() for word in ("--argstr", name, value)]
    expression = (str(_EXPRESSIONS), "-A", "job")
    try:
        _ask("nix-instantiate", *expression, "--add-root", str(link), *_settings(), *words)
        inputs.unlink()
        yield os.readlink(link), mark
    finally:
        if link.is_symlink():
            _forget(job.build, os.readlink(link))


def _forget(folder: Path, derivation: str) -> None:
    """Remove from the store what was added for one job; the environment stays for the next one."""
    for name in ("derivation", "result"):
        (folder / name).unlink(missing_ok=True)
    try:
        outputs = _ask("nix-store", "--query", "--outputs", derivation).split()
        needed = _ask("nix-store", "--query", "--references", derivation).split()
        _ask("nix-store", "--delete", *outputs, derivation)
        _ask("nix-store", "--delete", *(path for path in needed if path.endswith("-inputs.tar")))
    except VerbatimError as error:
        # Others may use the same inputs, or the daemon may be gone.
        console.note(f"left to Nix's garbage collector: {error.message}")


def _build(command: Sequence[str], job: Job, mark: str) -> list[str]:
    """Run the build to its end, and pass on the output of the job's command; give Nix's own messages."""
    rest: list[str] = []
    with (
        job.log.open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-I", "-c", _TIED, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            process_group=0,
        ) as process,
    ):
        try:
            follow(_marked(cast(IO[bytes], process.stderr), mark.encode(), rest), log, job.on_line)
        except BaseException:
            _end(process)
            raise
    return rest


def _marked(lines: IO[bytes], mark: bytes, rest: list[str]) -> Iterator[bytes]:
    # A line has a limit, so that a runaway recipe cannot fill this machine's memory.
    is_inside = False
    for line in iter(lambda: lines.readline(1 << 16), b""):
        if line.startswith(mark):
            yield line.removeprefix(mark)
            is_inside = not line.endswith(b"\n")
        elif is_inside:
            yield line
            is_inside = not line.endswith(b"\n")
        else:
            rest.append(line.decode("utf-8", "replace").rstrip("\n"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let Nix end its build and clean up; kill it if it does not do so in time."""
    process.terminate()
    try:
        process.communicate(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _take(built: Path, output: Path) -> None:
    """Copy what was built; links as links, and folders without their contents, so that the caller can refuse both."""
    for entry in sorted(built.iterdir()):
        copy = output / entry.name
        if entry.is_symlink():
            copy.symlink_to(os.readlink(entry))
        elif entry.is_dir():
            copy.mkdir()
        else:
            shutil.copyfile(entry, copy)
            copy.chmod(0o644)
