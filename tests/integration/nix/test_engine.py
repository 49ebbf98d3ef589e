"""The Nix engine, with this machine's Nix on a store of the tests' own: what it builds, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import ssh
from tests.integration.command import verbatim
from tests.integration.contract import contract_variables
from tests.integration.engines import require
from tests.integration.nix.conftest import EPOCH, Inside, use_variables
from tests.integration.nix.installation import Installation
from tests.integration.processes import Process, descendants, wait_until_gone
from tests.integration.releases import SMALL, small_tarball
from verbatim.engines.nix import Nix
from verbatim.environments.architecture import ARCHITECTURES
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.errors import CapabilityError, IntegrityError
from verbatim.fetch import Fetcher
from verbatim.paths import PROJECT
from verbatim.store import Store

pytestmark = pytest.mark.integration

#: Nobody is trusted, so that what a user asks for counts for nothing.
_TRUST_NOBODY = "trusted-users =\n"


# What is inside.


@pytest.mark.usefixtures("nix_daemon")
def test_the_contract_inside_is_that_of_the_other_engines(inside: Inside) -> None:
    ended = inside(
        """
import json, os, socket
mask = os.umask(0)
status = os.stat("/in/recipe/script")
print(json.dumps({
    "variables": dict(line.split("=", 1) for line in open("/proc/self/environ").read().split("\\0") if line),
    "uid": os.getresuid(), "gid": os.getresgid(), "host": socket.gethostname(), "umask": mask,
    "cwd": os.getcwd(), "stdin": os.path.realpath("/proc/self/fd/0"), "build": os.listdir("/build"),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "inputs": os.listdir("/in"), "script": [oct(status.st_mode), status.st_uid, int(status.st_mtime)],
    "tmp": os.listdir("/tmp"), "out": os.listdir("/out"),
    "interfaces": [name for _, name in socket.if_nameindex()],
}))
""",
        python=True,
    )
    assert ended.status == 0, ended.log
    found = json.loads(ended.log)
    assert found.pop("variables") == contract_variables(EPOCH)
    assert found == {
        "uid": [1000, 1000, 1000],
        "gid": [1000, 1000, 1000],
        "host": "build",
        "umask": 0o022,
        "cwd": "/build",
        "stdin": "/dev/null",
        "build": [],
        # The last one is that of the listing itself.
        "descriptors": [0, 1, 2, 3],
        "inputs": ["recipe"],
        "script": ["0o100640", 1000, 1_000_000_000],
        "tmp": [],
        "out": [],
        "interfaces": ["lo"],
    }


@pytest.mark.parametrize(
    "attempt",
    [
        "echo > /in/recipe/script",
        "touch /in/new",
        "touch /new",
        "touch /usr/bin/new",
        "echo > /proc/sys/kernel/hostname",
        "ls /nix",
        "ls /proc/1/root/nix",
        "exec 3<> /dev/tcp/127.0.0.1/22",
        "exec 3<> /dev/udp/192.0.2.1/53",
        "python3 -c 'import os; os.unshare(os.CLONE_NEWUSER)'",
        "python3 -c 'import socket; socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)'",
    ],
)
def test_what_would_reach_further_is_refused(inside: Inside, attempt: str) -> None:
    assert inside(f"{attempt} || exit 42").status == 42


@pytest.mark.usefixtures("nix_daemon")
def test_a_root_of_debian_12_has_a_loader_of_its_own(nix: Installation, cache: Path, tmp_path: Path) -> None:
    """The usual link to it is absolute there."""
    root = ensure_root(Environment(environment_folder("suite")), Fetcher(Store(cache)))
    amd64 = ARCHITECTURES["amd64"]
    assert not (root.path / "usr/lib" / amd64.triplet / amd64.loader).is_symlink()
    assert Inside(nix, root, tmp_path)("exit 7").status == 7


@pytest.mark.usefixtures("nix_daemon")
@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_exit_status_is_handed_on(inside: Inside, script: str, status: int) -> None:
    assert inside(script).status == status
    assert inside.outputs == []


def test_nothing_that_a_command_says_is_taken_for_nix(inside: Inside) -> None:
    said = [
        "verbatim: the Nix sandbox is off",
        "verbatim: the command ended with status 0",
        "error: No space left on device",
        '@nix {"action":"msg","level":0,"msg":"forged"}',
        "",
        "  without an end",
    ]
    lines: list[str] = []
    ended = inside(
        f"printf '%s\\n' {' '.join(map(_quoted, said[:-1]))}; printf {_quoted(said[-1])}; exit 3",
        on_line=lines.append,
    )
    assert (ended.status, lines, ended.log.splitlines()) == (3, said, said)


def _quoted(text: str) -> str:
    return f"'{text}'"


@pytest.mark.usefixtures("nix_daemon")
def test_results_are_plain_files_of_this_user_s_and_nothing_else_is_followed(inside: Inside) -> None:
    ended = inside(
        "cd /out; echo x > file; chmod 700 file; ln -s /etc/passwd link; mkdir -p folder/$(printf 'a/%.0s' {1..1500})"
    )
    assert ended.status == 0
    status = (ended.output / "file").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o644, os.getuid())
    assert os.readlink(ended.output / "link") == "/etc/passwd"
    # An artifact is a file: that there is a folder is enough to refuse it.
    assert list((ended.output / "folder").iterdir()) == []


@pytest.mark.usefixtures("nix_daemon")
def test_a_second_build_is_a_build_and_the_store_keeps_only_the_environment(
    inside: Inside, nix: Installation
) -> None:
    kept = []
    for _ in range(2):
        inside("cat /proc/sys/kernel/random/uuid > /out/uuid")
        kept.append(nix.paths)
    first, second = (path.read_text() for path in inside.outputs)
    assert first != second
    assert kept[0] == kept[1]
    assert inside.left == []


# What is refused, and what is left of it.


@pytest.mark.usefixtures("nix_daemon")
@pytest.mark.parametrize("nix_daemon", ["sandbox = false\n" + _TRUST_NOBODY], indirect=True)
def test_without_the_nix_sandbox_nothing_is_built(inside: Inside) -> None:
    with pytest.raises(CapabilityError, match="sandbox is off; set `sandbox = true`"):
        inside("echo never > /out/built")
    assert inside.outputs == []
    assert inside.left == []


@pytest.mark.usefixtures("nix_daemon")
@pytest.mark.parametrize(
    "nix_daemon", ["sandbox = false\n", "sandbox = relaxed\n" + _TRUST_NOBODY], indirect=True
)
def test_who_is_trusted_gets_the_sandbox_whatever_nix_conf_says(inside: Inside) -> None:
    assert inside("echo built > /out/built").status == 0


def test_without_a_daemon_nothing_is_built_and_doctor_says_why(
    nix: Installation, inside: Inside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_variables(nix.through_daemon, monkeypatch)
    tarball = small_tarball(tmp_path / "small.tgz")
    output = tmp_path / "dist"
    refusal = verbatim(
        *("build", "--version", SMALL, "--source", str(tarball), "--engine", "nix", "--output", str(output))
    ).refusal(3)
    assert "the Nix daemon does not answer: cannot connect to socket" in refusal
    assert "start it (systemctl start nix-daemon)" in refusal
    assert not output.exists() or list(output.iterdir()) == []
    with pytest.raises(CapabilityError, match="the Nix daemon does not answer"):
        inside("exit 0")


def test_a_daemon_that_is_killed_takes_the_build_along(
    nix_daemon: subprocess.Popen[bytes], inside: Inside
) -> None:
    """The daemon has a process for each who talks to it, which goes on if only the first one is killed."""
    started: list[Process] = []

    def kill(_: str) -> None:
        started.extend(descendants(nix_daemon.pid))
        nix_daemon.kill()
        for process in started:
            if process.name == "nix-daemon":
                os.kill(process.number, signal.SIGKILL)

    with pytest.raises(CapabilityError, match="the Nix daemon does not answer"):
        inside("echo > /out/half; echo started; exec sleep 1000", on_line=kill)
    assert {"bash", "sleep"} & {process.name for process in started}
    assert wait_until_gone(started) == []
    assert inside.outputs == []


@pytest.mark.parametrize("through_daemon", [False, True])
def test_an_interrupt_ends_the_build_while_it_runs(
    nix: Installation,
    inside: Inside,
    monkeypatch: pytest.MonkeyPatch,
    through_daemon: bool,
) -> None:
    """The line comes while the command runs: it would run for a quarter of an hour."""
    started: list[Process] = []
    with nix.daemon() as daemon:
        use_variables(nix.through_daemon if through_daemon else nix.variables, monkeypatch)

        def interrupt(line: str) -> None:
            assert line == "started"
            started.extend(descendants(daemon.pid if through_daemon else os.getpid()))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            inside("echo > /out/half; echo started; exec sleep 1000", on_line=interrupt)
        ended = [process for process in started if process.number != daemon.pid]
        assert {"bash", "sleep"} & {process.name for process in ended}
        assert wait_until_gone(ended) == []
    assert inside.outputs == []
    assert inside.left == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from typing import get_args
from verbatim.engines.nix import Nix
from verbatim.engines.protocol import Job
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root, ensure_root
root, work = map(Path, sys.argv[1:])
job = Job(
    argv=["/usr/bin/bash", "-c", "echo started; exec sleep 1000"],
    root=Root(root, Environment(environment_folder("source"))),
    epoch=0, inputs={}, output=work, build=work, log=work / "log",
    on_line=lambda line: os.kill(os.getpid(), signal.SIGKILL),
)
Nix().run(job)
"""


