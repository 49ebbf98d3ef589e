"""``./invoke``: it sets itself up, once, and says clearly what is missing. And what it installs is pinned."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomli

from tests.unit.project.bootstrap import Checkout, started
from verbatim.paths import PROJECT


def test_the_first_start_sets_up_and_hands_the_arguments_on(with_pip: Checkout) -> None:
    done = with_pip.run("build", "--version", "3.13.5", "--output", "größer als")
    venv = with_pip.folder / ".venv"
    assert started(done) == {
        "arguments": ["build", "--version", "3.13.5", "--output", "größer als"],
        "prefix": str(venv),
        "utf8": 1,
    }
    assert done.stderr == f"setting up {venv} (once; about half a minute)\n"
    [(install, _)] = with_pip.set_ups
    assert install[0] == "install"
    assert {"--require-hashes", "--only-binary=:all:"} <= set(install)
    assert install[-2:] == ["-r", f"{with_pip.folder}/requirements/runtime.txt"]


def test_every_requirements_file_is_installed(with_pip: Checkout) -> None:
    for name in ("another.txt", "notes.md"):
        (with_pip.folder / "requirements" / name).write_text("# nothing\n")
    with_pip.run()
    folder = with_pip.folder / "requirements"
    [(install, _)] = with_pip.set_ups
    assert install[-4:] == ["-r", f"{folder}/another.txt", "-r", f"{folder}/runtime.txt"]


def test_the_second_start_sets_nothing_up(with_pip: Checkout) -> None:
    with_pip.run()
    before = with_pip.set_ups
    done = with_pip.run("doctor")
    assert started(done)["arguments"] == ["doctor"]
    assert done.stderr == ""
    assert with_pip.set_ups == before


def test_it_is_set_up_again_when_a_requirement_changes(with_pip: Checkout) -> None:
    with_pip.run()
    with (with_pip.folder / "requirements" / "runtime.txt").open("a") as file:
        file.write("# one more\n")
    assert "setting up" in with_pip.run().stderr
    assert len(with_pip.set_ups) == 2
    assert with_pip.run().stderr == ""


def test_it_is_set_up_again_when_the_checkout_moves(with_pip: Checkout) -> None:
    with_pip.run()
    with_pip.folder = with_pip.folder.rename(with_pip.folder.with_name("moved"))
    done = with_pip.run()
    assert started(done)["prefix"] == str(with_pip.folder / ".venv")
    assert "setting up" in done.stderr


def test_it_is_set_up_again_when_it_was_removed(with_pip: Checkout) -> None:
    with_pip.run()
    shutil.rmtree(with_pip.folder / ".venv")
    assert "setting up" in with_pip.run().stderr


def test_two_starts_at_once_set_up_once(with_pip: Checkout) -> None:
    both = [
        subprocess.Popen(with_pip.command(), cwd=with_pip.programs, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(with_pip.set_ups) == 1


def test_an_installer_that_fails_is_no_set_up(with_pip: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "fails")
    for _ in range(2):
        done = with_pip.run()
        assert done.returncode == 3
        assert done.stdout == ""
        assert "failed with status 7" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
    assert len(with_pip.set_ups) == 2
    monkeypatch.delenv("STAND_IN")
    assert started(with_pip.run())["arguments"] == []


def test_it_may_be_started_through_a_link(with_pip: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(with_pip.folder / "invoke")
    done = subprocess.run(
        [sys.executable, link], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert started(done)["prefix"] == str(with_pip.folder / ".venv")


def test_what_lies_in_the_folder_that_it_is_started_in_is_not_run(with_pip: Checkout, tmp_path: Path) -> None:
    for name in ("json.py", "verbatim/__main__.py"):
        stray = tmp_path / "somewhere" / name
        stray.parent.mkdir(exist_ok=True)
        stray.write_text("raise SystemExit('a stray file was run')\n")
    done = subprocess.run(
        with_pip.command("doctor"),
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
    assert "install it (Debian: apt install python3-venv)" in said
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", ["elsewhere", "another version", "a file short"])
def test_what_pip_did_not_put_into_place_is_no_set_up(
    with_pip: Checkout, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", how)
    done = with_pip.run("doctor")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-2] == "missing or incomplete: thing 1.0"
    assert "does not have what pip says it installed there" in done.stderr.splitlines()[-1]
    assert not (with_pip.folder / ".venv").exists()
    monkeypatch.delenv("STAND_IN")
    assert started(with_pip.run("doctor"))["arguments"] == ["doctor"]


def test_pip_is_told_where_packages_come_from_and_nothing_else(
    with_pip: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "home" / ".config" / "pip" / "pip.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(
        "[global]\nindex-url = https://first.example/simple\nproxy = http://proxy.example:3128\n"
        "[install]\nuser = true\ntrusted-host = first.example\n    second.example\nprefix = /elsewhere\n"
        "[download]\nindex-url = https://other.example/simple\n"
    )
    moved = ("PREFIX", "TARGET", "ROOT", "USER", "NO_DEPS", "DRY_RUN", "PYTHON", "NO_BINARY", "CONSTRAINT")
    for name in (*moved, "REQUIRE_VIRTUALENV"):
        monkeypatch.setenv(f"PIP_{name}", "1")
    monkeypatch.setenv("PIP_CERT", "/etc/company.pem")
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@second.example/simple")
    done = with_pip.run()
    [(install, settings)] = with_pip.set_ups
    assert settings == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CERT": "/etc/company.pem",
        "PIP_INDEX_URL": "https://user:secret@second.example/simple",
        "PIP_PROXY": "http://proxy.example:3128",
        "PIP_TRUSTED_HOST": "first.example\nsecond.example",
    }
    assert "secret" not in " ".join(install) + done.stdout + done.stderr


def test_a_broken_pip_configuration_is_named_but_not_shown(
    with_pip: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text("[global]\nsecret\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(conf))
    done = with_pip.run()
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == (
        f"error: {conf} is not a valid configuration file of pip; correct it, or move it away"
    )
    assert "secret" not in done.stderr


def test_another_installer_on_the_path_is_not_used(with_pip: Checkout) -> None:
    """It would not ask the index that pip is set up with."""
    with_pip.program("uv", "#!/bin/sh\nexit 99\n")
    assert started(with_pip.run("doctor"))["arguments"] == ["doctor"]


def test_another_python3_does_not_set_up_again(with_pip: Checkout) -> None:
    with_pip.run()
    with_pip.module(
        "sitecustomize", "import sys\nsys.base_prefix, sys.version = '/opt/other', '3.99.0 (main)'\n"
    )
    assert with_pip.run().stderr == ""
    with_pip.module(
        "sitecustomize", "import sys\nsys.version_info, sys.version = (3, 9, 2), '3.9.2 (main)'\n"
    )
    assert started(with_pip.run("doctor"))["arguments"] == ["doctor"]
    assert len(with_pip.set_ups) == 1


@pytest.mark.parametrize("target", ["/no/such/python3", "another one"])
def test_it_is_set_up_again_when_its_own_python_is_gone_or_another(with_pip: Checkout, target: str) -> None:
    with_pip.run()
    with_pip.program("another one", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python = with_pip.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(with_pip.programs / target)
    assert "setting up" in with_pip.run().stderr
    assert with_pip.run().stderr == ""


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
