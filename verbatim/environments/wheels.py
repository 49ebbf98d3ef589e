"""Wheels, through the user's own configuration of pip: its indexes, proxies and certificates."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from verbatim import console
from verbatim.addresses import masked
from verbatim.caches import Cache
from verbatim.environments.architecture import ARCHITECTURES
from verbatim.environments.definition import Definition
from verbatim.environments.lock import Lock, LockedWheel
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.programs import run_program
from verbatim.scratch import scratch
from verbatim.store import Store

#: What pip works in.
_WHEELS = Cache("wheels")


def resolve_wheels(definition: Definition) -> list[LockedWheel]:
    """Let pip choose the wheels that the definition names, and their dependencies."""
    if not definition.wheels:
        return []
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("".join(f"{line}\n" for line in definition.constraints), encoding="utf-8")
        report = _pip(
            "install",
            "--dry-run",
            "--quiet",
            "--ignore-installed",
            f"--target={folder}/wheels",
            f"--constraint={constraints}",
            "--report=-",
            *_target(definition.python, definition.architecture),
            *definition.wheels,
        )
    return read_report(report)


def read_report(report: str) -> list[LockedWheel]:
    """The wheels in pip's installation report, sorted; raises IntegrityError if it does not name each with its hash.

    Its shape: https://pip.pypa.io/en/stable/reference/installation-report/
    """
    try:
        wheels = [_chosen(item) for item in json.loads(report)["install"]]
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise IntegrityError(
            f"pip's report does not name each wheel with its hash: {type(error).__name__}",
            "use an index that gives hashes, and the pip of requirements/",
        ) from error
    return sorted(wheels, key=lambda wheel: wheel.name.lower())


def _chosen(item: dict[str, Any]) -> LockedWheel:
    """One wheel of pip's report."""
    return LockedWheel(
        name=item["metadata"]["name"],
        version=item["metadata"]["version"],
        file=unquote(urlsplit(item["download_info"]["url"]).path.rsplit("/", 1)[1]),
        sha256=item["download_info"]["archive_info"]["hashes"]["sha256"],
    )


def fetch_wheels(lock: Lock, store: Store, *, offline: bool) -> list[Path]:
    """The lock's wheels in the store, in its order.

    Raises NetworkError if pip cannot get one, IntegrityError if what it got is not the pinned one.
    """
    missing = [wheel for wheel in lock.wheel if store.find(wheel.sha256) is None]
    if missing and offline:
        raise UsageError(f"{missing[0].file} is not in the cache", "run once without --offline")
    if missing:
        with (
            console.progress("fetching wheels", len(missing), unit="things") as advance,
            scratch(_WHEELS.folder) as folder,
        ):
            _download(missing, lock, folder)
            for wheel in missing:
                _admit(wheel, folder, store)
                advance(1)
    return [path for wheel in lock.wheel if (path := store.find(wheel.sha256)) is not None]


def _download(wheels: Sequence[LockedWheel], lock: Lock, folder: Path) -> None:
    wanted = folder / "requirements.txt"
    wanted.write_text(requirements(wheels), encoding="ascii")
    _pip(
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        f"--requirement={wanted}",
        f"--dest={folder}",
        *_target(lock.python, lock.architecture),
    )


def requirements(wheels: Sequence[LockedWheel]) -> str:
    """The requirements for pip: one wheel a line, with its hash; the lock's patterns allow nothing else."""
    return "".join(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wheels)


def _admit(wheel: LockedWheel, folder: Path, store: Store) -> None:
    try:
        with store.entering(wheel.sha256):
            store.admit(folder / wheel.file, wheel.sha256)
    except FileNotFoundError as error:
        raise IntegrityError(
            f"pip did not download {wheel.file} for {wheel.name} {wheel.version}", "make the lock again"
        ) from error


def _target(python: str | None, architecture: str) -> list[str]:
    if python is None or architecture not in ARCHITECTURES:
        raise UsageError(
            f"wheels for Python {python} on {architecture} cannot be chosen",
            f"give `python`, and one of the architectures {', '.join(ARCHITECTURES)}",
        )
    machine = ARCHITECTURES[architecture].machine
    return [
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={python}",
        # The older name as well: for pip, it includes wheels for older systems.
        f"--platform=manylinux2014_{machine}",
        f"--platform=manylinux_2_17_{machine}",
        f"--platform=manylinux_2_28_{machine}",
    ]


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    done = run_program(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    complaint = masked(done.stderr.decode("utf-8", "replace"))
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "replace")
    if "DO NOT MATCH THE HASHES" in complaint:
        raise IntegrityError(
            f"pip was given a wheel that is not the pinned one: {_last_line(complaint)}",
            "use an index that you trust; if all agree, tell the maintainers of the lock",
        )
    remedy = "check pip's index configuration and try again"
    if "CERTIFICATE_VERIFY_FAILED" in complaint:
        remedy = "if you use a certificate authority of your own, name its certificate file in PIP_CERT"
    raise NetworkError(f"pip failed: {_last_line(complaint)}", remedy)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("WARNING")]
    return lines[-1].strip() if lines else "it gave no reason"
