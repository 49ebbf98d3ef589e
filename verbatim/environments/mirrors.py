"""Where to fetch Debian's files: the user's choice, the host's own mirrors, then the snapshot archive."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from urllib.parse import quote

from verbatim import console
from verbatim.addresses import listed

#: Keeps every state that Debian's archive ever had: https://snapshot.debian.org/
SNAPSHOT_ARCHIVE = "https://snapshot.debian.org/archive/debian"


def debian_urls(path: str, snapshot: str | None = None) -> tuple[str, ...]:
    """Addresses of one file of Debian's archive, given its path there, in the order of preference.

    ``snapshot`` is a time at which the archive held it; without one, the snapshot archive is left out.
    """
    bases = [*debian_mirrors()]
    if snapshot is not None:
        bases.append(f"{SNAPSHOT_ARCHIVE}/{snapshot}")
    return tuple(f"{base}/{quote(path)}" for base in bases)


def debian_mirrors() -> list[str]:
    """The mirrors in ``VERBATIM_DEBIAN_MIRROR`` (spaces between them), then those of the host's own apt.

    Raises UsageError if that variable holds something else.
    """
    named = listed("VERBATIM_DEBIAN_MIRROR")
    return list(dict.fromkeys([*(mirror.rstrip("/") for mirror in named), *_host_mirrors()]))


@functools.cache
def _host_mirrors() -> tuple[str, ...]:
    """The mirrors of this host's apt, which is asked because it alone reads all forms of its configuration.

    A mirror of something else (security updates, another distribution) is harmless: it answers that it
    has no such file.
    """
    apt = shutil.which("apt-get")
    if apt is None:
        return ()
    try:
        answer = subprocess.run(
            [apt, "update", "--print-uris"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=60,
        )
    except subprocess.TimeoutExpired:
        console.warn("apt-get does not answer, so this host's own mirrors are not used")
        return ()
    found = re.findall(r"^'(https?://[^']+?)/+dists/[^']*'", answer.stdout, re.MULTILINE)
    return tuple(dict.fromkeys(found))
