"""What helps to find a fault: ``--debug`` anywhere, and a private log that no text can forge and no secret enters."""

from __future__ import annotations

import os
import re
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.program import Ended, run_in_process
from verbatim import __version__, console
from verbatim.log import recording, without_secrets
from verbatim.paths import PROJECT
from verbatim.programs import run_program

# A task that is run in this process takes the signals over.
pytestmark = pytest.mark.usefixtures("interrupts")

_RECORD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) .*")

Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    # The loader of the tasks puts their folder there.
    monkeypatch.setattr(sys, "path", [*sys.path])
    return lambda *arguments: run_in_process(arguments, monkeypatch, capsys)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log"
    monkeypatch.setenv("VERBATIM_LOG", str(path))
    return path


# On the screen.


@pytest.mark.parametrize(
    "arguments",
    [
        ["--debug", "build", "--version", "3.13"],
        ["-d", "build", "--version", "3.13"],
        ["build", "--debug", "--version", "3.13"],
        ["build", "--version", "3.13", "--debug"],
        ["compare", "--debug", "no-such-file", "nor-this"],
        ["compare", "no-such-file", "nor-this", "--debug"],
    ],
    ids=" ".join,
)
def test_debug_shows_where_an_error_came_from(run: Run, arguments: list[str]) -> None:
    ended = run(*arguments)
    assert (ended.status, ended.out) == (2, "")
    first, *_, last = ended.err.splitlines()
    assert first == "Traceback (most recent call last):"
    assert "verbatim.errors.UsageError" in ended.err
    assert last.startswith("error: ")
    # It is asked for once, and not from then on.
    assert "Traceback" not in run(*(word for word in arguments if word not in ("--debug", "-d"))).err


