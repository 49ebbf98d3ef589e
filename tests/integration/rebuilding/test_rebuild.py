"""Rebuilds with the conditions varied: each variation is seen inside, and catches what depends on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.command import PUBLISHED, Finished, run, verbatim
from tests.integration.conftest import Built
from tests.integration.processes import in_namespace, wait_until_gone
from tests.integration.releases import SMALL, small_repository, small_tarball
from tests.integration.stopped import STOPS, Running, Stop, on_a_terminal
from tests.integration.users import User, ordinary_user
from verbatim.engines.conditions import BuildConditions
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.errors import CapabilityError
from verbatim.fetch import Fetcher
from verbatim.release import Release
from verbatim.sources.source import Identity, Prepared
from verbatim.stages import run as build
from verbatim.stages.plan import Plan, Stage
from verbatim.stages.recipe import Recipe
from verbatim.store import Store
from verbatim.variation.rebuilder import Difference, Findings, VariedRebuilder, find
from verbatim.variation.tools import Tools
from verbatim.variation.variations import VARIATIONS, Host, Value, ValuePair, conditions_of

pytestmark = pytest.mark.integration

TARBALLS = tuple(sorted(Release.parse(SMALL).source_tarballs))

#: By the variation: scripts whose output it changes, and no other variation does.
SCRIPTS = {
    "build-path": ["pwd", 'echo "$PWD"'],
    "clock": ["date +%Y", "printf '%(%Y)T\\n'", "python3 -c 'import time; print(time.gmtime().tm_year)'"],
    "cpus": ["nproc", "python3 -c 'import os; print(os.sched_getaffinity(0))'"],
    "host": ["uname -n", 'echo "$HOSTNAME"', "cat /proc/sys/kernel/domainname", "cat /etc/hosts"],
    "ids": ["id -u", "id -g", "id -un", "touch a; stat --format=%u:%G a"],
    "umask": ["umask", "touch a; stat --format=%a a"],
    "locale": ["printf 'a\\nB\\n' | sort", "printf '%(%B)T\\n' 999999", 'echo "$LC_ALL"; locale charmap'],
    "time-zone": ["date +%z", "date --date=@0 +%H", "printf '%(%H)T\\n' 0"],
    "variables": ['echo "${USER-}"', 'echo "$PATH"', """python3 -c 'print(hash("x"))'"""],
    "home": ["echo ~", 'echo "$HOME"', """python3 -c 'import os; print(os.path.expanduser("~"))'"""],
    "kernel": ["uname -r", "python3 -c 'import platform; print(platform.release())'"],
    "file-order": ["ls -U /in/source", "find /in/source"],
    "address-space": [
        "[[ $(head -1 /proc/self/maps) == $(head -1 /proc/self/maps) ]] && echo fixed || echo random"
    ],
    "file-system": ["stat --file-system --format=%b ."],
}
_ALONE = [(name, script) for name, scripts in SCRIPTS.items() for script in scripts]


@pytest.fixture(scope="module")
def host(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """This machine, which must be able to vary everything: nothing is skipped."""
    folder = tmp_path_factory.mktemp("tools")
    tools = Tools(Environment(environment_folder("source")), Fetcher(Store(cache)), folder)
    host = Host.look(cache, tools)
    lacks = {name: variation.lack(host) for name, variation in VARIATIONS.items()}
    assert {name: lack for name, lack in lacks.items() if lack} == {}
    return host


@pytest.fixture(scope="module")
def pairs(host: Host) -> dict[str, ValuePair]:
    return {name: variation.values(host) for name, variation in VARIATIONS.items()}


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """A source of some files."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"file {number}").write_text(str(number), encoding="ascii")
    return Prepared({"source": source}, 1_749_656_217)


def test_every_variation_has_a_script() -> None:
    assert list(SCRIPTS) == list(VARIATIONS)


@pytest.mark.parametrize(("name", "script"), _ALONE)
def test_a_variation_is_seen_inside_on_both_sides(
    name: str, script: str, pairs: dict[str, ValuePair], root: Root, prepared: Prepared, tmp_path: Path
) -> None:
    conditions = [conditions_of([]), *(conditions_of([value]) for value in pairs[name])]
    by_contract, first, second = (
        _run(script, values, root, prepared, tmp_path / str(number))
        for number, values in enumerate(conditions)
    )
    assert first != by_contract or name == "file-order"
    assert second != by_contract or name == "file-order"
    # The files may be in one of the two orders anyway.
    assert {first, second} != {by_contract}