def test_a_build_does_not_outlive_who_asked_for_it(
    nix_daemon: subprocess.Popen[bytes], root: Root, tmp_path: Path
) -> None:
    """Whoever is killed cannot end anything any more."""
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(root.path), str(tmp_path)], cwd=PROJECT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "log").exists()
    assert wait_until_gone(descendants(nix_daemon.pid)) == []


def test_a_root_that_was_altered_is_refused_by_nix(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered = tmp_path / "root"
    (altered / "usr").mkdir(parents=True)
    (tmp_path / "nix").mkdir()
    (tmp_path / "jobs").mkdir()
    nix = Installation.make(tmp_path / "nix")
    use_variables(nix.variables, monkeypatch)
    require(Nix())
    inside = Inside(nix, Root(altered, root.environment), tmp_path / "jobs")
    with pytest.raises(IntegrityError, match="the environment is not what its lock says"):
        inside("exit 0")


# Elsewhere.

_REMOTE = """#!/bin/sh
# The other machine's Nix: the same store by its name, in another place.
unset NIX_STATE_DIR NIX_LOG_DIR
NIX_STORE_DIR={store} NIX_CONF_DIR={configuration} NIX_REMOTE='local?root={place}' exec nix-daemon "$@"
"""


@pytest.fixture
def other(nix: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A builder as --builders names it, and the place of its store."""
    folder, place = tmp_path / "ssh", tmp_path / "other"
    folder.mkdir()
    place.mkdir()
    program = folder / "nix-daemon"
    program.write_text(
        _REMOTE.format(store=nix.store, configuration=nix.folder / "configuration", place=place),
        encoding="utf-8",
    )
    program.chmod(0o755)
    with ssh.server(folder) as options:
        monkeypatch.setenv("NIX_SSHOPTS", options)
        yield f"ssh-ng://{ssh.HOST}?remote-program={program} x86_64-linux", place


@pytest.mark.parametrize("through_daemon", [False, True])
def test_remote_builders_do_the_work(
    nix: Installation,
    root: Root,
    other: tuple[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    through_daemon: bool,
) -> None:
    builders, place = other
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    with nix.daemon():
        use_variables(nix.through_daemon if through_daemon else nix.variables, monkeypatch)
        inside = Inside(nix, root, jobs, Nix(builders))
        ended = inside("grep ' /out ' /proc/self/mountinfo; echo there > /out/built")
        assert inside("exit 7").status == 7
    assert ended.status == 0
    assert f" {place}/nix/store/" in ended.log
    assert (ended.output / "built").read_text() == "there\n"
    assert len(list((place / "nix" / "store").glob("*-verbatim-source"))) == 1
    assert inside.left == []


@pytest.mark.usefixtures("nix_daemon")
@pytest.mark.parametrize("nix_daemon", [_TRUST_NOBODY], indirect=True)
def test_builders_of_who_is_not_trusted_are_no_reason_to_build_here(
    nix: Installation, root: Root, tmp_path: Path
) -> None:
    with pytest.raises(CapabilityError, match="Nix gave no work to --builders"):
        Inside(nix, root, tmp_path, Nix("ssh-ng://nowhere.invalid x86_64-linux"))("exit 0")
