"""``./invoke``: it sets itself up, once, and says clearly what is missing. And what it installs is pinned."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli

from verbatim.paths import PROJECT

#: Stands in for the package: says what it was started with.
_PACKAGE = """
import json, sys
print(json.dumps({"arguments": sys.argv[1:], "prefix": sys.prefix, "utf8": sys.flags.utf8_mode}))
"""

#: Stands in for uv: keeps an account of its calls, and makes a .venv that has nothing in it.
_UV = """\
#!{python}
import os, sys, venv
with open({calls!r}, "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "venv":
    venv.create(sys.argv[-1], symlinks=True)
else:
    sys.exit(int(os.environ.get("UV_STATUS", "0")))
"""


@dataclass
class Checkout:
    """A checkout of a project as small as can be, and the programs that its machine has."""

    folder: Path
    programs: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "invoke"), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.programs,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(text)
        path.chmod(0o755)

    def module(self, name: str, text: str) -> None:
        """Put a module before the standard library's."""
        (self.programs / f"{name}.py").write_text(text)

    @property
    def set_ups(self) -> list[str]:
        """What uv was called for."""
        calls = self.programs / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    folder = tmp_path / "a checkout"
    shutil.copytree(PROJECT / "requirements", folder / "requirements", ignore=lambda *_: ["development.txt"])
    shutil.copy(PROJECT / "invoke", folder)
    (folder / "verbatim").mkdir()
    (folder / "verbatim" / "__main__.py").write_text(_PACKAGE)
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PYTHONPATH", str(programs))
    return Checkout(folder, programs)


@pytest.fixture
def with_uv(checkout: Checkout) -> Checkout:
    checkout.program("uv", _UV.format(python=sys.executable, calls=str(checkout.programs / "calls")))
    return checkout


def started(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """What the package was started with."""
    assert done.returncode == 0, done.stderr
    said: dict[str, object] = json.loads(done.stdout)
    return said


def test_the_first_start_sets_up_and_hands_the_arguments_on(with_uv: Checkout) -> None:
    done = with_uv.run("build", "--version", "3.13.5", "--output", "größer als")
    venv = with_uv.folder / ".venv"
    assert started(done) == {
        "arguments": ["build", "--version", "3.13.5", "--output", "größer als"],
        "prefix": str(venv),
        "utf8": 1,
    }
    assert done.stderr == f"setting up {venv} (once; about half a minute)\n"
    make, install = with_uv.set_ups
    assert make == f"venv --quiet --python {sys.executable} {venv}"
    assert "--require-hashes" in install.split(" ")
    assert install.endswith(f" -r {with_uv.folder}/requirements/runtime.txt")


def test_every_requirements_file_is_installed(with_uv: Checkout) -> None:
    for name in ("another.txt", "notes.md"):
        (with_uv.folder / "requirements" / name).write_text("# nothing\n")
    with_uv.run()
    folder = with_uv.folder / "requirements"
    assert with_uv.set_ups[1].endswith(f" -r {folder}/another.txt -r {folder}/runtime.txt")


def test_the_second_start_sets_nothing_up(with_uv: Checkout) -> None:
    with_uv.run()
    before = with_uv.set_ups
    done = with_uv.run("doctor")
    assert started(done)["arguments"] == ["doctor"]
    assert done.stderr == ""
    assert with_uv.set_ups == before


def test_it_is_set_up_again_when_a_requirement_changes(with_uv: Checkout) -> None:
    with_uv.run()
    with (with_uv.folder / "requirements" / "runtime.txt").open("a") as file:
        file.write("# one more\n")
    assert "setting up" in with_uv.run().stderr
    assert len(with_uv.set_ups) == 4
    assert with_uv.run().stderr == ""


def test_it_is_set_up_again_when_the_checkout_moves(with_uv: Checkout) -> None:
    with_uv.run()
    with_uv.folder = with_uv.folder.rename(with_uv.folder.with_name("moved"))
    done = with_uv.run()
    assert started(done)["prefix"] == str(with_uv.folder / ".venv")
    assert "setting up" in done.stderr


def test_it_is_set_up_again_when_it_was_removed(with_uv: Checkout) -> None:
    with_uv.run()
    shutil.rmtree(with_uv.folder / ".venv")
    assert "setting up" in with_uv.run().stderr


def test_two_starts_at_once_set_up_once(with_uv: Checkout) -> None:
    both = [
        subprocess.Popen(with_uv.command(), cwd=with_uv.programs, stdout=subprocess.DEVNULL) for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert [call.split()[0] for call in with_uv.set_ups] == ["venv", "pip"]


def test_an_installer_that_fails_is_no_set_up(with_uv: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_STATUS", "7")
    for _ in range(2):
        done = with_uv.run()
        assert done.returncode == 3
        assert done.stdout == ""
        assert "failed with status 7" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
    assert len(with_uv.set_ups) == 4
    monkeypatch.delenv("UV_STATUS")
    assert started(with_uv.run())["arguments"] == []


def test_it_may_be_started_through_a_link(with_uv: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(with_uv.folder / "invoke")
    done = subprocess.run(
        [sys.executable, link], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert started(done)["prefix"] == str(with_uv.folder / ".venv")


def test_what_lies_in_the_folder_that_it_is_started_in_is_not_run(with_uv: Checkout, tmp_path: Path) -> None:
    for name in ("json.py", "verbatim/__main__.py"):
        stray = tmp_path / "somewhere" / name
        stray.parent.mkdir(exist_ok=True)
        stray.write_text("raise SystemExit('a stray file was run')\n")
    done = subprocess.run(
        with_uv.command("doctor"),
        cwd=tmp_path / "somewhere",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert started(done)["arguments"] == ["doctor"]


@pytest.mark.parametrize("missing", [["venv"], ["ensurepip"], ["venv", "ensurepip"]], ids=" and ".join)
def test_without_venv_or_ensurepip_it_says_what_is_missing(checkout: Checkout, missing: list[str]) -> None:
    for name in missing:
        checkout.module(name, f"raise ModuleNotFoundError('No module named {name}')")
    done = checkout.run("build", "--version", "3.13.5")
    assert done.returncode == 3
    assert done.stdout == ""
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"error: {sys.executable} has no module {' and no module '.join(missing)}; ")
    assert said.endswith("install it (Debian: apt install python3-venv), or put uv on the PATH")
    assert "Traceback" not in done.stderr


def test_with_uv_neither_is_needed(with_uv: Checkout) -> None:
    with_uv.module("ensurepip", "raise ModuleNotFoundError('No module named ensurepip')")
    assert started(with_uv.run("doctor"))["arguments"] == ["doctor"]


@pytest.fixture
def old_python(checkout: Checkout) -> Checkout:
    """A machine whose python3 says that it is 3.9."""
    checkout.module(
        "sitecustomize", "import sys\nsys.version_info, sys.version = (3, 9, 2), '3.9.2 (main)'\n"
    )
    return checkout


def test_a_python_that_is_too_old_is_told(old_python: Checkout) -> None:
    old_python.program("python3.10", "#!/bin/sh\nexit 99\n")
    done = old_python.run("doctor")
    assert done.returncode == 3
    assert done.stderr == (
        "error: python3 is 3.9.2, expected 3.11 or newer; install one (Debian: apt install python3)\n"
    )


def test_where_there_is_a_newer_python_that_one_is_used(old_python: Checkout) -> None:
    old_python.program("python3.11", "#!/bin/sh\nexit 99\n")
    old_python.program("python3.14", '#!/bin/sh\necho "$@"\n')
    done = old_python.run("build", "--version", "3.13.5")
    assert done.stdout == f"{old_python.folder}/invoke build --version 3.13.5\n"


def test_any_python3_understands_it() -> None:
    """It is there to say that a Python is too old: that one must get so far."""
    tree = ast.parse((PROJECT / "invoke").read_text(encoding="ascii"), feature_version=(3, 4))
    newer = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.Match)
    assert [node for node in ast.walk(tree) if isinstance(node, newer)] == []


def test_it_can_be_started_by_its_name() -> None:
    assert os.access(PROJECT / "invoke", os.X_OK)
    assert (PROJECT / "invoke").read_text(encoding="ascii").startswith("#!/usr/bin/env python3\n")


_PINNED = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9.-]*)(?:\[[a-z]+\])?==(?P<version>[^\s;]+)(?: ; [^;]+?)?(?: --hash=sha256:[0-9a-f]{64})+"
)


def pinned(name: str) -> dict[str, str]:
    """Names and versions in a requirements file; each must be pinned, and nothing else may be there."""
    text = (PROJECT / "requirements" / name).read_text(encoding="ascii")
    lines = [
        line for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines() if line and not line.startswith("#")
    ]
    matches = [_PINNED.fullmatch(line) for line in lines]
    assert [line for line, match in zip(lines, matches, strict=True) if match is None] == []
    return {match["name"]: match["version"] for match in matches if match is not None}


def requirements_files() -> list[str]:
    return sorted(path.name for path in (PROJECT / "requirements").iterdir())


@pytest.mark.parametrize("name", requirements_files())
def test_every_requirement_has_its_version_and_hashes(name: str) -> None:
    assert len(pinned(name)) > 5


@pytest.mark.parametrize("name", requirements_files())
def test_the_requirements_name_no_place_to_download_from(name: str) -> None:
    text = (PROJECT / "requirements" / name).read_text(encoding="ascii")
    assert re.findall(r"\S*://\S*|--(?:extra-)?index-url|--find-links|^-i\b|@", text, re.MULTILINE) == []


def test_the_two_lists_agree() -> None:
    runtime, development = pinned("runtime.txt"), pinned("development.txt")
    shared = runtime.keys() & development.keys()
    assert {name: runtime[name] for name in shared} == {name: development[name] for name in shared}


@pytest.mark.parametrize("kind", ["runtime", "development"])
def test_every_dependency_is_pinned_and_has_its_reason(kind: str) -> None:
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomli.loads(text)["project"]
    named = project["dependencies"] if kind == "runtime" else project["optional-dependencies"][kind]
    assert [name for name in named if name.partition("[")[0] not in pinned(f"{kind}.txt")] == []
    reasons = dict(re.findall(r'^    "([a-z0-9[\]-]+)",\s+# (\S.+)$', text, re.MULTILINE))
    assert [name for name in named if name not in reasons] == []
