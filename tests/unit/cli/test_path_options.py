"""Every option that takes a path, given what is no file of the kind: it ends soon, in one line, with a documented status."""

from __future__ import annotations

import inspect
import os
import resource
import signal
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

import pytest
from invoke.collection import Collection
from invoke.loader import FilesystemLoader

from tests.program import run_in_process
from tests.rebuilders import ALICE, hashes_of, statement, write_policy
from verbatim.digest import sha256_bytes
from verbatim.errors import VerbatimError
from verbatim.paths import PROJECT
from verbatim.release import Release

#: The options of tasks that are text, but no path.
_TEXT = {
    *("version", "artifacts", "formats", "optimize", "commit", "engine", "builders", "vary", "tests", "as_"),
    *("statement", "reason", "step", "environment", "make", "push", "which", "stage"),
}
#: What is written to a path, rather than read there: anything may be missing but the folder.
_WRITTEN = {
    ("verify", "html"),
    ("compare", "html"),
    ("check", "html"),
    ("keygen", "key"),
    ("image", "output"),
    ("policy", "output"),
}

#: Seconds that are more than plenty.
_PATIENCE = 20

#: Bytes of addresses, likewise.
_MEMORY = 6 << 30

_BUILD = ["--version", "3.13.5", "--offline"]
_SIGN = ["--version", "3.13.5", "--as", "alice", "--key", "GOOD/key.pem"]
_RELEASE = Release.parse("3.13.5")
#: What alice has attested to, and withdraws.
_MADE = statement(hashes_of(_RELEASE, "a"), release=_RELEASE)
_WITHDRAW = [
    *("--version", "3.13.5", "--as", "alice", "--statement", sha256_bytes(_MADE.encode())),
    *("--reason", "x", "--attestations", "GOOD"),
]
_CHECK = ["--version", "3.13.5", "--policy", "GOOD/policy.toml"]

#: How each option is reached, with ``PATH`` for what it is given, and below ``GOOD`` what is as it should be.
_REACHED: Mapping[tuple[str, str], list[str]] = {
    ("build", "source"): [*_BUILD, "--source", "PATH"],
    ("build", "output"): [*_BUILD, "--output", "PATH"],
    ("rebuild", "source"): [*_BUILD, "--source", "PATH"],
    ("rebuild", "output"): [*_BUILD, "--output", "PATH"],
    ("test-artifact", "output"): [*_BUILD, "--artifacts", "linux-x86_64", "--output", "PATH"],
    ("verify", "against"): [*_BUILD, "--against", "PATH"],
    ("verify", "source"): [*_BUILD, "--source", "PATH"],
    ("verify", "output"): [*_BUILD, "--output", "PATH"],
    ("verify", "html"): [*_BUILD, "--explain", "--html", "PATH"],
    ("verify", "keyring"): [*_BUILD, "--keyring", "PATH"],
    ("verify", "trust_config"): [*_BUILD, "--trust-config", "PATH"],
    ("compare", "first"): ["PATH", "GOOD/a.tgz"],
    ("compare", "second"): ["GOOD/a.tgz", "PATH"],
    ("compare", "html"): ["GOOD/a.tgz", "GOOD/a.tgz", "--explain", "--html", "PATH"],
    ("keygen", "key"): ["--as", "alice", "--key", "PATH"],
    ("attest", "key"): ["--version", "3.13.5", "--as", "alice", "--key", "PATH"],
    ("attest", "output"): [*_SIGN, "--output", "PATH"],
    ("attest", "policy"): [*_SIGN, "--policy", "PATH"],
    ("withdraw", "key"): [*_WITHDRAW, "--key", "PATH"],
    ("withdraw", "attestations"): [
        *_SIGN,
        "--statement",
        "0" * 64,
        "--reason",
        "x",
        "--attestations",
        "PATH",
    ],
    ("withdraw", "policy"): [*_WITHDRAW, "--key", "GOOD/key.pem", "--policy", "PATH"],
    ("withdraw", "trust_config"): [*_WITHDRAW, "--identity", "--trust-config", "PATH"],
    ("policy", "check"): ["--check", "PATH"],
    ("policy", "output"): ["--version", "3.13.5", "--output", "PATH"],
    ("attestations-init", "folder"): ["PATH"],
    ("check", "attestations"): [*_CHECK, "--attestations", "PATH"],
    ("check", "policy"): ["--version", "3.13.5", "--attestations", "GOOD", "--policy", "PATH"],
    ("check", "html"): [*_CHECK, "--attestations", "GOOD", "--html", "PATH"],
    ("docs", "output"): ["--output", "PATH"],
    ("image", "output"): ["--environment", "source", "--output", "PATH"],
}
#: Handed on to the signing stage, whose own tests try them; and what is only looked at if there is something to sign or
#: to verify, by the code that withdraw's options lead to.
_NOT_HERE = {
    *(("sign", "release"), ("sign", "policy"), ("sign", "trust_config")),
    ("verify", "attestations"),
    *(("attest", "attestations"), ("attest", "trust_config"), ("check", "trust_config")),
}
#: Where a folder is right, and one that is not there yet is made.
_FOLDERS = {"output", "attestations", "folder"}


