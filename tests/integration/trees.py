"""Builds of 3.13.5 for platforms, and the trees that come out."""

from __future__ import annotations

import tarfile
from pathlib import Path

from tests.integration.command import Finished, verbatim


def built(task: str, target: str, cache: Path, output: Path, *options: str) -> Finished:
    """What a task that builds a target said."""
    return verbatim(
        *(task, "--version", "3.13.5", "--artifacts", target, "--source", "tarball"),
        *("--output", str(output), "--json", *options),
        cache=cache,
    )


def built_tree(target: str, label: str, cache: Path, folder: Path) -> tuple[Finished, Path]:
    """Build a target in a new folder, and unpack the tree there as well."""
    finished = built("build", target, cache, folder)
    assert finished.status == 0, finished.err
    name = f"cpython-3.13.5-{label}"
    with tarfile.open(folder / "3.13.5" / f"{name}.tar.xz") as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return finished, folder / "unpacked" / name


def run_suite(target: str, output: Path, cache: Path, *tests: str) -> Finished:
    """What ``test-artifact`` said of a target's tree."""
    return verbatim(
        *("test-artifact", "--version", "3.13.5", "--artifacts", target, "--output", str(output), "--json"),
        *(("--tests", ",".join(tests)) if tests else ()),
        cache=cache,
    )
