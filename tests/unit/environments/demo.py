"""An environment of two packages, which a mirror of the tests' own has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.archives import file, folder, link
from tests.debs import deb
from verbatim.environments.definition import load_definition
from verbatim.environments.lock import Environment, Lock, LockedPackage

SNAPSHOT = "20250611T000000Z"

DEFINITION = """
# What the tests ask for.
description = "made by a test"
role = "source"
suite = "trixie"
architecture = "amd64"
python = "3.13"
packages = [
    "demo",
    "other",  # and another
]
"""


DEMO = deb(
    "demo",
    "1.0-1",
    folder("./lib/"),
    file("./lib/libdemo.so.1", b"a library"),
    folder("./usr/"),
    folder("./usr/bin/"),
    file("./usr/bin/demo", b"#!/bin/sh\n", mode=0o4755),
    link("./usr/bin/demo-link", "/usr/bin/demo"),
    folder("./usr/share/closed/", mode=0o2700),
    file("./usr/share/closed/größer", mode=0o600),
)
OTHER = deb("other", "1:2.0+b1~rc1", folder("./usr/"), file("./usr/share/other"), compression="gz")


def locked(containers: Path, *packages: LockedPackage, **other: Any) -> Lock:
    """A lock of the definition; its root digest is none unless it is given."""
    fields = {
        "definition_sha256": load_definition(containers / "demo").sha256,
        "snapshot": SNAPSHOT,
        "suite": "trixie",
        "architecture": "amd64",
        "python": "3.13",
        "root_sha256": "0" * 64,
        "root_size": 0,
        "image_sha256": "0" * 64,
        "nar_sha256": "0" * 64,
        "package": list(packages),
    }
    return Lock.model_validate(fields | other)


def written(containers: Path, lock: Lock) -> Environment:
    lock.write(containers / "demo" / "lock.toml", "demo")
    return Environment(containers / "demo")


def left_in(cache: Path) -> list[str]:
    """What is in the cache that looks like an environment, finished or not."""
    return sorted(path.name for path in (cache / "environments").iterdir() if path.suffix != ".lock")