def _run(script: str, conditions: BuildConditions, root: Root, prepared: Prepared, work: Path) -> str:
    """What a script of bash says inside."""
    (work / "build").mkdir(parents=True)
    (work / "output").mkdir()
    job = Job(
        argv=["/usr/bin/bash", "-c", script],
        root=root,
        epoch=prepared.epoch,
        inputs=prepared.inputs,
        output=work / "output",
        build=work / "build",
        log=work / "log",
    )
    assert Sandbox(conditions).run(job) == 0, job.log.read_text(errors="replace")
    return job.log.read_text(errors="replace")


def test_a_build_in_debian_12_is_varied_with_tools_of_its_own(
    cache: Path, prepared: Prepared, tmp_path: Path
) -> None:
    """Its C library is older than the other tools' one."""
    fetcher = Fetcher(Store(cache))
    environment = Environment(environment_folder("suite"))
    root = ensure_root(environment, fetcher)
    host = Host.look(cache, Tools(environment, fetcher, tmp_path))
    script = "date +%Y; locale charmap; ls /in/source; touch b a; ls -U"
    said = [
        _run(
            script,
            conditions_of(
                [VARIATIONS[name].values(host)[side] for name in ("clock", "locale", "file-order")]
            ),
            root,
            prepared,
            tmp_path / str(side),
        ).splitlines()
        for side in (0, 1)
    ]
    years = [int(lines[0]) for lines in said]
    assert years[0] - years[1] in (39, 40)
    assert [lines[1] for lines in said] == ["UTF-8", "ISO-8859-15"]
    assert [lines[-2:] for lines in said] == [["a", "b"], ["b", "a"]]


@pytest.mark.parametrize(
    ("variables", "sign"),
    [
        ({"LD_PRELOAD": "/in/nowhere/libfaketime.so.1"}, "cannot be preloaded"),
        ({"LC_ALL": "tr_TR.UTF-8", "LOCPATH": "/in/nowhere"}, "cannot change locale"),
    ],
)
def test_a_variation_that_takes_no_effect_is_no_variation(
    variables: dict[str, str], sign: str, root: Root, prepared: Prepared, tmp_path: Path
) -> None:
    for folder in ("common", "source"):
        (tmp_path / "recipes" / folder).mkdir(parents=True)
    (tmp_path / "recipes" / "source" / "source.sh").write_text(f"touch /out/Python-{SMALL}.{{tgz,tar.xz}}\n")
    stage = Stage("source", root.environment, Recipe.load("source", tmp_path / "recipes"), TARBALLS)
    plan = Plan(Release.parse(SMALL), Identity("tarball", "made up", {"sha256": "0" * 64}), stage)
    rebuilder = VariedRebuilder(plan, prepared, root, [], tmp_path / "kept")
    with pytest.raises(CapabilityError, match=f"did not take effect: .*{sign}"):
        rebuilder.attempt("alone", {"alone": Value("none", {"variables": variables})})


@pytest.fixture
def rebuild(
    pairs: dict[str, ValuePair], root: Root, prepared: Prepared, tmp_path: Path
) -> Callable[[str], Findings]:
    """Builds with a recipe that leaves what a script says, and rebuilds with everything varied."""

    def rebuild_spoiled(script: str) -> Findings:
        folder = tmp_path / "recipes" / "source"
        folder.mkdir(parents=True)
        (folder.parent / "common").mkdir()
        (folder / "source.sh").write_text(
            f"set -eu\ntouch /out/Python-{SMALL}.tar.xz\n{{\n{script}\n}} > /out/Python-{SMALL}.tgz\n",
            encoding="utf-8",
        )
        stage = Stage("source", root.environment, Recipe.load("source", folder.parent), TARBALLS)
        plan = Plan(Release.parse(SMALL), Identity("tarball", "made up", {"sha256": "0" * 64}), stage)
        work, output = tmp_path / "work", tmp_path / "output"
        work.mkdir()
        output.mkdir()
        first = build.run(
            plan, prepared, root, Sandbox(), work=work, output=output, log=tmp_path / "first.log"
        )
        return find(pairs, VariedRebuilder(plan, prepared, root, first, tmp_path / "kept").attempt)

    return rebuild_spoiled


