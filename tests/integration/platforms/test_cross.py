"""The Linux builds that take too long for each run: for another machine, and without the global interpreter lock."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.conftest import Built
from tests.integration.trees import built_tree, described, run_suite, run_target

pytestmark = [pytest.mark.integration, pytest.mark.slow]

#: The targets for other machines, by their triplets and their numbers in ELF files' headers (elf.h).
_CROSS = {
    "linux-aarch64": ("aarch64-linux-gnu", 183),
    "linux-armhf": ("arm-linux-gnueabihf", 40),
    "linux-ppc64le": ("powerpc64le-linux-gnu", 21),
    "linux-riscv64": ("riscv64-linux-gnu", 243),
    "linux-s390x": ("s390x-linux-gnu", 22),
}


@dataclass(frozen=True)
class CrossBuilt:
    """A target for another machine, and the tree that came out."""

    target: str
    triplet: str
    machine: int
    tree: Path


@pytest.fixture(scope="module", params=_CROSS)
def cross(
    request: pytest.FixtureRequest, built: Built, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> CrossBuilt:
    """Each of them."""
    target: str = request.param
    triplet, machine = _CROSS[target]
    tree = built_tree(target, triplet, cache, tmp_path_factory.mktemp(target), built.output)[1]
    return CrossBuilt(target, triplet, machine, tree)


@pytest.fixture(scope="module")
def threaded(built: Built, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree without the lock."""
    folder = tmp_path_factory.mktemp("threaded")
    return built_tree(
        "linux-x86_64-freethreaded", "x86_64-linux-gnu-freethreaded", cache, folder, built.output
    )[1]


def test_everything_is_for_the_target(cross: CrossBuilt) -> None:
    heads = [
        path.read_bytes()[:20] for path in cross.tree.rglob("*") if path.is_file() and not path.is_symlink()
    ]
    machines = [
        int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
        for head in heads
        if head.startswith(b"\x7fELF")
    ]
    assert len(machines) > 80
    assert set(machines) == {cross.machine}


def test_it_says_what_is_in_it(cross: CrossBuilt) -> None:
    said = described(cross.tree)
    assert said["triplet"] == cross.triplet
    assert re.match(r"GCC \d", said["compiler"])
    # RISC-V is Debian's from 13 on.
    assert said["c_library"] == ("glibc 2.38" if cross.target == "linux-riscv64" else "glibc 2.35")


def test_extensions_are_built_with_the_machines_own_tools(cross: CrossBuilt) -> None:
    (data,) = cross.tree.glob("lib/python3.13/_sysconfigdata_*.py")
    variables: dict[str, object] = {}
    exec(data.read_text(encoding="utf-8"), variables)
    known = variables["build_time_vars"]
    assert isinstance(known, dict)
    assert (known["CC"], known["AR"], known["MULTIARCH"]) == ("gcc", "ar", cross.triplet)
    assert known["HAVE_WORKING_TZSET"] == 1
    assert known["HAVE_ALIGNED_REQUIRED"] == 0
    assert known["POSIX_SEMAPHORES_NOT_ENABLED"] == 0


def test_no_file_begins_with_the_interpreter_that_made_it(cross: CrossBuilt) -> None:
    for path in (cross.tree / "bin").iterdir():
        assert not path.read_bytes().startswith((b"#!/build", b"#!/relocatable")), path
    assert (cross.tree / "bin" / "pip3").is_file()


def test_its_tests_pass_where_it_is_emulated(cross: CrossBuilt, cache: Path) -> None:
    [said] = run_suite(cross.target, cross.tree.parent.parent, cache).result["tested"]
    assert said["passed"] is True
    # More modules are chosen for 64-bit Arm.
    passed, tests = (100, 10_000) if cross.target == "linux-aarch64" else (30, 5_000)
    assert said["suite"]["passed"] > passed
    assert said["suite"]["tests"] > tests


def test_it_has_no_global_interpreter_lock(threaded: Path) -> None:
    script = "import sys, sysconfig; print(sys._is_gil_enabled(), sysconfig.get_path('stdlib'))"
    for name in ("python3", "python3.13", "python3.13t"):
        said = subprocess.run(
            [threaded / "bin" / name, "-I", "-B", "-c", script], capture_output=True, text=True, check=True
        )
        assert said.stdout == f"False {threaded}/lib/python3.13t\n"


@pytest.mark.parametrize("target", [*_CROSS, "linux-x86_64-freethreaded"])
def test_it_is_the_same_whatever_is_varied(target: str, cache: Path, tmp_path: Path) -> None:
    rebuilt = run_target("rebuild", target, cache, tmp_path, "--vary", "all")
    assert rebuilt.result["identical"] is True
    assert rebuilt.result["not_varied"] == {}
