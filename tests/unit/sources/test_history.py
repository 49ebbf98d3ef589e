"""What a repository of attestations shows of itself: that nothing in it was ever changed or removed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checking import TODAY
from tests.program import run_in_process
from tests.rebuilders import ALICE, BOB, CAROL, HASHES, Person, statement, write_policy
from verbatim.commands.check import Trust, check_all, check_history
from verbatim.errors import IntegrityError, UsageError

SPOILED = statement({**HASHES, "Python-3.13.99.tgz": "c" * 64})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "attestations"
    write_policy(folder)
    return folder


def _git(folder: Path, *arguments: str) -> None:
    command = [
        "git",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.com",
        "-c",
        "commit.gpgsign=false",
        *arguments,
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--message=x")


@pytest.fixture
def repository(folder: Path) -> Path:
    _git(folder, "init", "--quiet", "--initial-branch=main")
    ALICE.attest(folder)
    _commit(folder)
    CAROL.attest(folder, SPOILED)
    _commit(folder)
    return folder


def _check_all(folder: Path) -> int:
    trust = Trust.load(folder / "policy.toml", None)
    check_history(folder)
    return len(check_all(folder, trust, today=TODAY))


def _remove_objection(folder: Path) -> None:
    (folder / "3.13.99" / "carol.source.dsse.json").unlink()


def _change(folder: Path) -> None:
    path = folder / "3.13.99" / "carol.source.dsse.json"
    path.write_bytes(CAROL.sign(statement().encode()))


def _rename(folder: Path) -> None:
    path = folder / "3.13.99" / "carol.source.dsse.json"
    path.rename(path.with_name("carol.source.2.dsse.json"))


@pytest.mark.parametrize("alter", [_remove_objection, _change, _rename])
def test_a_repository_in_which_something_was_altered_is_refused(
    alter: Callable[[Path], None], repository: Path
) -> None:
    alter(repository)
    _commit(repository)
    with pytest.raises(IntegrityError, match=r"3\.13\.99/carol\.source\.dsse\.json was changed or removed"):
        _check_all(repository)


def test_what_was_removed_and_put_back_is_noticed(repository: Path) -> None:
    _remove_objection(repository)
    _commit(repository)
    CAROL.attest(repository, SPOILED)
    _commit(repository)
    with pytest.raises(IntegrityError, match="was changed or removed"):
        _check_all(repository)


def test_what_a_merge_drops_is_noticed(repository: Path) -> None:
    _git(repository, "checkout", "--quiet", "-b", "side", "HEAD~1")
    BOB.attest(repository)
    _commit(repository)
    _git(repository, "merge", "--no-commit", "main")
    _remove_objection(repository)
    _commit(repository)
    with pytest.raises(IntegrityError, match="was changed or removed"):
        _check_all(repository)


def test_a_repository_that_only_grows_is_accepted(repository: Path) -> None:
    write_policy(repository, (ALICE, BOB, CAROL, Person("dora")))
    _commit(repository)
    _git(repository, "checkout", "--quiet", "-b", "side", "HEAD~1")
    BOB.attest(repository)
    _commit(repository)
    _git(repository, "merge", "--quiet", "--no-edit", "main")
    assert _check_all(repository) == 1


def test_a_repository_without_its_history_is_refused(repository: Path, tmp_path: Path) -> None:
    _git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "shallow")
    with pytest.raises(UsageError, match="has only a part of its history"):
        _check_all(tmp_path / "shallow")


def test_a_folder_that_is_no_repository_is_said_to_be_none(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ALICE.attest(folder)
    assert _check_all(folder) == 1
    assert "so removed attestations cannot be detected" in capsys.readouterr().err


def test_what_lies_beside_the_versions_is_passed_over_and_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ALICE.attest(folder)
    for name in ("builder-keys", "3.13", ".cache"):
        (folder / name).mkdir()
    (folder / "README.md").touch()
    assert _check_all(folder) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "since these are not versions: 3.13, README.md, builder-keys" in said


# What is not committed.


def _remove_all(folder: Path) -> None:
    shutil.rmtree(folder / "3.13.99")


def _link(folder: Path) -> None:
    path = folder / "3.13.99" / "carol.source.dsse.json"
    path.rename(folder / "carol")
    path.symlink_to("../carol")


@pytest.mark.parametrize("alter", [_remove_objection, _change, _rename, _remove_all, _link])
@pytest.mark.parametrize("version", [None, "3.13.99"])
def test_what_git_has_and_the_folder_lacks_is_noticed(
    alter: Callable[[Path], None], version: str | None, repository: Path
) -> None:
    alter(repository)
    with pytest.raises(IntegrityError, match=r"git has 3\.13\.99/\w+\.source\.dsse\.json"):
        check_history(repository, version)
    check_history(repository, "3.13.98")


def test_what_only_the_index_has_is_noticed(folder: Path) -> None:
    """In a repository without a commit, and in one with some."""
    _git(folder, "init", "--quiet", "--initial-branch=main")
    check_history(folder)
    CAROL.attest(folder, SPOILED)
    _git(folder, "add", "3.13.99")
    check_history(folder)
    content = (folder / "3.13.99" / "carol.source.dsse.json").read_bytes()
    _remove_objection(folder)
    with pytest.raises(IntegrityError, match=r"git has 3\.13\.99/carol\.source\.dsse\.json"):
        check_history(folder)
    (folder / "3.13.99" / "carol.source.dsse.json").write_bytes(content)
    _git(folder, "commit", "--message=x")
    BOB.attest(folder)
    _git(folder, "add", "--all")
    (folder / "3.13.99" / "bob.source.dsse.json").unlink()
    with pytest.raises(IntegrityError, match=r"git has 3\.13\.99/bob"):
        check_history(folder)


def test_what_is_no_longer_in_the_index_is_in_head(repository: Path) -> None:
    _git(repository, "rm", "--quiet", "3.13.99/carol.source.dsse.json")
    with pytest.raises(IntegrityError, match=r"git has 3\.13\.99/carol"):
        check_history(repository)


def test_what_is_new_and_not_committed_is_no_matter(repository: Path) -> None:
    BOB.attest(repository)
    check_history(repository)


def test_another_work_tree_has_an_index_of_its_own(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    _git(repository, "worktree", "add", "--quiet", "--detach", str(other))
    check_history(other)
    _remove_objection(other)
    with pytest.raises(IntegrityError, match=r"git has 3\.13\.99/carol"):
        check_history(other)


def test_nothing_that_the_repository_is_set_up_with_is_run(repository: Path, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    for name in ("core.fsmonitor", "uploadpack.packObjectsHook", "core.sshCommand", "core.editor"):
        _git(repository, "config", name, str(hook))
    (tmp_path / "ran").unlink(missing_ok=True)
    check_history(repository)
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("which", [("--all",), ("--version", "3.13.99")])
def test_the_command_shows_no_matrix_that_lacks_an_objection(
    which: tuple[str, ...],
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    BOB.attest(repository)
    _commit(repository)
    _remove_objection(repository)
    done = run_in_process(("check", *which, "--attestations", str(repository)), monkeypatch, capsys)
    assert (done.status, done.out) == (6, "")
    assert "git has 3.13.99/carol.source.dsse.json" in done.complaint
