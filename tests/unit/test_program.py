"""The program as a user meets it: exit statuses, errors in one line, interrupts, and what is left behind."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.program import Ended
from tests.servers import Page, Site
from tests.unit.conftest import Run
from verbatim import __version__
from verbatim.environments.definition import environment_names
from verbatim.paths import PROJECT

# A task that is run in this process takes the signals over.
pytestmark = pytest.mark.usefixtures("interrupts", "elsewhere")


#: Seconds; far more than any of these needs, and less than a download's patience.
_LIMIT = 30

_TARBALL = "/3.13.5/Python-3.13.5.tar.xz"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start it in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "verbatim", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


def end(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=_LIMIT)
    return Ended(process.returncode, out, err)


def test_it_says_its_version(start: Start) -> None:
    assert end(start("--version")) == Ended(0, f"Verbatim {__version__}\n", "")


def test_a_version_that_is_none_is_told_what_one_looks_like(start: Start, output: Path) -> None:
    ended = end(start("build", "--version", "3.13", "--output", str(output)))
    expected = "'3.13' is not a version of CPython 3; a version looks like 3.13.5, 3.14.0rc1 or 3.15.0b4"
    assert ended == Ended(2, "", f"error: {expected}\n")
    assert not output.exists()


def test_the_plain_invoke_command_works_the_same(run: Run) -> None:
    invoke = Path(sys.executable).with_name("invoke")
    done = subprocess.run(
        [invoke, "--search-root", PROJECT, "build", "--version", "3.13"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=_LIMIT,
    )
    assert Ended(done.returncode, done.stdout, done.stderr) == run("build", "--version", "3.13")


def test_every_task_has_its_help(run: Run) -> None:
    listed = json.loads(run("--list", "--list-format=json").out)
    tasks = {task["name"]: task["help"] for task in listed["tasks"]}
    assert {"build", "clean", "doctor", "environments", "lock", "test", "lint"} <= tasks.keys()
    assert all(tasks.values())


@pytest.mark.parametrize(
    "arguments",
    [
        ["bulid"],
        ["build"],
        ["build", "--version"],
        ["build", "--version", "3.13.5", "--ofline"],
        ["build", "--version", "3.13.5", "--jobs", "many"],
        ["environments", "--verbose"],
        ["--no-such-option"],
    ],
    ids=" ".join,
)
def test_a_wrong_use_is_one_line_and_status_2(run: Run, arguments: list[str]) -> None:
    ended = run(*arguments)
    assert ended.status == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--version", "v3.13.5"], "'v3.13.5' is not a version of CPython 3; a version looks like 3.13.5"),
        (
            ["--version", "3.99.0", "--source", "tarball"],
            "releases/published.toml has no source tarball of 3.99.0",
        ),
        (["--source", "/nonexistent"], "--source '/nonexistent' is neither "),
        (["--source", "/nonexistent.tgz"], "/nonexistent.tgz does not exist; give a .tgz"),
        (["--source", "."], "not appear to be a git repository"),
        (["--source", "http://127.0.0.1:9/Python-3.13.5.tgz", "--offline"], "is not in the cache"),
        (["--commit", "abc"], "'abc' is not a commit; give all 40 hexadecimal digits"),
        (["--commit", "A" * 40], f"'{'A' * 40}' is not a commit"),
        (
            ["--commit", "a" * 40, "--source", "tarball"],
            "--commit names a commit, but the source is a tarball",
        ),
        (["--commit", "a" * 40, "--offline", "--source", "git"], f"commit {'a' * 40} is not in the cache"),
        (["--offline"], "Python-3.13.5.tgz is not in the cache"),
        (["--offline", "--source", "git"], "is not known offline; give --commit as well"),
        (["--offline", "--source", "tarball"], "run once without --offline"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_build_that_cannot_be_is_refused(
    run: Run, output: Path, arguments: list[str], complaint: str
) -> None:
    version = [] if "--version" in arguments else ["--version", "3.13.5"]
    ended = run("build", *version, "--output", str(output), *arguments)
    assert complaint in ended.complaint
    assert (ended.status, ended.out) == (2, "")
    assert not output.exists()


def test_a_fall_back_is_said_aloud(run: Run, output: Path) -> None:
    ended = run("build", "--version", "3.13.5", "--output", str(output), "--offline")
    assert "warning: git: " in ended.err
    assert "; building from the published tarball instead" in ended.err


@pytest.mark.parametrize("below", ["", "below"])
def test_an_output_that_is_a_file_is_refused_before_anything_is_fetched(
    run: Run, output: Path, below: str
) -> None:
    output.write_text("precious")
    ended = run("build", "--version", "3.13.5", "--offline", "--output", str(output / below))
    assert ended.status in (2, 3)
    assert str(output) in ended.complaint
    assert output.read_text() == "precious"


@pytest.mark.parametrize("source", ["auto", "tarball"])
def test_what_is_there_and_no_build_is_left_alone(run: Run, output: Path, source: str) -> None:
    precious = output / "3.13.5" / "thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("precious")
    ended = run(*build_from(source, output), "--offline")
    assert ended.status == 2
    assert f"{precious.parent} holds thesis.txt, which no build puts there; move that away" in ended.complaint
    assert precious.read_text() == "precious"


def test_a_cache_that_is_a_file_is_one_line(run: Run, cache: Path) -> None:
    cache.write_text("precious")
    ended = run("clean")
    assert ended.status == 3
    assert str(cache) in ended.complaint
    assert cache.read_text() == "precious"


@pytest.mark.parametrize("name", ["nonexistent", "../containers/source", "/"])
def test_an_environment_that_is_none_is_told_which_there_are(run: Run, name: str) -> None:
    ended = run("lock", "--environment", name)
    assert ended.status == 2
    assert f"there is no environment {name!r}; there are: {', '.join(environment_names())}" in ended.complaint


def test_the_environments_are_listed(run: Run) -> None:
    ended = run("environments")
    assert (ended.status, ended.err) == (0, "")
    assert all(f"{name}: " in ended.out for name in environment_names())
    assert ended.out.count("  root digest ") == len(environment_names())
    assert ended.out.count(" packages (") == len(environment_names())


def test_a_release_is_handed_over_to_the_signing_stage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[list[str]] = []

    def note(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        handed.append(command)
        return subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(subprocess, "run", note)
    assert run("sign", "--version", "3.13.5", "--step", "check", "--policy", "-x y").status == 7
    assert run("sign", "--version", "3.13.5").status == 7
    stage = str(PROJECT / "signing" / "sign")
    assert handed == [
        [stage, "check", "--version", "3.13.5", "--policy", "-x y", "--", "."],
        [stage, "run", "--version", "3.13.5", "--", "."],
    ]


@pytest.fixture
def mirror(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A mirror of python.org; what it has is up to the test."""
    monkeypatch.setenv("VERBATIM_PYTHON_MIRROR", site.url)
    return site


