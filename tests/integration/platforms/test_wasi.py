"""The build for WASI: that it runs in a WebAssembly runtime, and what is in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.command import PUBLISHED, Finished, verbatim
from tests.integration.conftest import Built
from tests.integration.trees import built_tree, described, run_suite, run_target
from verbatim.paths import PROJECT

pytestmark = pytest.mark.integration

_TARGET = "wasm32-wasip1"


@pytest.fixture(scope="module")
def build(built: Built, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    """3.13.5 for WASI."""
    return built_tree(_TARGET, _TARGET, cache, tmp_path_factory.mktemp("wasi"), built.output)


@pytest.fixture(scope="module")
def tree(build: tuple[Finished, Path]) -> Path:
    """The unpacked tree."""
    return build[1]


def _run(tree: Path, folder: Path, *arguments: str) -> str:
    """What the interpreter prints in Wasmtime, started as ``test-artifact`` starts it, from a folder that it may write to."""
    temporary = folder / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, PROJECT / "recipes" / "suite" / "wasi.py", tree, "-B", *arguments],
        cwd=folder,
        # What is compiled once serves all these tests.
        env={**os.environ, "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(tree.parent / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_it_is_built_from_the_tarball_that_is_shipped(build: tuple[Finished, Path]) -> None:
    finished, tree = build
    assert finished.hashes.keys() == {*PUBLISHED, f"{tree.name}.tar.xz"}
    statement = json.loads((tree.parent.parent / "3.13.5" / f"{_TARGET}.intoto.json").read_bytes())
    source, *others = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert PUBLISHED[source["name"]] == source["digest"]["sha256"]
    assert [other["name"] for other in others] == [
        f"environment/{_TARGET}/lock.toml",
        f"environment/{_TARGET}/root.tar",
        "recipe/wasi",
        f"target/{_TARGET}",
    ]


_PRINTED = """
import platform, sys, sysconfig
print(sys.version.split()[0], sys.platform, platform.machine(), sys.prefix)
print(sysconfig.get_config_var("HOST_GNU_TYPE"), sysconfig.get_path("stdlib"), sys.path[1:])
"""


def test_it_runs_with_its_library_beside_it(tree: Path, tmp_path: Path) -> None:
    said = _run(tree, tmp_path, "-c", _PRINTED).splitlines()
    assert said[0].startswith("3.13.5 wasi wasm32 /usr")
    assert said[1].startswith("wasm32-unknown-wasip1 /usr/lib/python3.13 ")
    assert "build" not in said[1]


def test_its_own_tests_pass(tree: Path, tmp_path: Path) -> None:
    said = _run(tree, tmp_path, "-m", "test", "test_json", "test_hashlib", "test_unicodedata")
    assert "Result: SUCCESS" in said


def test_it_says_what_is_in_it(tree: Path) -> None:
    said = described(tree)
    assert (said["version"], said["triplet"]) == ("3.13.5", _TARGET)
    assert said["c_library"] == "wasi-libc"
    assert "'--prefix=/usr'" in said["configure"]
    assert said["compiler"].startswith("Clang 19.")
    assert [library["package"] for library in said["libraries"]] == [
        "libclang-rt-19-dev-wasm32",
        "wasi-libc",
    ]
    assert sorted(path.name for path in tree.iterdir()) == ["PYTHON.json", "licenses", "python.wasm", "usr"]


def test_byte_code_goes_by_its_source(tree: Path) -> None:
    compiled = list(tree.rglob("*.pyc"))
    assert len(compiled) > 500
    assert {path.read_bytes()[4] for path in compiled} == {0b11}
    assert b"/build/" not in (tree / "python.wasm").read_bytes()


@pytest.mark.slow
def test_all_its_own_tests_pass(tree: Path, cache: Path) -> None:
    [said] = run_suite(_TARGET, tree.parent.parent, cache).result["tested"]
    assert said["passed"] is True
    assert said["suite"]["passed"] > 300
    assert said["suite"]["tests"] > 29_000


@pytest.mark.slow
def test_it_is_the_same_whatever_is_varied(cache: Path, tmp_path: Path) -> None:
    rebuilt = run_target("rebuild", _TARGET, cache, tmp_path, "--vary", "all")
    assert rebuilt.result["identical"] is True
    assert rebuilt.result["not_varied"] == {}


def test_a_downloaded_tree_is_verified_whatever_it_is_called(
    build: tuple[Finished, Path], cache: Path, tmp_path: Path
) -> None:
    """Its contents say that it is this platform's, which is then built, or already was."""
    output = build[1].parent.parent
    mine = tmp_path / "download.bin"
    shutil.copy(output / "3.13.5" / f"{build[1].name}.tar.xz", mine)
    verified = verbatim("verify", str(mine), "--output", str(output), "--offline", cache=cache)
    assert verified.status == 0, verified.err
    assert verified.out.startswith(f"GENUINE: your file {mine} has the bytes that were built here from")
