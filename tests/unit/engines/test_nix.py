"""The Nix engine without Nix: what is asked of it, and what is made of its answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from verbatim.engines.nix import Nix
from verbatim.engines.protocol import Job
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root
from verbatim.errors import CapabilityError, IntegrityError, VerbatimError

# Each writes its arguments down. The expression is asked for a derivation, whose mark nix-build then knows; it says
# what it is to say, with the mark in the place of MARK, and leaves a result if there is one to leave.
_PROGRAMS = {
    "nix-instantiate": """
        [ "$1" != --eval ] || { echo '"/nix/store"'; exit; }
        while [ $# -gt 0 ]; do
            case $1 in --add-root) ln -s "$here/made.drv" "$2";; nonce) printf %s "$2" > "$here/mark";; esac
            shift
        done
    """,
    "nix-build": """
        mark=$(cat "$here/mark"; echo x)
        while IFS= read -r line; do
            case $line in MARK*) line=${mark%x}${line#MARK};; esac
            printf '%s\\n' "$line" >&2
        done < "$here/says"
        [ ! -d "$here/result" ] || ln -s "$here/result" "$3"
    """,
    "nix-store": """
        case $2 in --outputs) echo out;; --references) echo /nix/store/x-inputs.tar;; esac
    """,
}


class FakeNix:
    """Programs in the place of Nix's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, body in _PROGRAMS.items():
            note = f"""printf '%s\\n' "{name} $*" >> "$here/asked" """
            path = folder / name
            path.write_text(f"#!/bin/sh\nhere='{folder}'\n{note}\n{body}", encoding="utf-8")
            path.chmod(0o755)

    def says(self, *lines: str) -> None:
        (self.folder / "says").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def gives(self, **files: str) -> None:
        (self.folder / "result").mkdir()
        for name, content in files.items():
            (self.folder / "result" / name).write_text(content, encoding="utf-8")
            (self.folder / "result" / name).chmod(0o444)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def nix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNix:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return FakeNix(folder)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("output", "build", "recipe"):
        (tmp_path / name).mkdir()
    return Job(
        argv=["/usr/bin/bash", "-c", "a 'quoted' \"word\""],
        root=Root(tmp_path, Environment(environment_folder("source"))),
        epoch=17,
        inputs={"recipe": tmp_path / "recipe"},
        output=tmp_path / "output",
        build=tmp_path / "build",
        log=tmp_path / "log",
    )


def test_what_the_command_says_and_leaves_is_handed_on(nix: FakeNix, job: Job) -> None:
    nix.says("building '/nix/store/x.drv'...", "MARKverbatim: the Nix sandbox is off", "MARK", "MARK last")
    nix.gives(one="1", two="2")
    assert Nix().run(job) == 0
    assert job.log.read_text() == "verbatim: the Nix sandbox is off\n\n last\n"
    assert {path.name: path.read_text() for path in job.output.iterdir()} == {"one": "1", "two": "2"}
    assert {path.stat().st_mode & 0o777 for path in job.output.iterdir()} == {0o644}


def test_the_arguments_say_what_to_run_and_the_sandbox_is_asked_for(nix: FakeNix, job: Job) -> None:
    nix.says()
    nix.gives()
    Nix("ssh-ng://elsewhere").run(job)
    asked = {line.partition(" ")[0]: line for line in nix.asked}
    assert f"--argstr argv {json.dumps(job.argv)} --argstr epoch 17 " in asked["nix-instantiate"]
    for words in ("sandbox true", "sandbox-paths ", "sandbox-fallback false", "substitute false"):
        assert f"--option {words}" in asked["nix-build"]
    assert asked["nix-build"].endswith("--max-jobs 0 --builders ssh-ng://elsewhere")


