"""The build for Linux: what it needs, that it runs wherever it is unpacked and passes its tests, and what is in it."""

from __future__ import annotations

import io
import json
import lzma
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.integration.command import PUBLISHED, Finished
from tests.integration.conftest import Built
from tests.integration.trees import built_tree, described, run_suite, run_target
from tests.sigstore.authority import Authority
from tests.targets import ARCHIVE, made_results
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import MOUNT_POINTS, Root, ensure_root
from verbatim.fetch import Fetcher
from verbatim.paths import PROJECT
from verbatim.store import Store

pytestmark = pytest.mark.integration

_TARGET = "linux-x86_64"
_NAME = "cpython-3.13.5-x86_64-linux-gnu"
#: What is said that it needs; Ubuntu 22.04 has it.
_GLIBC = (2, 35)


@pytest.fixture(scope="module")
def build(built: Built, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    """3.13.5 for x86-64."""
    return built_tree(_TARGET, "x86_64-linux-gnu", cache, tmp_path_factory.mktemp("linux"), built.output)


@pytest.fixture(scope="module")
def folder(build: tuple[Finished, Path]) -> Path:
    """Where the artifacts are."""
    return build[1].parent.parent / "3.13.5"


@pytest.fixture(scope="module")
def tree(build: tuple[Finished, Path]) -> Path:
    """The unpacked tree, which belongs to nobody, and so to no user of it, if these tests may give it away."""
    if os.geteuid() == 0:
        for path in [build[1], *build[1].rglob("*")]:
            os.chown(path, 65534, 65534, follow_symlinks=False)
    return build[1]


def _run(
    tree: Path, root: Root, folder: Path, argv: Sequence[str], inputs: Mapping[str, Path] | None = None
) -> str:
    """Run a command in a root, with the tree read-only, in a folder with an odd name."""
    for name in ("output", "build"):
        (folder / name).mkdir()
    job = Job(
        argv=argv,
        root=root,
        epoch=0,
        inputs={"ein Größeres": tree, **(inputs or {})},
        output=folder / "output",
        build=folder / "build",
        log=folder / "log",
    )
    status = Sandbox().run(job)
    said = job.log.read_text(encoding="utf-8")
    assert status == 0, said
    return said


_PLACE = "/in/ein Größeres"


def test_it_is_built_from_the_tarball_that_is_shipped(build: tuple[Finished, Path], folder: Path) -> None:
    finished, _ = build
    assert {name: finished.hashes[name] for name in PUBLISHED} == PUBLISHED
    assert finished.hashes.keys() - PUBLISHED.keys() == {f"{_NAME}.tar.xz", f"{_NAME}-debug.tar.xz"}
    statement = json.loads((folder / "linux-x86_64.intoto.json").read_bytes())
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["artifacts"] == "linux-x86_64"
    source, *others = definition["resolvedDependencies"]
    assert PUBLISHED[source["name"]] == source["digest"]["sha256"]
    assert others[-1]["name"] == "target/linux-x86_64"


_IMPORTS = """
import bz2, ctypes, curses.panel, dbm.sqlite3, hashlib, lzma, readline, sqlite3, ssl, sysconfig, uuid, venv, zlib
import pathlib, sys
maps = pathlib.Path("/proc/self/maps").read_text()
paths = {line.split(None, 5)[5] for line in maps.splitlines() if ".so" in line}
strange = {path for path in paths if not path.startswith(sys.prefix)}
print("strange", sorted(pathlib.Path(path).name for path in strange))
print("readline", readline.backend)
print("paths", {sysconfig.get_path(name).startswith(sys.prefix) for name in sysconfig.get_path_names()})
print("variables", sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INCLUDEPY"))
"""


def test_it_runs_from_anywhere_on_libraries_of_its_own(tree: Path, root: Root, tmp_path: Path) -> None:
    said = _run(tree, root, tmp_path, [f"{_PLACE}/bin/python3", "-c", _IMPORTS])
    assert "strange ['ld-linux-x86-64.so.2', 'libc.so.6', 'libm.so.6']" in said
    assert "readline editline" in said
    assert "paths {True}" in said
    assert f"variables {_PLACE}/lib {_PLACE}/include/python3.13" in said


_SEMAPHORES = """
import multiprocessing.synchronize, sysconfig
print("refused", sysconfig.get_config_var("POSIX_SEMAPHORES_NOT_ENABLED"))
"""


def test_its_processes_can_lock_though_those_of_the_build_could_not(
    tree: Path, root: Root, tmp_path: Path
) -> None:
    python = tree / "bin" / "python3"
    assert "refused 0" in _run(tree, root, tmp_path, [f"{_PLACE}/bin/python3", "-c", _SEMAPHORES])
    # A semaphore is a file in /dev/shm, so it cannot be made in the sandbox.
    lock = "import multiprocessing; lock = multiprocessing.Lock(); print(lock.acquire(timeout=0))"
    said = subprocess.run([python, "-I", "-c", lock], capture_output=True, text=True, check=True)
    assert said.stdout == "True\n"


def test_pip_and_virtual_environments_work(tree: Path, root: Root, tmp_path: Path) -> None:
    script = f"""
        set -e
        "{_PLACE}/bin/pip3" --version
        "{_PLACE}/bin/python3" -m venv here
        here/bin/pip list
    """
    said = _run(tree, root, tmp_path, ["/usr/bin/bash", "-c", script])
    assert f"from {_PLACE}/lib/python3.13/site-packages/pip" in said
    assert re.search(r"^pip +2", said, re.MULTILINE)


#: Among them what brings a library, and what needs a user's name, memory that processes share, or a compiler.
_MODULES = (
    "ctypes",
    "json",
    "lzma",
    "multiprocessing_main_handling",
    "pwd",
    "sqlite3",
    "ssl",
    "venv",
    "zlib",
)


def test_its_tests_pass_pip_works_and_it_runs_elsewhere(folder: Path, cache: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "3.13.5", copy_function=os.link)
    finished = run_suite(_TARGET, tmp_path, cache, "pip", "roots", *(f"test_{name}" for name in _MODULES))
    [said] = finished.result["tested"]
    assert said["passed"] is True
    assert said["pip"] == {"venv": True, "wheel": True, "sdist": True}
    assert said["roots"] == {"debian-12": True, "debian-13": True}
    assert (said["suite"]["passed"], said["suite"]["failed"]) == (len(_MODULES), [])
    assert said["suite"]["tests"] > 1_500
    kept = tmp_path / "3.13.5" / "buildinfo"
    assert json.loads((kept / f"{_TARGET}-some-tests.json").read_bytes()) == said
    assert "Result: SUCCESS" in (kept / f"{_TARGET}-some-tests.log").read_text(encoding="utf-8")


def test_a_tree_that_is_broken_fails_its_tests(folder: Path, cache: Path, tmp_path: Path) -> None:
    broken = _altered(folder / ARCHIVE, f"{_NAME}/lib/python3.13/colorsys.py", b"(y, i, q)", b"(y, q, i)")
    results = made_results(tmp_path, {ARCHIVE: broken})
    finished = run_suite(_TARGET, tmp_path, cache, "test_colorsys")
    assert finished.status == 1
    complaint = f"error: {ARCHIVE} fails its tests: test_colorsys; the whole log is {results}/buildinfo/"
    assert complaint in finished.err
    [said] = json.loads(finished.out)["tested"]
    assert (said["passed"], said["suite"]["failed"]) == (False, ["test_colorsys"])
    assert "test.test_colorsys.ColorsysTest.test_yiq_values" in said["suite"]["failed_tests"]


def _altered(archive: Path, name: str, old: bytes, new: bytes) -> bytes:
    """An archive in which some bytes of one module are others."""
    packed = lzma.decompress(archive.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(packed)) as tree:
        member = tree.getmember(name)
    end = member.offset_data + member.size
    assert old in packed[member.offset_data : end]
    return packed[: member.offset_data] + packed[member.offset_data : end].replace(old, new) + packed[end:]


def test_it_needs_no_newer_c_library_than_said(tree: Path) -> None:
    needed = {
        (int(major), int(minor))
        for path in [*tree.rglob("*.so*"), tree / "bin" / "python3.13"]
        for major, minor in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", path.read_bytes())
    }
    assert (2, 34) <= max(needed) <= _GLIBC


@pytest.fixture
def nothing(cache: Path, tmp_path: Path) -> Root:
    """A root with no more than the C library, of Debian 13, where it lies if /usr is apart; and what starts the sandbox."""
    debian = ensure_root(Environment(environment_folder("debian-13")), Fetcher(Store(cache)))
    root = tmp_path / "root"
    libraries = "lib/x86_64-linux-gnu"
    engine = ("bin/bwrap", *(f"{libraries}/{name}" for name in (*_OF_BUBBLEWRAP, _LOADER)))
    own = (f"lib64/{_LOADER}", *(f"{libraries}/{name}" for name in ("libc.so.6", "libm.so.6")))
    files = ("etc/passwd", "etc/group", "etc/hosts")
    for name in (*(f"usr/{name}" for name in engine), *own, *files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(debian.path / name, root / name)
    for name in MOUNT_POINTS:
        (root / name).mkdir()
    return Root(root, debian.environment)


_LOADER = "ld-linux-x86-64.so.2"
_OF_BUBBLEWRAP = ("libc.so.6", "libcap.so.2", "libpcre2-8.so.0", "libselinux.so.1")


def test_it_runs_where_there_is_nothing_but_the_c_library(tree: Path, nothing: Root, tmp_path: Path) -> None:
    recipe = {"recipe": PROJECT / "recipes" / "suite"}
    said = _run(tree, nothing, tmp_path, [f"{_PLACE}/bin/python3", "/in/recipe/runs.py"], recipe)
    assert "no shell" in said
    assert "certificates: 0" in said


_COUNT = """
import ssl
print(ssl.get_default_verify_paths().capath, ssl.create_default_context().cert_store_stats()["x509_ca"])
"""


@pytest.mark.parametrize(
    ("file", "link", "target", "said"),
    [
        # Fedora, Alpine, openSUSE, NixOS; and Debian, with OpenSSL's package, from whose folder each is taken when needed.
        ("etc/pki/tls/certs/ca-bundle.crt", "etc/ssl/certs", "/etc/pki/tls/certs", "None 1"),
        ("etc/ssl/certs/ca-certificates.crt", "etc/ssl/cert.pem", "certs/ca-certificates.crt", "None 1"),
        (
            "var/lib/ca-certificates/bundle",
            "etc/ssl/ca-bundle.pem",
            "/var/lib/ca-certificates/bundle",
            "None 1",
        ),
        ("etc/static/ssl/certs/ca-certificates.crt", "etc/ssl", "static/ssl", "None 1"),
        ("etc/ssl/certs/ca-certificates.crt", "usr/lib/ssl/certs", "/etc/ssl/certs", "/usr/lib/ssl/certs 0"),
    ],
)
def test_certificates_are_those_of_whatever_system(
    file: str, link: str, target: str, said: str, tree: Path, nothing: Root, tmp_path: Path
) -> None:
    authority = Authority.root("an authority").certificate.public_bytes(Encoding.PEM)
    for path in (nothing.path / file, nothing.path / link):
        path.parent.mkdir(parents=True, exist_ok=True)
    (nothing.path / file).write_bytes(authority)
    (nothing.path / link).symlink_to(target)
    assert _run(tree, nothing, tmp_path, [f"{_PLACE}/bin/python3", "-c", _COUNT]) == f"{said}\n"


def test_byte_code_goes_by_its_source_and_nothing_names_the_build(tree: Path) -> None:
    compiled = list(tree.rglob("*.pyc"))
    assert len(compiled) > 1_000
    assert {path.read_bytes()[4] for path in compiled} == {0b11}
    files = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    naming = {path.name for path in files if b"/relocatable" in path.read_bytes() and path.suffix != ".pyc"}
    # The interpreter looks there last.
    assert naming == {
        "python3.13",
        "Makefile",
        "PYTHON.json",
        "_sysconfigdata__linux_x86_64-linux-gnu.py",
        "python-config.py",
        "python3.13-config",
    }


def test_it_says_what_is_in_it(tree: Path) -> None:
    said = described(tree)
    assert (said["version"], said["triplet"]) == ("3.13.5", "x86_64-linux-gnu")
    assert (said["c_library"], said["compiler"][:6]) == ("glibc 2.35", "GCC 12")


def test_debugging_symbols_are_apart(folder: Path, tree: Path) -> None:
    assert b".debug_info" not in (tree / "bin" / "python3.13").read_bytes()
    with tarfile.open(folder / f"{_NAME}-debug.tar.xz") as archive:
        names = [name for name in archive.getnames() if name.endswith(".debug")]
    assert len(names) > 70
    assert all(
        re.fullmatch(rf"{_NAME}-debug/lib/debug/\.build-id/[0-9a-f]{{2}}/[0-9a-f]{{38}}\.debug", name)
        for name in names
    )


@pytest.mark.slow
def test_all_its_own_tests_pass(folder: Path, cache: Path) -> None:
    [said] = run_suite(_TARGET, folder.parent, cache).result["tested"]
    assert said["passed"] is True
    assert said["suite"]["passed"] > 430
    assert said["suite"]["tests"] > 43_000


@pytest.mark.slow
def test_it_is_the_same_from_each_engine(cache: Path, tmp_path: Path) -> None:
    finished = run_target("build", _TARGET, cache, tmp_path, "--engine", "sandbox,docker,nix")
    assert finished.result["engines"] == dict.fromkeys(("sandbox", "docker", "nix"), finished.hashes)


@pytest.mark.slow
def test_it_is_the_same_whatever_is_varied(cache: Path, tmp_path: Path) -> None:
    rebuilt = run_target("rebuild", _TARGET, cache, tmp_path, "--vary", "all")
    assert rebuilt.result["identical"] is True
    assert rebuilt.result["not_varied"] == {}