@pytest.mark.parametrize("arguments", [["--debug", "build"], ["build", "--debug"]], ids=" ".join)
def test_debug_is_the_same_with_the_plain_invoke_command(arguments: list[str]) -> None:
    invoke = [str(Path(sys.executable).with_name("invoke")), "--search-root", str(PROJECT)]
    done = subprocess.run(
        [*invoke, *arguments, "--version", "3.13"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 2
    assert "\nverbatim.errors.UsageError: " in done.stderr


def test_debug_shows_the_commands_that_are_run(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "no repository"
    source.mkdir()
    ended = run("build", "--version", "3.13.5", "--source", str(source), "--debug", "--output", str(tmp_path))
    assert re.search(r"^run.*: git .*", ended.err, re.MULTILINE)


# In the file.


def test_the_log_has_the_run_and_what_was_printed(run: Run, log: Path) -> None:
    ended = run("build", "--version", "3.13")
    assert "Traceback" not in ended.err
    text = log.read_text("utf-8")
    assert re.search(
        rf" INFO Verbatim {re.escape(__version__)}, Python 3\.\S+: invoke build --version 3.13$", text, re.M
    )
    assert "Traceback (most recent call last):" in text
    assert f" ERROR {ended.complaint.removeprefix('error: ')}\n" in text
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_the_log_is_appended_to(run: Run, log: Path) -> None:
    run("build", "--version", "3.13")
    once = log.read_text("utf-8")
    run("build", "--version", "3.12")
    assert log.read_text("utf-8").startswith(once)
    assert log.read_text("utf-8").count(" INFO Verbatim ") == 2


def test_a_mistake_of_ours_is_in_the_log(run: Run, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verbatim.release.Release.parse", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("build", "--version", "3.13.5")
    assert "    ZeroDivisionError: division by zero\n" in log.read_text("utf-8")


@pytest.mark.parametrize(
    "start",
    [
        lambda command: subprocess.run(command, check=True),
        lambda command: subprocess.Popen(command).wait(),
        run_program,
        lambda command: subprocess.run([os.fsencode(word) for word in command], check=True),
    ],
    ids=["run", "Popen", "run_program", "bytes"],
)
def test_each_command_is_in_the_log_however_it_is_started(
    log: Path, start: Callable[[Sequence[str]], object]
) -> None:
    with recording(shown=False):
        start([sys.executable, "-c", "pass", "https://user:secret@host.example/path?token=secret", "a b"])
    start([sys.executable, "-c", "pass", "afterwards"])
    text = log.read_text("utf-8")
    assert f" DEBUG run: {sys.executable} -c pass 'https://…' 'a b'\n" in text
    assert "secret" not in text
    assert "afterwards" not in text


# What no UTF-8 can hold would end up in what pytest-xdist sends, and cannot.
@given(st.text(st.characters(codec="utf-8")))
@example("good\n2026-01-01T00:00:00.000Z 1 ERROR forged")
@example("good\r\x1b[31mred\u2028line")
def test_no_text_can_pass_for_a_record(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "log"
        patch.setenv("VERBATIM_LOG", str(path))
        with recording(shown=False):
            console.note(text)
            console.detail(text)
        *lines, end = path.read_bytes().decode("utf-8").split("\n")
    assert end == ""
    assert sum(bool(_RECORD.fullmatch(line)) for line in lines) == 3
    assert all(_RECORD.fullmatch(line) or line.startswith("    ") for line in lines)
    assert "".join(lines).isprintable()


@pytest.mark.parametrize(
    "name", ["SIGSTORE_IDENTITY_TOKEN", "NPM_PASSWORD", "aws_secret_access_key", "API_KEY"]
)
def test_no_secret_of_the_environment_enters_it(
    log: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "mArKeD")
    with recording(shown=True):
        console.note("the server says: mArKeD is expired")
        console.detail("the token is mArKeD")
    assert "mArKeD" not in log.read_text("utf-8")
    assert "the token is …\n" in capsys.readouterr().err


def test_no_secret_of_the_arguments_enters_it(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["invoke", "build", "--source", "https://user:mArKeD@host.example/a"])
    with recording(shown=False):
        console.detail("somebody says mArKeD, in no address")
    monkeypatch.setattr(sys, "argv", ["invoke", "build", "--source=me:80/mArKeD@host.example/b.tgz"])
    with recording(shown=False):
        console.detail("No such file or directory: 'me:80/mArKeD@host.example/b.tgz'")
    assert " invoke build --source https://host.example/a\n" in log.read_text("utf-8")
    assert "mArKeD" not in log.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("get https://user:pass@host.example/a", "get https://…@host.example/a"),
        ("get ssh://host.example:22/a", "get ssh://host.example:22/a"),
        ("get https://us/er:p@ss@host.example/a?b=c#d now", "get https://…"),
        ("is it there? yes", "is it there? yes"),
    ],
)
def test_what_is_secret_in_an_address_is_masked(text: str, kept: str) -> None:
    assert without_secrets(text) == kept


def fifo(path: Path) -> None:
    os.mkfifo(path, 0o600)


def link(path: Path) -> None:
    path.symlink_to(precious(path.with_name("precious")))


def second_name(path: Path) -> None:
    path.hardlink_to(precious(path.with_name("precious")))


def readable_by_others(path: Path) -> None:
    precious(path).chmod(0o640)


def precious(path: Path) -> Path:
    path.write_text("precious")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("make", [fifo, link, second_name, readable_by_others, Path.mkdir])
def test_a_file_that_is_not_private_gets_no_log(run: Run, log: Path, make: Callable[[Path], None]) -> None:
    make(log)
    ended = run("build", "--version", "3.13.5", "--offline")
    assert (ended.status, ended.out) == (2, "")
    assert ended.complaint.startswith(f"error: VERBATIM_LOG: {log} ")
    for path in (log, log.with_name("precious")):
        assert not path.is_file() or path.read_text() == "precious"


def test_a_log_in_a_folder_that_is_not_there_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBATIM_LOG", str(tmp_path / "missing" / "log"))
    ended = run("build", "--version", "3.13")
    assert ended.status == 2
    assert "cannot be opened: No such file or directory; name a file of your own" in ended.complaint
    assert not (tmp_path / "missing").exists()


@pytest.fixture
def no_large_files() -> Iterator[None]:
    """A file that may not grow is refused as a full disk refuses it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("no_large_files")
def test_a_full_disk_ends_the_log_and_not_the_work(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with recording(shown=False):
        for _ in range(3):
            console.result("x" * 600)
    captured = capsys.readouterr()
    assert captured.out == ("x" * 600 + "\n") * 3
    assert captured.err == "warning: VERBATIM_LOG cannot be written: [Errno 27] File too large\n"
    assert log.stat().st_size <= 1_000


def test_without_being_asked_for_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with recording(shown=False):
        console.detail("a detail")
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