def path_options() -> set[tuple[str, str]]:
    """Every task with each of its options that takes a path."""
    module, _ = FilesystemLoader(start=str(PROJECT)).load("tasks")
    tasks = Collection.from_module(module).tasks
    return {
        (name, option)
        for name, task in tasks.items()
        for option, parameter in inspect.signature(task.body).parameters.items()
        if "str" in str(parameter.annotation) and option not in _TEXT
    }


def test_every_option_that_takes_a_path_is_tried() -> None:
    assert path_options() == _REACHED.keys() | _NOT_HERE


@pytest.fixture
def good(tmp_path: Path) -> Path:
    folder = tmp_path / "good"
    folder.mkdir()
    write_policy(folder, (ALICE,))
    ALICE.write_key(folder / "key.pem")
    ALICE.attest(folder, _MADE, release=_RELEASE)
    (folder / "a.tgz").write_bytes(b"the same")
    return folder


@pytest.fixture
def paths(tmp_path: Path) -> Mapping[str, Path]:
    """What is no file of any kind that is asked for, with a name that could be one."""
    folder = tmp_path / "bad"
    folder.mkdir()
    made = {kind: folder / f"{kind}.tgz" for kind in ("device", "FIFO", "folder", "link", "huge")}
    try:
        os.mknod(made["device"], stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        # Only root makes devices; and only root could replace this one.
        made["device"] = Path("/dev/zero")
    os.mkfifo(made["FIFO"])
    made["folder"].mkdir()
    made["link"].symlink_to("nowhere")
    with made["huge"].open("wb") as file:
        file.truncate((4 << 30) + 1)
    unreadable = folder / "unreadable.tgz"
    unreadable.touch(mode=0o000)
    # Root may read what nobody may, but not this.
    made["unreadable"] = Path("/proc/self/mem") if os.geteuid() == 0 else unreadable
    made["missing"] = folder / "missing" / "file.tgz"
    return made


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """Whoever waits for something that never comes is woken by an error; whoever reads without end runs out of memory."""

    def late(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it did not end within {_PATIENCE} seconds")

    former = signal.signal(signal.SIGALRM, late)
    memory = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, memory[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, memory)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, former)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    ("task", "option"), [pytest.param(*each, id=" ".join(each)) for each in sorted(_REACHED)]
)
def test_what_is_no_such_file_is_refused_soon_and_left_alone(
    task: str,
    option: str,
    good: Path,
    paths: Mapping[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    documented = {kind.status for kind in VerbatimError.__subclasses__()}
    for kind, path in paths.items():
        if kind in ("huge", "unreadable") and (task, option) in _WRITTEN:
            continue
        if kind in ("folder", "missing") and option in _FOLDERS and task not in ("image", "policy"):
            continue
        before = os.lstat(path) if kind != "missing" else None
        arguments = [
            part.replace("GOOD", str(good)).replace("PATH", str(path)) for part in _REACHED[task, option]
        ]
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
        ended = run_in_process([task, *arguments], monkeypatch, capsys)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert ended.status in documented, f"{kind}: {ended.err}"
        # That reading fails in the middle is said by the system, which does not know of what.
        assert str(path) in ended.complaint or "Input/output error" in ended.complaint, f"{kind}: {ended.err}"
        if before is not None:
            after = os.lstat(path)
            assert (after.st_ino, after.st_mode, after.st_size) == (
                before.st_ino,
                before.st_mode,
                before.st_size,
            )
