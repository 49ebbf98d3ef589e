"""What is particular to one run of a build, in ``buildinfo/``. Nobody signs it, and no two runs have the same."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from verbatim import __version__
from verbatim.addresses import showable
from verbatim.sources.source import Identity


def build_info(engines: Sequence[str], asked: str, used: Identity, started: datetime) -> str:
    """The text of ``STAGE-build.json``; ``asked`` is the source as the user gave it, which may hold a password."""
    info = {
        "engines": list(engines),
        "finished": datetime.now(UTC).isoformat(),
        "kernel": platform.platform(),
        "python": platform.python_version(),
        "source": {"asked": showable(asked), "used": asdict(used)},
        "started": started.isoformat(),
        "verbatim": __version__,
    }
    return json.dumps(info, indent=2, sort_keys=True) + "\n"
