"""A recipe is known by the hash of its files, and anyone can work it out."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives import COMPRESSIONS, file, tar
from tests.targets import TARGET
from verbatim.commands.site import FRONT
from verbatim.compare.comparison import File
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root
from verbatim.errors import IntegrityError
from verbatim.explain.diffoscope import look_into
from verbatim.paths import RECIPES, TARGETS
from verbatim.release import Release
from verbatim.sandboxing.limits import JobLimits
from verbatim.sources.source import Identity
from verbatim.stages.choose import docs_stage, packed_stage, source_stage, target_stage
from verbatim.stages.plan import Plan
from verbatim.stages.recipe import COMMON, Recipe
from verbatim.stages.target import Optimize, target_names
from verbatim.testing.suite import TargetTests, names_with_tests

NAMES = sorted(folder.name for folder in RECIPES.iterdir() if folder.name != COMMON)
RELEASE = Release.parse("3.13.5")
TARBALL = Identity("tarball", "Python-3.13.5.tgz", {"sha256": "3" * 64})
SOURCES = (TARBALL, Identity("git", "cpython", {"gitTree": "2" * 40, "gitCommit": "1" * 40}))

LONGEST = 200
#: The interpreter compiles it in its training, whose counts decide the bits of the optimised targets.
TRAINED = {RECIPES / "linux" / "training_classes.py"}

_DECLARED = re.compile(r"    \[(?P<key>[a-z]+)\]=(?P<count>once|optional|some|any)( +#.*)?$")

FILES = {"a.sh": b"echo a\n", "B.py": b"", "a-b.txt": b"\xff\0", "a.txt": b"a", "z ä.txt": b"z"}


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    for folder, files in (("a", FILES), (COMMON, {"begin.sh": b"echo begin\n", "Z": b""})):
        (tmp_path / "recipes" / folder).mkdir(parents=True)
        for name, content in files.items():
            (tmp_path / "recipes" / folder / name).write_bytes(content)
    return tmp_path / "recipes"


def worked_out(recipes: Path, name: str) -> str:
    done = subprocess.run(
        f"sha256sum {name}/* common/* | sha256sum",
        shell=True,
        cwd=recipes,
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()[0]


def test_the_hash_is_what_sha256sum_says(recipes: Path) -> None:
    assert Recipe.load("a", recipes).sha256 == worked_out(recipes, "a")


@pytest.mark.parametrize("name", NAMES)
def test_the_projects_own_recipes_are_complete(name: str) -> None:
    recipe = Recipe.load(name)
    assert recipe.sha256 == worked_out(RECIPES, name)
    assert recipe.argv("version=3.99.0") == ["/usr/bin/bash", f"/in/recipe/{name}.sh", "version=3.99.0"]
    assert recipe.inputs == {"recipe": RECIPES / name, "common": RECIPES / "common"}


def test_any_change_changes_the_hash(recipes: Path) -> None:
    folder = recipes / "a"
    hashes = [Recipe.load("a", recipes).sha256]
    (folder / "a.txt").write_bytes(b"b")
    hashes.append(Recipe.load("a", recipes).sha256)
    (folder / "a.txt").rename(folder / "b.txt")
    hashes.append(Recipe.load("a", recipes).sha256)
    (folder / "b.txt").unlink()
    hashes.append(Recipe.load("a", recipes).sha256)
    (folder / "new.txt").touch()
    hashes.append(Recipe.load("a", recipes).sha256)
    # What they share as well.
    (recipes / COMMON / "begin.sh").write_bytes(b"b")
    hashes.append(Recipe.load("a", recipes).sha256)
    (recipes / COMMON / "new.txt").touch()
    hashes.append(Recipe.load("a", recipes).sha256)
    assert len(set(hashes)) == len(hashes)


def test_where_it_lies_and_what_times_and_modes_it_has_make_no_difference(recipes: Path) -> None:
    before = Recipe.load("a", recipes).sha256
    for path in (recipes / "a").iterdir():
        path.chmod(0o755)
    assert Recipe.load("a", recipes.rename(recipes.with_name("elsewhere"))).sha256 == before


def test_a_recipe_that_is_not_there_is_said_so(recipes: Path) -> None:
    with pytest.raises(IntegrityError, match=r"/b is missing; restore it"):
        Recipe.load("b", recipes)
    with pytest.raises(IntegrityError, match=r"common\.sh is missing"):
        Recipe.load(COMMON, recipes)
    (recipes / "a" / "a.sh").unlink()
    with pytest.raises(IntegrityError, match=r"a\.sh is missing"):
        Recipe.load("a", recipes)
    shutil.rmtree(recipes / COMMON)
    with pytest.raises(IntegrityError, match=r"/common is missing"):
        Recipe.load("a", recipes)


@pytest.mark.parametrize("folder", ["a", COMMON])
@pytest.mark.parametrize("name", ["folder", "link", ".hidden"])
def test_a_recipe_has_nothing_but_files(recipes: Path, folder: str, name: str) -> None:
    stray = recipes / folder / name
    if name == "folder":
        stray.mkdir()
    elif name == "link":
        stray.symlink_to("/nowhere")
    else:
        stray.touch()
    with pytest.raises(IntegrityError, match=f"{folder} holds {name}, expected regular files"):
        Recipe.load("a", recipes)


def test_a_copy_is_the_same_recipe_or_none(recipes: Path, tmp_path: Path) -> None:
    recipe = Recipe.load("a", recipes)
    copy = recipe.copy(tmp_path / "copy")
    assert (copy.name, copy.sha256) == (recipe.name, recipe.sha256)
    assert all(path.is_dir() and tmp_path / "copy" in path.parents for path in copy.inputs.values())
    (recipes / COMMON / "begin.sh").write_bytes(b"changed")
    with pytest.raises(IntegrityError, match="was changed during the build"):
        recipe.copy(tmp_path / "another")


# What a recipe is told.


def declared(name: str) -> dict[str, str]:
    """The keys that a recipe declares, with how often each may be given."""
    scripts = sorted((RECIPES / name).glob("*.sh"))
    lines = [line for script in scripts for line in script.read_text(encoding="utf-8").splitlines()]
    found = [match for line in lines if (match := _DECLARED.match(line))]
    keys = {match["key"]: match["count"] for match in found}
    assert len(keys) == len(found), "a key is declared twice"
    return keys


def told() -> Iterator[tuple[str, Sequence[str]]]:
    """Each recipe with the words that it is told, of whatever can be asked for."""
    for source in SOURCES:
        for stage in (source_stage(RELEASE), packed_stage(RELEASE), docs_stage(RELEASE)):
            yield stage.recipe.name, Plan(RELEASE, source, stage).words
    for name in target_names():
        for optimize in get_args(Optimize):
            stage = target_stage(name, RELEASE, optimize)
            yield stage.recipe.name, Plan(RELEASE, TARBALL, stage).words
    for name in names_with_tests():
        yield "suite", TargetTests.load(name, RELEASE).words_for("/in/tree")


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_takes_the_keys_that_it_is_told_and_no_others(
    name: str, told_to_explain: Sequence[str], told_to_suite: Sequence[str]
) -> None:
    all_told = [*told(), ("explain", told_to_explain), ("suite", told_to_suite), ("site", [f"front={FRONT}"])]
    said = [words for recipe, words in all_told if recipe == name]
    assert said
    assert {word.partition("=")[0] for words in said for word in words} == declared(name).keys()
    # As the recipe itself reads them.
    for words in said:
        assert read(declared(name), *words).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_no_key_takes_the_place_of_a_variable(name: str) -> None:
    shared = "".join((RECIPES / COMMON / script).read_text() for script in ("begin.sh", "checkout.sh"))
    used = {*re.findall(r"^([a-z]+)=", shared, re.MULTILINE), *re.findall(r"\blocal ([a-z]+)", shared)}
    assert {"work", "recipe", "word"} <= used
    assert not declared(name).keys() & {*used, "key", "given", "keys"}


@pytest.fixture
def told_to_explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    """What diffoscope's recipe is told where the files are one archive in different compressions."""
    jobs: list[Job] = []

    def run(_: Sandbox, job: Job) -> int:
        jobs.append(job)
        job.log.touch()
        return 0

    monkeypatch.setattr(Sandbox, "run", run)
    monkeypatch.setenv("VERBATIM_CACHE", str(tmp_path))
    for compression in ("gz", "xz"):
        (tmp_path / f"a.{compression}").write_bytes(COMPRESSIONS[compression](tar(file("a", b"a"))))
    first, second = (
        File(name, "0" * 64, tmp_path / name.replace(".tar", "")) for name in ("a.tar.gz", "a.tar.xz")
    )
    root = Root(tmp_path, Environment(environment_folder("diffoscope")))
    look_into(first, second, root, JobLimits(seconds=10, output_bytes=1, space=1, files=1))
    [job] = jobs
    return job.argv[2:]


