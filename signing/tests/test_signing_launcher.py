"""The launcher: an environment of hashed wheels, made once."""

from __future__ import annotations

import ast
import io
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest
from release_maker import MadeRelease
from verbatim_sign.command import _parser

SIGNING = Path(__file__).resolve().parent.parent


class Launched:
    """The launcher, from a copy of its folder; what it would have run instead of what it does."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.commands: list[list[str]] = []
        self.failing = ""
        #: Whether pip puts its packages elsewhere.
        self.moved = False
        self._patch = monkeypatch
        monkeypatch.setattr(subprocess, "call", self._call)
        monkeypatch.setattr(os, "execv", lambda program, command: self.commands.append([program, *command]))
        (folder / "requirements").mkdir()
        for name in ("check.txt", "run.txt"):
            (folder / "requirements" / name).write_text(f"x0==1 \\\n  --hash={name}\nx1==1\n")
        (folder / "sign").write_bytes((SIGNING / "sign").read_bytes())

    def _call(self, command: list[str]) -> int:
        self.commands.append(command)
        if command[1:4] == ["-I", "-m", "venv"]:
            (Path(command[-1]) / "lib" / "python3.13" / "site-packages").mkdir(parents=True)
        if "install" in command and not self.moved:
            site = next(self.folder.glob(f"{Path(command[0]).parent.parent.name}/lib/*/site-packages"))
            for number in range(2):
                (site / f"x{number}-1.dist-info").mkdir()
        return int(self.failing != "" and self.failing in command)

    def start(self, *arguments: str) -> list[list[str]]:
        self.commands.clear()
        self._patch.setattr(sys, "argv", ["sign", *arguments])
        # The copy is where it belongs; the lines that run are those of the original.
        self._patch.setattr(os.path, "realpath", lambda _: str(self.folder / "sign"))
        runpy.run_path(str(SIGNING / "sign"), run_name="__main__")
        return self.commands


@pytest.fixture
def launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Launched:
    folder = tmp_path / "signing"
    folder.mkdir()
    return Launched(folder, monkeypatch)


@pytest.mark.parametrize(
    ("command", "kind"),
    [("check", "check"), ("run", "run"), ("verify", "run"), ("doctor", "check"), ("join", "check")],
)
def test_an_environment_is_made_once_for_each_kind(command: str, kind: str, launched: Launched) -> None:
    venv, pip, bare, started = launched.start(command, "--version", "x")
    folder = launched.folder / f".venv-{kind}"
    assert venv == [sys.executable, "-I", "-m", "venv", str(folder)]
    assert pip[-4:] == [
        "--require-hashes",
        "--only-binary=:all:",
        "-r",
        str(launched.folder / "requirements" / f"{kind}.txt"),
    ]
    assert bare[-4:] == ["uninstall", "--yes", "setuptools", "pip"]
    assert started[:4] == [str(folder / "bin" / "python")] * 2 + ["-I", "-B"]
    assert "pycache_prefix=/dev/null" in started
    assert started[-4:] == [str(launched.folder), command, "--version", "x"]
    assert launched.start(command, "--version", "x") == [started]
    (launched.folder / "requirements" / f"{kind}.txt").write_text("x0==2\nx1==1\n")
    assert len(launched.start(command)) == 4


def test_behind_an_air_gap_three_packages_are_enough(launched: Launched) -> None:
    assert launched.start("run", "--digests-only")[0][-1] == str(launched.folder / ".venv-check")


@pytest.mark.parametrize("failing", ["venv", "pip"])
def test_what_could_not_be_made_is_not_used(
    failing: str, launched: Launched, capsys: pytest.CaptureFixture[str]
) -> None:
    launched.failing = failing
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            launched.start("check")
        assert left.value.code == 3
        assert f"-I -m {failing} failed, see above" in capsys.readouterr().err


def test_what_pip_put_elsewhere_is_not_used(launched: Launched, capsys: pytest.CaptureFixture[str]) -> None:
    launched.moved = True
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            launched.start("check")
        assert left.value.code == 3
        said = f"refused: pip put 0 packages into {launched.folder}/.venv-check, expected 2; see: pip config list"
        assert said in capsys.readouterr().err


def test_it_does_nothing_when_it_is_only_read() -> None:
    runpy.run_path(str(SIGNING / "sign"), run_name="sign")


def test_an_old_python_is_refused(
    launched: Launched, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 0, "final", 0))
    with pytest.raises(SystemExit) as left:
        launched.start("check")
    assert left.value.code == 3
    assert "expected 3.11 or newer" in capsys.readouterr().err


def packages(name: str) -> list[str]:
    return re.findall(
        r"^([a-z0-9-]+)(?:\[.*\])?==", (SIGNING / "requirements" / name).read_text(), re.MULTILINE
    )


def test_check_needs_few_packages_and_run_what_sigstore_needs() -> None:
    assert packages("check.txt") == ["cffi", "cryptography", "pycparser"]
    assert "sigstore" in packages("run.txt")
    assert len(packages("run.txt")) == 29


def test_the_locks_are_those_of_the_project() -> None:
    """What is tested here is what is used there."""
    project = (SIGNING.parent / "requirements" / "runtime.txt").read_text()
    for name in ("check.txt", "run.txt"):
        locked = (SIGNING / "requirements" / name).read_text()
        for digest in re.findall(r"sha256:[0-9a-f]{64}", locked):
            assert digest in project


def test_one_can_read_it_all() -> None:
    """Every line is read by the one who signs; documentation and comments help with that, and do not count."""
    files = [SIGNING / "sign", *(SIGNING / "verbatim_sign").glob("*.py")]
    assert sum(len(lines_of_code(file.read_text())) for file in files) <= 1500


def lines_of_code(text: str) -> set[int]:
    """The numbers of those that are more than a comment or a docstring."""
    idle = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in idle
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and ast.get_docstring(node) is not None
        ):
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return lines


def test_the_readme_shows_commands_that_there_are() -> None:
    text = (SIGNING / "README.md").read_text()
    shown = re.findall(r"(?:^    |`)\./sign ([^`#\n]+)", text, re.MULTILINE)
    assert len(shown) >= 7
    for command in shown:
        rest = "" if "--version" in command or "doctor" in command else " --version 3.13.5 release"
        _parser().parse_args(shlex.split(command + rest))


_MOVED = "[install]\nuser = true\ntarget = /nowhere/t\nprefix = /nowhere/p\nroot = /nowhere/r\n"


@pytest.mark.integration
@pytest.mark.parametrize(
    "moves", [False, True], ids=["plainly", "where pip is set up to put packages elsewhere"]
)
def test_the_real_environment_of_check_checks(moves: bool, made: MadeRelease, tmp_path: Path) -> None:
    folder = tmp_path / "signing"
    shutil.copytree(SIGNING, folder, ignore=shutil.ignore_patterns(".venv-*"))
    settings = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    if moves:
        names = ("PIP_PREFIX", "PIP_TARGET", "PIP_ROOT")
        settings |= {name: str(tmp_path / "elsewhere") for name in names} | {"PIP_USER": "1"}
        (Path(settings["HOME"]) / ".pip").mkdir()
        (Path(settings["HOME"]) / ".pip" / "pip.conf").write_text(_MOVED)
    command: list[str | Path] = [folder / "sign", "check", "--version", made.version]
    command += ["--policy", made.policy_path, made.release]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    # What is made up is not of today, but nothing in it expires.
    assert done.returncode == 0, done.stderr
    assert "the policy is met" in done.stdout
    site = next((folder / ".venv-check" / "lib").glob("python3*/site-packages"))
    assert {path.name.partition("-")[0] for path in site.glob("*.dist-info")} == set(packages("check.txt"))
    assert not (tmp_path / "elsewhere").exists()
    assert not [path for path in folder.rglob("*.pyc") if ".venv-check/lib/python3" in str(path)]
    done = subprocess.run(
        [folder / "sign", "doctor"], env=settings, capture_output=True, text=True, check=False
    )
    assert "yes  Python loads only what is locked" in done.stdout