def test_every_run_is_another_derivation_and_none_is_left(nix: FakeNix, job: Job) -> None:
    nix.says()
    nix.gives()
    marks = set()
    for _ in range(2):
        Nix().run(job)
        marks.add((nix.folder / "mark").read_text())
    assert len(marks) == 2
    deleted = [line for line in nix.asked if line.startswith("nix-store --delete ")]
    assert deleted == 2 * [
        f"nix-store --delete out {nix.folder / 'made.drv'}",
        "nix-store --delete /nix/store/x-inputs.tar",
    ]
    assert list(job.build.iterdir()) == []


@pytest.mark.parametrize(
    ("says", "error", "message"),
    [
        (
            ["verbatim: the Nix sandbox is off", "error: builder failed"],
            CapabilityError,
            "nothing was built: the Nix sandbox is off; set `sandbox = true` in /etc/nix/nix.conf",
        ),
        (
            ["error: writing to file: No space left on device"],
            CapabilityError,
            "a disk that Nix uses is full: writing to file: No space left on device; free some space",
        ),
        (
            ["error: store path mismatch in (possibly filtered) path added from '/root'"],
            IntegrityError,
            "the environment is not what its lock says: store path mismatch in",
        ),
        (
            ["error: unable to start any build; either increase '--max-jobs' or enable remote builds."],
            CapabilityError,
            "Nix gave no work to --builders: unable to start any build",
        ),
        (
            ["MARKone", "error: unexpected end-of-file"],
            CapabilityError,
            "the Nix daemon does not answer: unexpected end-of-file; start it",
        ),
        (
            ["error: the group 'nixbld' specified in 'build-users-group' does not exist"],
            CapabilityError,
            "Nix has no users to build as: the group 'nixbld'",
        ),
        (["warning: x", "error: something new", "y"], CapabilityError, "Nix could not build: something new;"),
        (["a riddle"], CapabilityError, "Nix could not build: a riddle;"),
        ([], CapabilityError, "Nix could not build: it printed nothing;"),
    ],
)
def test_why_nothing_was_built_is_said_in_our_terms(
    nix: FakeNix, job: Job, says: Sequence[str], error: type[VerbatimError], message: str
) -> None:
    nix.says(*says)
    with pytest.raises(error) as raised:
        Nix().run(job)
    assert str(raised.value).startswith(message)
    assert list(job.output.iterdir()) == []


@pytest.mark.parametrize("status", [1, 7, 137])
def test_the_builder_says_the_status_and_nobody_else(nix: FakeNix, job: Job, status: int) -> None:
    ended = "verbatim: the command ended with status"
    nix.says(f"MARK{ended} 0", f"       > {ended} 2", f"{ended} {status}", f"       > {ended} 3")
    assert Nix().run(job) == status


def test_a_status_that_no_command_can_have_is_not_the_command_s(nix: FakeNix, job: Job) -> None:
    nix.says(f"verbatim: the command ended with status {'9' * 5000}")
    with pytest.raises(VerbatimError):
        Nix().run(job)


@pytest.mark.usefixtures("nix")
def test_a_store_that_answers_is_enough() -> None:
    assert [(check.passed, check.found.rpartition("/")[2]) for check in Nix().checks()] == [
        (True, "nix-build"),
        (True, "store"),
    ]


def test_a_store_that_does_not_answer_is_said(nix: FakeNix) -> None:
    (nix.folder / "nix-store").write_text(
        "#!/bin/sh\necho error: cannot connect to socket at x >&2; exit 1\n"
    )
    _, store = Nix().checks()
    assert (store.passed, store.found) == (
        False,
        "the Nix daemon does not answer: cannot connect to socket at x",
    )
    assert "systemctl start nix-daemon" in store.remedy


def test_without_nix_there_is_one_thing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: Job
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (program,) = Nix().checks()
    assert (program.passed, program.found) == (False, "not found")
    assert "install Nix" in program.remedy
    with pytest.raises(CapabilityError, match="nix-instantiate was not found; install Nix"):
        Nix().run(job)
