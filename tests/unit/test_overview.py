"""Bare ``./invoke``, ``version``, and what a shell is told to complete."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke.collection import Collection
from invoke.loader import FilesystemLoader

from tests.program import Ended, run_in_process
from verbatim import __version__
from verbatim.commands.checkout import checkout_commit
from verbatim.overview import EXAMPLES, GROUPS, grouped
from verbatim.paths import PROJECT

Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda *arguments: run_in_process(list(arguments), monkeypatch, capsys)


def commands() -> set[str]:
    module, _ = FilesystemLoader(start=str(PROJECT)).load("tasks")
    return set(Collection.from_module(module).task_names)


def test_each_command_has_one_group() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert len(listed) == len(set(listed))
    assert commands() - set(listed) == set()


def test_a_command_without_a_group_is_found() -> None:
    with pytest.raises(ValueError, match="no group has news: add a line"):
        list(grouped({"build": "", "news": ""}))


def test_bare_invoke_shows_each_command_in_its_group_and_three_examples(run: Run) -> None:
    ended = run()
    assert (ended.status, ended.err) == (0, "")
    for role in GROUPS:
        assert f"\n{role}\n" in ended.out
    for name in commands():
        assert f"\n  {name} " in ended.out
    assert [example for example in EXAMPLES if f"\n  {example} " not in ended.out] == []
    assert run("--help").out.startswith(ended.out)


def test_help_has_defaults_and_a_word_for_each_value(run: Run) -> None:
    shown = " ".join(run("build", "--help").out.split())
    assert "--output=PATH" in shown
    assert "(default: dist)" in shown
    assert "(default: the number of CPUs)" in shown
    assert "STRING" not in shown
    assert "Usage: ./invoke compare FIRST SECOND [OPTIONS]\n" in run("compare", "--help").out
    assert "Usage: ./invoke verify [FILE ...] [OPTIONS]\n" in run("verify", "--help").out


def test_version_has_the_commit_of_a_checkout(run: Run) -> None:
    commit = checkout_commit()
    assert run("version").out == f"Verbatim {__version__}{f', commit {commit}' if commit else ''}\n"


def test_a_folder_in_another_repository_has_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    assert checkout_commit(tmp_path) is None
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "x"], check=True)
    commit = checkout_commit(tmp_path)
    assert commit is not None
    (tmp_path / "below").mkdir()
    assert checkout_commit(tmp_path / "below") is None
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    assert checkout_commit(tmp_path) == commit
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout_commit(tmp_path) is None


@pytest.mark.parametrize("name", ["invoke", "./invoke", "../a+b/invoke"])
def test_options_and_commands_are_completed_for_whatever_name_is_typed(run: Run, name: str) -> None:
    assert {"build", "verify", "version"} <= set(run("--complete", "--", name, "").out.split())
    options = run("--complete", "--", name, "build", "--version", "3", "--version", "4", "--off").out.split()
    assert "--offline" in options
    assert "--against" not in options


def test_a_line_with_an_open_quotation_mark_completes_to_nothing(run: Run) -> None:
    assert run("--complete", "--", "./invoke", "verify", "'a").err == ""


def test_bash_completes_with_the_program_that_is_typed(run: Run, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = run("--print-completion-script", "bash").out
    (tmp_path / "my folder").mkdir()
    program = tmp_path / "invoke"
    program.write_text('#!/bin/sh\necho "called: $*" >&2\necho --offline build\n')
    program.chmod(0o755)
    typed = "COMP_WORDS=(./invoke build --off)\n_complete_invoke ./invoke --off build\n"
    asked = f"{script}\n{typed}" + 'echo "${COMPREPLY[@]}"; complete -p invoke\n'
    done = subprocess.run(
        [bash, "-c", asked], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stderr == "called: --complete -- ./invoke build --off\n"
    assert done.stdout.splitlines()[0] == "--offline"


@pytest.mark.parametrize(
    ("shell", "start"), [("zsh", "$(${words[1]} --complete"), ("fish", "[1] --complete")]
)
def test_the_other_shells_start_it_as_well(run: Run, shell: str, start: str) -> None:
    assert start in run("--print-completion-script", shell).out