@pytest.mark.parametrize(("name", "script"), _ALONE)
def test_a_spoiled_recipe_is_caught_by_the_variation_that_should_catch_it(
    name: str, script: str, rebuild: Callable[[str], Findings], tmp_path: Path
) -> None:
    findings = rebuild(script)
    tarball = f"Python-{SMALL}.tgz"
    assert findings.unvaried is None
    assert findings.alone == {name: Difference((tarball,))}
    assert (tmp_path / "kept" / name / tarball).is_file()


@pytest.mark.parametrize("script", ["echo $RANDOM$RANDOM", "date +%N", "echo $BASHPID$EPOCHREALTIME"])
def test_what_differs_anyway_is_blamed_on_nothing_varied(
    script: str, rebuild: Callable[[str], Findings]
) -> None:
    findings = rebuild(script)
    assert findings.unvaried == Difference((f"Python-{SMALL}.tgz",))
    assert findings.alone == {}


def test_a_recipe_that_depends_on_nothing_is_identical(rebuild: Callable[[str], Findings]) -> None:
    assert rebuild("sha256sum /in/source/*").is_identical


def test_a_recipe_that_a_variation_breaks_is_told(rebuild: Callable[[str], Findings]) -> None:
    findings = rebuild('[[ -w $HOME ]] || { echo "no home" >&2; exit 3; }')
    assert list(findings.alone) == ["home"]
    assert "failed with status 3: no home" in findings.alone["home"].failure


def test_a_recipe_that_two_variations_spoil_only_together_is_not_blamed_on_one(
    rebuild: Callable[[str], Findings],
) -> None:
    findings = rebuild('[[ $(umask) == 0077 && $TZ == "<+14>-14" ]] && echo both; true')
    assert (len(findings.together), findings.unvaried, findings.alone) == (1, None, {})


