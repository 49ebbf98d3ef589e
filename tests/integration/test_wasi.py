"""The build for WASI: that it runs in a WebAssembly runtime, and what is in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from wasmtime import Config, Engine, ExitTrap, Linker, Module, Store, WasiConfig

from tests.integration.command import PUBLISHED, Finished
from tests.integration.trees import built, built_tree

pytestmark = pytest.mark.integration

_TARGET = "wasm32-wasip1"
#: In bytes; CPython's own limits for recursion are made for about so much.
_STACK = 2_000_000


@pytest.fixture(scope="module")
def build(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    """3.13.5 for WASI."""
    return built_tree(_TARGET, _TARGET, cache, tmp_path_factory.mktemp("wasi"))


@pytest.fixture(scope="module")
def tree(build: tuple[Finished, Path]) -> Path:
    """The unpacked tree."""
    return build[1]


@dataclass(frozen=True)
class Interpreter:
    """What was built, compiled for this machine."""

    tree: Path
    engine: Engine
    module: Module

    def run(self, folder: Path, *arguments: str) -> str:
        """What it prints, with the tree as its ``/``, read-only; raises AssertionError if it fails."""
        said = folder / "said"
        settings = WasiConfig()
        settings.argv = ["python.wasm", *arguments]
        settings.preopen_dir(str(self.tree), "/", False)
        settings.preopen_dir(str(folder), "/tmp")
        settings.stdout_file = settings.stderr_file = str(said)
        store = Store(self.engine)
        store.set_wasi(settings)
        linker = Linker(self.engine)
        linker.define_wasi()
        start = linker.instantiate(store, self.module).exports(store)["_start"]
        try:
            start(store)  # type: ignore[operator]
        except ExitTrap as ended:
            assert ended.code == 0, said.read_text(encoding="utf-8")
        return said.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def interpreter(tree: Path) -> Interpreter:
    config = Config()
    config.max_wasm_stack = _STACK
    engine = Engine(config)
    return Interpreter(tree, engine, Module.from_file(engine, str(tree / "python.wasm")))


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


def test_it_runs_with_its_library_beside_it(interpreter: Interpreter, tmp_path: Path) -> None:
    said = interpreter.run(tmp_path, "-c", _PRINTED).splitlines()
    assert said[0].startswith("3.13.5 wasi wasm32 /")
    assert said[1].startswith("wasm32-unknown-wasip1 //lib/python3.13 ")
    assert "build" not in said[1]


def test_its_own_tests_pass(interpreter: Interpreter, tmp_path: Path) -> None:
    said = interpreter.run(tmp_path, "-m", "test", "test_json", "test_hashlib", "test_unicodedata")
    assert "Result: SUCCESS" in said


def test_it_says_what_is_in_it(tree: Path) -> None:
    said = json.loads((tree / "PYTHON.json").read_text(encoding="utf-8"))
    assert (said["version"], said["triplet"]) == ("3.13.5", _TARGET)
    assert said["c_library"] == "wasi-libc"
    assert "'--prefix=/'" in said["configure"]
    assert said["compiler"].startswith("Clang 19.")
    assert [library["package"] for library in said["libraries"]] == [
        "libclang-rt-19-dev-wasm32",
        "wasi-libc",
    ]
    for library in said["libraries"]:
        assert (tree / library["file"]).is_file()
        assert (tree / library["license"]).stat().st_size > 100
    assert sorted(path.name for path in tree.iterdir()) == ["PYTHON.json", "lib", "licenses", "python.wasm"]


def test_byte_code_goes_by_its_source(tree: Path) -> None:
    compiled = list(tree.rglob("*.pyc"))
    assert len(compiled) > 500
    assert {path.read_bytes()[4] for path in compiled} == {0b11}
    assert b"/build/" not in (tree / "python.wasm").read_bytes()


@pytest.mark.slow
def test_it_is_the_same_whatever_is_varied(cache: Path, tmp_path: Path) -> None:
    rebuilt = built("rebuild", _TARGET, cache, tmp_path, "--vary", "all")
    assert rebuilt.result["identical"] is True
    assert rebuilt.result["not_varied"] == {}
