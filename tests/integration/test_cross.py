"""The Linux builds that take too long for each run: for another machine, and without the global interpreter lock."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.trees import built, built_tree, described, run_suite

pytestmark = [pytest.mark.integration, pytest.mark.slow]

#: In an ELF file's header (elf.h).
_EM_AARCH64 = 183


@pytest.fixture(scope="module")
def arm(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree for 64-bit Arm."""
    return built_tree("linux-aarch64", "aarch64-linux-gnu", cache, tmp_path_factory.mktemp("arm"))[1]


@pytest.fixture(scope="module")
def threaded(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree without the lock."""
    folder = tmp_path_factory.mktemp("threaded")
    return built_tree("linux-x86_64-freethreaded", "x86_64-linux-gnu-freethreaded", cache, folder)[1]


def test_everything_is_for_the_target(arm: Path) -> None:
    heads = [path.read_bytes()[:20] for path in arm.rglob("*") if path.is_file() and not path.is_symlink()]
    machines = [head[18] for head in heads if head.startswith(b"\x7fELF")]
    assert len(machines) > 80
    assert set(machines) == {_EM_AARCH64}


def test_it_says_what_is_in_it(arm: Path) -> None:
    said = described(arm)
    assert said["triplet"] == "aarch64-linux-gnu"
    assert re.match(r"GCC \d", said["compiler"])
    assert said["c_library"] == "glibc 2.35"


def test_extensions_are_built_with_the_machines_own_tools(arm: Path) -> None:
    (data,) = arm.glob("lib/python3.13/_sysconfigdata_*.py")
    variables: dict[str, object] = {}
    exec(data.read_text(encoding="utf-8"), variables)
    known = variables["build_time_vars"]
    assert isinstance(known, dict)
    assert (known["CC"], known["AR"], known["MULTIARCH"]) == ("gcc", "ar", "aarch64-linux-gnu")
    assert known["HAVE_WORKING_TZSET"] == 1
    assert known["HAVE_ALIGNED_REQUIRED"] == 0
    assert known["POSIX_SEMAPHORES_NOT_ENABLED"] == 0


def test_no_file_begins_with_the_interpreter_that_made_it(arm: Path) -> None:
    for path in (arm / "bin").iterdir():
        assert not path.read_bytes().startswith((b"#!/build", b"#!/relocatable")), path
    assert (arm / "bin" / "pip3").is_file()


def test_its_tests_pass_where_it_is_emulated(arm: Path, cache: Path) -> None:
    [said] = run_suite("linux-aarch64", arm.parent.parent, cache).result
    assert said["passed"] is True
    assert said["suite"]["passed"] > 100
    assert said["suite"]["tests"] > 10_000


def test_it_has_no_global_interpreter_lock(threaded: Path) -> None:
    script = "import sys, sysconfig; print(sys._is_gil_enabled(), sysconfig.get_path('stdlib'))"
    for name in ("python3", "python3.13", "python3.13t"):
        said = subprocess.run(
            [threaded / "bin" / name, "-I", "-B", "-c", script], capture_output=True, text=True, check=True
        )
        assert said.stdout == f"False {threaded}/lib/python3.13t\n"


@pytest.mark.parametrize("target", ["linux-aarch64", "linux-x86_64-freethreaded"])
def test_it_is_the_same_whatever_is_varied(target: str, cache: Path, tmp_path: Path) -> None:
    rebuilt = built("rebuild", target, cache, tmp_path, "--vary", "all")
    assert rebuilt.result["identical"] is True
    assert rebuilt.result["not_varied"] == {}