@pytest.fixture
def told_to_suite(tmp_path: Path) -> Sequence[str]:
    """What the recipe that tests is told where a module is left out, which no target of ours does."""
    shutil.copytree(TARGETS / TARGET, tmp_path / TARGET)
    tests = """
        environment = "suite"
        command = ["/usr/bin/qemu", "{tree}/bin/python3"]
        emulator = "/usr/bin/qemu"
        [[left_out]]
        module = "test_one"
        reason = "it is a test's own"
    """
    (tmp_path / TARGET / "tests.toml").write_text(tests, encoding="utf-8")
    return TargetTests.load(TARGET, RELEASE, ["test_two"], targets=tmp_path).words_for("/in/tree")


def read(keys: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[bytes]:
    """What the shared beginning makes of words, as bash prints its variables."""
    declaration = " ".join(f"[{key}]={count}" for key, count in keys.items())
    script = (
        f'set -euo pipefail; source "{RECIPES}/common/begin.sh"; declare -A keys=({declaration});'
        f' read_words "$@"; for key in {" ".join(keys)}; do declare -n each=$key; printf "%s=" "$key";'
        ' printf "%s\\0" "${each[@]}"; printf "\\1"; done'
    )
    return subprocess.run(["bash", "-c", script, "/in/recipe/a.sh", *words], capture_output=True, check=False)


KEYS = {"version": "once", "commit": "optional", "python": "some", "format": "any"}
_TEXT = st.text(st.characters(exclude_characters="\0\1", exclude_categories=["Cs"]))


@settings(max_examples=25, deadline=None)
@given(_TEXT, st.lists(_TEXT, min_size=1), st.lists(_TEXT), st.booleans())
def test_a_value_arrives_as_it_was_given(
    version: str, python: list[str], format_: list[str], comes_first: bool
) -> None:
    words = [*(f"python={each}" for each in python), *(f"format={each}" for each in format_)]
    words.insert(0 if comes_first else len(words), f"version={version}")
    done = read(KEYS, *words)
    assert done.returncode == 0, done.stderr
    got = dict(line.split("=", 1) for line in done.stdout.decode().split("\1")[:-1])
    assert got == {
        "version": f"{version}\0",
        "commit": "\0",
        "python": "".join(f"{each}\0" for each in python),
        "format": "".join(f"{each}\0" for each in format_) or "\0",
    }


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["python=a"], "the key version is missing"),
        (["version=1"], "the key python is missing"),
        (["version=1", "python=a", "version=1"], "the key version is given twice"),
        (["version=1", "python=a", "commit=", "commit="], "the key commit is given twice"),
        (["version=1", "python=a", "versions=1"], "the key versions is unknown"),
        (["version=1", "python=a", "PATH=/"], "'PATH=/' is not a word key=value"),
        (["version=1", "python=a", "tarball"], "'tarball' is not a word key=value"),
        (["version=1", "python=a", ""], "'' is not a word key=value"),
        (["version=1", "python=a", "=1"], "'=1' is not a word key=value"),
        (["version=1", "python=a", "@=1"], "'@=1' is not a word key=value"),
        (["version=1", "python=a", "version[$(id)]=1"], "'version[$(id)]=1' is not a word key=value"),
    ],
)
def test_words_that_a_recipe_cannot_take_are_refused(words: list[str], complaint: str) -> None:
    done = read(KEYS, *words)
    assert (done.returncode, done.stdout) == (64, b"")
    said, _, expected = done.stderr.decode().rpartition("; expected ")
    assert said == complaint
    assert {*expected.split()} == KEYS.keys()


