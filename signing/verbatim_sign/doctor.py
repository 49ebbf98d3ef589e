"""``sign doctor``: checks whether this host is fit for signing. The README gives the reasons."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import resource
import subprocess
import sysconfig
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

from verbatim_sign.errors import Refusal
from verbatim_sign.log import opened_log

_SYSTEM = Path("/")
_HERE = Path(__file__).resolve().parent
_ANEW = "remove it, and .venv-check and .venv-run"


def examine(log: Path) -> Iterator[tuple[str, str]]:
    """The conditions, each with a remedy if it is not met; empty if it is."""
    yield "core dumps are off", _core_dumps()
    yield "there is no swap, or it is encrypted", _swap()
    yield "the umask is 077", _umask()
    yield "Python loads only what is locked", _packages()
    yield "the clock is plausible, and the log complete", _clock(log)
    yield "gpg-agent asks each time", _agent()


def _core_dumps() -> str:
    if resource.getrlimit(resource.RLIMIT_CORE)[0] != 0:
        return "run ulimit -c 0"
    pattern = (_SYSTEM / "proc/sys/kernel/core_pattern").read_text()
    # A program gets them regardless of the limit: core(5).
    return "run sysctl kernel.core_pattern=core" if pattern.startswith("|") else ""


def _swap() -> str:
    devices = [line.split()[0] for line in (_SYSTEM / "proc/swaps").read_text().splitlines()[1:]]
    plain = [device for device in devices if not _is_encrypted(Path(os.path.realpath(device)).name)]
    return f"run swapoff {' '.join(plain)}, or encrypt it" if plain else ""


def _is_encrypted(device: str) -> bool:
    uuid = _SYSTEM / "sys/class/block" / device / "dm/uuid"
    return uuid.is_file() and uuid.read_text().startswith("CRYPT-")


def _umask() -> str:
    mask = os.umask(0o077)
    os.umask(mask)
    return "" if mask == 0o077 else f"it is {mask:03o}; run umask 077"


def _packages() -> str:
    """Check that each importable file belongs to a locked package, with the hash in its wheel, which pip has verified."""
    run = (_HERE.parent / "requirements" / "run.txt").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==([^ ]+)", run, re.MULTILINE))
    known = set(_HERE.glob("*.py"))
    # `check` has only some of them, in its own environment.
    sites = {Path(sysconfig.get_path("purelib")), *_HERE.parent.glob(".venv-*/lib/python3*/site-packages")}
    for found in distributions(path=[str(site) for site in sorted(sites)]):
        name = re.sub("[-_.]+", "-", found.name).lower()
        if found.version != locked.get(name):
            return f"{name} is {found.version}, expected {locked.get(name, 'none')}; {_ANEW}"
        for file in found.files or ():
            path = Path(os.path.normpath(str(file.locate())))
            if file.hash and (not path.is_file() or file.hash.value != _record_hash(path)):
                return f"{path} was altered; {_ANEW}"
            # Only the list itself has no hash; and byte-code, which no wheel has.
            known |= {path} if file.hash or file.name == "RECORD" else set()
    for path in sorted(each for folder in (_HERE, *sites) for each in folder.rglob("*")):
        if path not in known and (path.is_symlink() or not path.is_dir()):
            return f"{path} is not in any wheel; {_ANEW}"
    return ""


def _record_hash(path: Path) -> str:
    """The hash as in wheels: https://packaging.python.org/en/latest/specifications/binary-distribution-format/"""
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


def _clock(log: Path) -> str:
    try:
        with opened_log(log) as entries:
            last = entries.entries[-1]["time"] if entries.entries else ""
    except Refusal as refusal:
        return str(refusal)
    newest = max(path.stat().st_mtime for path in _HERE.glob("*.py"))
    past = max(last, datetime.fromtimestamp(newest, UTC).isoformat(timespec="seconds"))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return "" if past <= now else f"it says {now}, before {past}; set it right"


def _agent() -> str:
    """Read gpg-agent's options with gpgconf(1): the name is the first field, and the value the last."""
    try:
        done = subprocess.run(
            ["gpgconf", "--list-options", "gpg-agent"], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "install gnupg, unless you sign no version before 3.14"
    fields = [line.split(":") for line in done.stdout.splitlines()]
    values = {field[0]: field[-1] for field in fields}
    if not values.get("ignore-cache-for-signing"):
        return "put ignore-cache-for-signing into gpg-agent.conf"
    return "remove allow-preset-passphrase" if values.get("allow-preset-passphrase") else ""