def test_a_varied_sandbox_is_as_tight(
    pairs: dict[str, ValuePair], root: Root, prepared: Prepared, tmp_path: Path
) -> None:
    """With everything varied: no rights, no other process, and nothing else of this machine."""
    script = (
        "grep -E '^(NoNewPrivs|Cap)' /proc/self/status; cat /proc/[0-9]*/comm;"
        " while read -r _ _ _ _ point _; do echo $point; done < /proc/self/mountinfo"
    )
    said = _run(script, conditions_of([pair[0] for pair in pairs.values()]), root, prepared, tmp_path)
    assert {line for line in said.splitlines() if not line.startswith(("/dev/", "/proc/"))} == {
        *(f"{name}:\t{0:016x}" for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")),
        "NoNewPrivs:\t1",
        *("bash", "ld-linux-x86-64"),
        *("/", "/dev", "/etc/group", "/etc/hosts", "/etc/passwd", "/in", "/in/source"),
        *("/in/vary/clock", "/in/vary/locales", "/out", "/proc", "/tmp", "/tmp/b", "/tmp/home"),
    }


# The real recipe.


def test_the_source_tarballs_of_a_real_release_are_identical_whatever_is_varied(
    built: Built, cache: Path
) -> None:
    finished = verbatim(
        *("rebuild", "--version", "3.13.5", "--vary", "all", "--output", str(built.output), "--json"),
        cache=cache,
        settings={"VERBATIM_GIT_URL": "http://127.0.0.1:9/cpython"},
    )
    assert finished.result["identical"] is True
    assert finished.hashes == PUBLISHED
    assert list(finished.result["not_varied"]) == []
    assert finished.result["varied"].keys() == VARIATIONS.keys()
    assert os.listdir(cache / "work") == []


def test_a_release_from_git_is_identical_whatever_is_varied(cache: Path, tmp_path: Path) -> None:
    """Git and blurb run, and the tree is written, with everything varied."""
    repository = small_repository(tmp_path / "repository")
    finished = verbatim(
        *("rebuild", "--version", SMALL, "--source", str(repository.path)),
        *("--output", str(tmp_path / "output"), "--json"),
        cache=cache,
    )
    assert finished.result["identical"] is True
    assert finished.result["not_varied"] == {}


def test_a_difference_ends_with_status_1_and_says_what_it_depends_on(
    project: Path, cache: Path, tmp_path: Path
) -> None:
    recipe = project / "recipes" / "source" / "source.sh"
    recipe.write_text(f'umask > "/out/Python-{SMALL}.tgz"; id -u > "/out/Python-{SMALL}.tar.xz"\n')
    tarball = small_tarball(tmp_path / "small.tgz")
    finished = verbatim(
        *("rebuild", "--version", SMALL, "--vary", "umask,ids,home", "--source", str(tarball)),
        cache=cache,
        project=project,
    )
    assert finished.status == 1, finished.err
    assert "error: what is built depends on: umask, ids; " in finished.err
    assert f"  with umask varied: Python-{SMALL}.tgz: different\n" in finished.out
    assert f"  with ids varied: Python-{SMALL}.tar.xz: different\n" in finished.out
    assert "  home           an empty folder, then a folder that does not exist\n" in finished.out


@pytest.fixture
def user(project: Path, downloads: Path) -> Iterator[User]:
    """A user who has a checkout, the downloads, and a tarball of the made-up release."""
    with ordinary_user() as user:
        shutil.move(project, user.home / "checkout")
        shutil.move(downloads, user.home / "downloads")
        small_tarball(user.home / "small.tgz")
        user.owns(user.home)
        yield user


def test_an_ordinary_user_varies_all_that_the_machine_lets_users_vary(user: User) -> None:
    def rebuild(vary: str) -> Finished:
        return run(
            [
                *("./invoke", "rebuild", "--version", SMALL, "--vary", vary),
                *("--source", "../small.tgz", "--json"),
            ],
            user.home / "checkout",
            {**user.environment, "VERBATIM_CACHE": str(user.home / "downloads")},
            **user.who,
        )

    finished = rebuild("all")
    assert finished.result["identical"] is True
    fuse = subprocess.run(["test", "-r", "/dev/fuse", "-a", "-w", "/dev/fuse"], check=False, **user.who)
    refused = {} if fuse.returncode == 0 else {"file-order": "/dev/fuse: Permission denied"}
    assert finished.result["not_varied"] == refused
    assert finished.result["varied"].keys() == VARIATIONS.keys() - refused.keys()
    only = rebuild("file-order")
    if refused:
        assert "nothing can be varied here: file-order: /dev/fuse: Permission denied" in only.refusal(3)
    else:
        assert only.result["identical"] is True


# Stopped in the middle.

_WAITS_IF_VARIED = f"""
touch /out/Python-{SMALL}.tgz /out/Python-{SMALL}.tar.xz
if [[ $(umask) != 0022 ]]; then
    ls -R /in > /dev/null
    echo progress 1 2 waiting
    sleep 1000
fi
"""


@pytest.fixture
def running(project: Path, cache: Path, tmp_path: Path) -> Iterator[Running]:
    """A rebuild with a recipe that waits."""
    (project / "recipes" / "source" / "source.sh").write_text(_WAITS_IF_VARIED)
    arguments = ["rebuild", "--version", SMALL, "--source", str(small_tarball(tmp_path / "small.tgz"))]
    with on_a_terminal(arguments, project, cache, r"building[^\r\n]*\D50%") as running:
        yield running


@pytest.mark.parametrize(("stop", "status"), STOPS)
def test_a_rebuild_that_is_stopped_leaves_nothing_running_or_mounted(
    running: Running, stop: Stop, status: int, cache: Path
) -> None:
    names = [process.name for process in running.started]
    assert "sleep" in names
    own = os.readlink("/proc/self/ns/mnt")
    namespaces = {process.mounts for process in running.started} - {own, ""}
    # The launcher's, and that of the sandbox.
    assert len(namespaces) >= 2
    stop(running)
    running.read_to_the_end()
    assert running.process.wait() == status
    assert wait_until_gone(running.started) == []
    assert [number for mounts in namespaces for number in in_namespace(mounts)] == []
    assert str(cache / "work") not in Path("/proc/self/mountinfo").read_text()
    if status == 130:
        assert os.listdir(cache / "work") == []