def test_no_recipe_is_longer_than_one_can_overlook() -> None:
    files = [path for path in RECIPES.glob("*/*") if path not in TRAINED]
    assert len(files) > 30
    lengths = {path: len(path.read_bytes().splitlines()) for path in files}
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_the_training_sees_the_files_that_it_has_always_seen() -> None:
    """The interpreter lists the recipe's folder in its training, and that is counted, too: see optimize.sh."""
    assert {path.name for path in (RECIPES / "linux").iterdir()} == {
        *("certificates.in", "common.sh", "config.site", "describe.py", "linux.sh", "optimize.sh", "same.c"),
        *("shebang.in", "sysconfigdata.in", "train.py", "training_calls.py", "training_classes.py"),
        *("training_common.py", "training_data.py", "training_formats.py", "training_numbers.py"),
    }


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*/*.sh")), ids=lambda path: "/".join(path.parts[-2:]))
def test_a_recipe_is_a_script_of_bash(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_begins_with_its_words(name: str, tmp_path: Path) -> None:
    """It refuses them before it does anything."""
    command = ["bash", str(RECIPES / name / f"{name}.sh"), "nothing=like this"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("the key nothing is unknown; expected ")
    assert {*done.stderr.rpartition("expected ")[2].split()} == declared(name).keys()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words", "complaint"),
    [
        ("source", ["source=git"], "source=git needs a commit and a tree"),
        ("docs", ["source=git", "commit=1"], "source=git needs a commit and a tree"),
        ("source", ["source=folder"], "source=folder, expected tarball or git"),
        ("linux", ["source=git", "triplet=a"], "source=git, expected tarball"),
        ("wasi", ["source=git", "triplet=a"], "source=git, expected tarball"),
    ],
)
def test_a_source_that_a_recipe_cannot_take_is_refused(
    name: str, words: list[str], complaint: str, tmp_path: Path
) -> None:
    command = ["bash", str(RECIPES / name / f"{name}.sh"), "version=3.13.5", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{complaint}\n")
