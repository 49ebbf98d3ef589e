"""The house stands: each room builds on those below it, and a few habits hold everywhere."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from verbatim.paths import PROJECT

PACKAGE = PROJECT / "verbatim"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGE = sorted((PROJECT / "signing" / "verbatim_sign").glob("*.py"))

#: The rooms of verbatim, from the ground up.
FLOORS = (
    {
        *("", "addresses", "caches", "capabilities", "errors", "console", "digest"),
        *("files", "paths", "programs", "scratch"),
    },
    {
        "overview",
        "task_help",
        "streams",
        "completion",
        "usage",
        "data",
        "release",
        "store",
        "web",
        "transfer",
        "fetch",
        "archive",
        "log",
        "system_errors",
        "trust",
    },
    {"sandboxing"},
    {"sources", "environments"},
    {"engines"},
    {"stages"},
    {"variation", "testing", "compare"},
    {"explain"},
    {"published"},
    {"evidence"},
    {"commands", "program"},
    {"report"},
    {"cli", "__main__"},
)
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}

#: Doors between two rooms of one floor; each opens one way.
DOORS = {
    ("addresses", "errors"),  # what is given as an address may be none
    ("paths", "errors"),  # the cache must be the user's own
    ("files", "errors"),  # what is no plain file is refused
    ("caches", "paths"),  # they are folders in one
    ("capabilities", "errors"),  # what is missing is refused
    ("capabilities", "paths"),  # programs run from the cache
    ("capabilities", "scratch"),  # folders are locked
    ("scratch", "errors"),  # some cannot be
    ("console", "errors"),  # there may be no terminal to ask on
    ("system_errors", "log"),  # its texts may hold secrets as well
    ("release", "data"),  # the published hashes are data
    ("trust", "data"),  # a trust configuration is a small file
    ("transfer", "web"),  # a transfer asks the web
    ("fetch", "transfer"),  # a download is made of transfers
    ("fetch", "store"),  # a download ends in the store
    ("sources", "environments.mirrors"),  # Debian's archive has some of the published tarballs
}

LONGEST = 300

TESTS = PROJECT / "tests"
LONGEST_TEST = 500

#: In pieces, so that they are not in this file either.
FORBIDDEN = [
    "".join(pieces)
    for pieces in (
        ("pypi", ".org"),
        ("files.python", "hosted.org"),
        ("deb.", "debian.org"),
        ("security.", "debian.org"),
        ("registry.npm", "js.org"),
    )
]


def name_of(path: Path) -> str:
    """A module's name below the package: ``sources.git``; nothing for the package itself."""
    return (
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").removesuffix(".")
    )


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            assert node.module is not None
            yield node.module
            # What is imported may itself be a module, as in "from verbatim import console".
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_module(name: str) -> bool:
    path = PROJECT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def tracked() -> list[Path]:
    """What is in the project's repository, or about to be."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True).stdout
    paths = [PROJECT / os.fsdecode(name) for name in listed.split(b"\0")[:-1]]
    return [path for path in paths if path.is_file()]


def test_every_room_has_its_floor() -> None:
    assert {name_of(path).partition(".")[0] for path in MODULES} == FLOOR_OF.keys()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_room_imports_only_from_floors_below_it(path: Path) -> None:
    room = name_of(path).partition(".")[0]
    for imported in imports(path):
        package, _, name = imported.partition(".")
        if package != "verbatim" or not is_module(imported):
            continue
        other = name.partition(".")[0]
        opens = {(room, other), (room, name)} & DOORS
        assert other == room or opens or FLOOR_OF[other] < FLOOR_OF[room], f"{path} imports {imported}"


def test_the_signing_stage_and_the_package_share_no_code() -> None:
    for path in [*MODULES, PROJECT / "tasks.py"]:
        assert not {imported.partition(".")[0] for imported in imports(path)} & {
            "signing",
            "verbatim_sign",
        }, path
    for path in [*STAGE, PROJECT / "signing" / "sign", *(PROJECT / "signing" / "tests").glob("*.py")]:
        assert all(imported.partition(".")[0] != "verbatim" for imported in imports(path)), path


@pytest.mark.parametrize(
    "path", [*MODULES, *STAGE, PROJECT / "tasks.py"], ids=lambda path: str(path.relative_to(PROJECT))
)
def test_nothing_is_printed_but_through_the_console(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Name) and node.id == "print"), f"{path}, line {node.lineno}"


def test_use_cases_neither_print_nor_make_json() -> None:
    """What is shown, and how, is decided in one place: in report/."""
    for path in (PACKAGE / "commands").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        printed = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr.partition("_")[0]) == ("console", "result")
        ]
        assert printed == [], path
        assert "json" not in imports(path), path


def test_no_module_is_longer_than_one_can_overlook() -> None:
    lengths = {
        str(path.relative_to(PROJECT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in [*MODULES, *STAGE]
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_file_of_tests_is_longer_than_one_can_overlook() -> None:
    lengths = {
        str(path.relative_to(PROJECT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in [*TESTS.rglob("test_*.py"), *(PROJECT / "signing" / "tests").glob("test_*.py")]
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_TEST} == {}


def test_the_fast_tests_have_the_rooms_of_what_they_test() -> None:
    unit = TESTS / "unit"
    rooms = {path.relative_to(PACKAGE).parts[0] for path in MODULES if path.parent != PACKAGE}
    assert {path.parent.name for path in unit.glob("*/test_*.py")} == {*rooms, "project"}
    assert {path.parent for path in unit.rglob("*.py")} == {
        unit,
        *(unit / room for room in (*rooms, "project")),
    }


def test_each_test_is_a_fast_one_or_has_a_topic() -> None:
    for path in TESTS.rglob("test_*.py"):
        kind, *folders, _ = path.relative_to(TESTS).parts
        assert kind == "unit" or (kind == "integration" and folders), path


def test_tasks_only_collects() -> None:
    assert len((PROJECT / "tasks.py").read_text(encoding="utf-8").splitlines()) < 60


def test_no_file_names_a_registry() -> None:
    """Where packages come from is the user's affair: pip and apt are asked as they are set up."""
    paths = tracked()
    assert PROJECT / "pyproject.toml" in paths
    for path in paths:
        content = path.read_bytes().lower()
        assert not [host for host in FORBIDDEN if host.encode() in content], path
