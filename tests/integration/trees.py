"""Builds of 3.13.5 for platforms, and the trees that come out."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

from tests.integration.command import NO_GIT_SERVER, Finished, verbatim


def run_target(task: str, target: str, cache: Path, output: Path, *options: str) -> Finished:
    """What a task that builds a target printed; it is not optimised, unless the options say so."""
    return verbatim(
        *(task, "--version", "3.13.5", "--artifacts", target, "--optimize", "none"),
        *("--output", str(output), "--json", *options),
        cache=cache,
        settings=NO_GIT_SERVER,
    )


def built_tree(target: str, label: str, cache: Path, folder: Path, source: Path) -> tuple[Finished, Path]:
    """Build a target in a new folder, and unpack the tree there as well.

    ``source`` is the output folder of a build of the source tarballs, which need not be made once more.
    """
    shutil.copytree(source, folder, dirs_exist_ok=True)
    finished = run_target("build", target, cache, folder)
    assert finished.status == 0, finished.err
    name = f"cpython-3.13.5-{label}"
    with tarfile.open(folder / "3.13.5" / f"{name}.tar.xz") as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return finished, folder / "unpacked" / name


def described(tree: Path) -> Any:
    """What a tree says that is in it, once what it names is seen to be there."""
    said = json.loads((tree / "PYTHON.json").read_text(encoding="utf-8"))
    for library in said["libraries"]:
        assert (tree / library["file"]).is_file()
        assert (tree / library["license"]).stat().st_size > 100
        assert re.match(r"[0-9]", library["version"])
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in (tree / said["license"]).read_text(encoding="utf-8")
    return said


def run_suite(target: str, output: Path, cache: Path, *tests: str) -> Finished:
    """What ``test-artifact`` said of a target's tree."""
    return verbatim(
        *("test-artifact", "--version", "3.13.5", "--artifacts", target, "--output", str(output), "--json"),
        *(("--tests", ",".join(tests)) if tests else ()),
        cache=cache,
    )