def build_from(source: str, output: Path) -> list[str]:
    return ["build", "--version", "3.13.5", "--source", source, "--output", str(output)]


def assert_nothing_looks_finished(output: Path) -> None:
    assert not output.exists() or list(output.iterdir()) == []


@pytest.mark.parametrize(("stop", "sent"), [(signal.SIGINT, 100_000), (signal.SIGTERM, 0)])
def test_a_build_is_stopped_while_a_download_hangs(
    start: Start, mirror: Site, output: Path, stop: signal.Signals, sent: int
) -> None:
    page = mirror.serve(_TARBALL, Page(bytes(200_000), hangs=True, break_after=sent))
    process = start(*build_from("tarball", output))
    assert page.reached.wait(_LIMIT)
    process.send_signal(stop)
    ended = end(process)
    assert ended.status == 130
    assert ended.complaint.startswith("error: interrupted")
    assert_nothing_looks_finished(output)


def descriptors_of_processes_with(setting: str) -> list[int]:
    """A descriptor of each process that was started with a setting, even one that has outlived its parent."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if setting.encode() in environment.read_bytes().split(b"\0"):
                found.append(os.pidfd_open(int(environment.parent.name)))
        except OSError:
            continue
    return found


def test_a_build_that_waits_for_a_git_server_is_stopped_with_all_that_it_started(
    start: Start, site: Site, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBATIM_GIT_URL", f"{site.url}/cpython")
    page = site.serve("/cpython/info/refs?service=git-upload-pack", Page(hangs=True))
    process = start(*build_from("git", output))
    assert page.reached.wait(_LIMIT)
    running = descriptors_of_processes_with(f"VERBATIM_GIT_URL={site.url}/cpython")
    assert len(running) >= 2
    process.send_signal(signal.SIGTERM)
    ended = end(process)
    assert ended.status == 130
    assert ended.complaint.startswith("error: interrupted")
    for descriptor in running:
        # It becomes readable when its process has ended.
        assert select.select([descriptor], [], [], 5)[0]
        os.close(descriptor)
    assert_nothing_looks_finished(output)


def test_a_killed_build_leaves_nothing_that_looks_finished(
    start: Start, run: Run, mirror: Site, output: Path
) -> None:
    page = mirror.serve(_TARBALL, Page(hangs=True))
    process = start(*build_from("tarball", output))
    assert page.reached.wait(_LIMIT)
    process.kill()
    assert end(process).status == -signal.SIGKILL
    assert_nothing_looks_finished(output)
    assert run(*build_from("tarball", output), "--offline").status == 2


@pytest.fixture
def no_large_files() -> Iterator[None]:
    """A file that may not grow is refused as a full disk refuses it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("no_large_files")
def test_a_full_disk_is_a_missing_capability(run: Run, mirror: Site, output: Path, cache: Path) -> None:
    mirror.serve(_TARBALL, bytes(2_000_000))
    ended = run(*build_from("tarball", output))
    assert ended.status == 3
    assert "free some space, or set --output and VERBATIM_CACHE to where there is more" in ended.complaint
    assert [path for path in (cache / "sha256").rglob("*") if path.is_file()] == []
    assert_nothing_looks_finished(output)


def test_an_empty_commit_is_not_no_commit(run: Run, output: Path) -> None:
    ended = run("build", "--version", "3.13.5", "--commit=", "--output", str(output))
    assert ended.status == 2
    assert "--commit is empty; give it a value, or leave it out" in ended.complaint


def test_a_cache_that_others_may_write_to_is_refused(run: Run, cache: Path, output: Path) -> None:
    cache.mkdir(exist_ok=True)
    cache.chmod(0o777)
    ended = run(*build_from("tarball", output))
    assert ended.status == 3
    assert f"the cache {cache} belongs to another user, or others may write to it" in ended.complaint


def test_an_unknown_version_is_answered_with_a_near_one_and_how_to_add_it(run: Run, output: Path) -> None:
    ended = run("build", "--version", "3.13.55", "--output", str(output), "--source", "tarball", "--offline")
    hint = "did you mean 3.13.5? docs/how-to/add-a-release.md shows how to add a release"
    assert ended.status == 2
    assert f"releases/published.toml does not have 3.13.55; {hint}\n" in ended.err
    assert ended.complaint.endswith(f"{hint}; or build it from git: --source git")
