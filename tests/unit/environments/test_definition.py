"""Definitions: how environments are found and what one may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli
import tomli_w

from tests.unit.environments.demo import DEFINITION
from verbatim.environments.definition import KINDS, environment_folder, environment_names, load_definition
from verbatim.environments.lock import Environment
from verbatim.errors import IntegrityError, UsageError

pytestmark = pytest.mark.usefixtures("only_this_mirror")


def test_every_environment_of_the_project_is_locked() -> None:
    assert "source" in environment_names()
    for name in environment_names():
        lock = Environment(environment_folder(name)).lock
        names = [package.name for package in lock.package]
        assert names == sorted(set(names))
        assert lock.root_size > 0


def test_the_environments_are_found_by_name(containers: Path) -> None:
    (containers / "not one").mkdir()
    assert environment_names(containers.parent) == ["demo"]
    assert environment_names(containers.parent, "docs") == []
    assert environment_folder("demo", containers.parent) == containers / "demo"


def test_every_environment_is_in_the_folder_of_its_role() -> None:
    for name in environment_names():
        folder = environment_folder(name)
        assert load_definition(folder).role in KINDS[folder.parent.name], folder
    assert len(set(environment_names())) == len(environment_names())


@pytest.mark.parametrize("first", ['first = "3.13.0"\n', ""])
def test_only_documentation_says_which_release_is_its_first(containers: Path, first: str) -> None:
    text = DEFINITION if first else DEFINITION.replace('role = "source"', 'role = "docs"')
    (containers / "demo" / "environment.toml").write_text(first + text)
    with pytest.raises(
        IntegrityError, match="first: an environment for documentation must have it, and no other may"
    ):
        load_definition(containers / "demo")


@pytest.mark.parametrize("name", ["", ".", "..", "demo/", "../containers/demo", "DEMO", "demo\n", "other"])
def test_another_name_is_no_environment(containers: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"there is no environment .*; there are: demo"):
        environment_folder(name, containers.parent)


def test_a_definition_may_be_told_in_other_words(containers: Path, environment: Environment) -> None:
    path = containers / "demo" / "environment.toml"
    path.write_text("# Another comment.\n" + DEFINITION.replace("made by a test", "made for a test"))
    assert Environment(containers / "demo").lock == environment.lock


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("suite", "Trixie!"),
        ("suite", 13),
        ("architecture", "amd 64"),
        ("packages", ["Demo"]),
        ("packages", ["demo=1.0"]),
        ("packages", ["-o", "x"]),
        ("packages", ["demo:"]),
        ("packages", ["demo:arm64:x"]),
        ("packages", "demo"),
        ("packages", None),
        ("wheels", ["blurb"]),
        ("wheels", ["blurb>=2"]),
        ("wheels", ["blurb==2.0 --index-url=x"]),
        ("wheels", ["--pre==1"]),
        ("python", "2.7"),
        ("python", "3.13.5"),
        ("description", None),
        ("mirror", "https://example.invalid/debian"),
    ],
)
def test_a_definition_that_asks_for_what_is_none_is_refused(
    containers: Path, key: str, value: object
) -> None:
    path = containers / "demo" / "environment.toml"
    altered = {
        name: said for name, said in (tomli.loads(DEFINITION) | {key: value}).items() if said is not None
    }
    path.write_text(tomli_w.dumps(altered))
    with pytest.raises(IntegrityError) as caught:
        load_definition(containers / "demo")
    assert caught.value.message.startswith(f"{path}: {key}")


def test_a_definition_may_take_from_a_base_what_it_does_not_say(containers: Path) -> None:
    bases = containers.parent / "bases"
    bases.mkdir()
    (bases / "root.toml").write_text(DEFINITION)
    (bases / "more.toml").write_text('like = "root"\npackages = ["more"]\n')
    for name, like in (("child", "root"), ("grandchild", "more")):
        (containers / name).mkdir()
        (containers / name / "environment.toml").write_text(f'description = "{name}"\nlike = "{like}"\n')
    demo, child, grandchild = (load_definition(containers / name) for name in ("demo", "child", "grandchild"))
    assert child == demo.model_copy(update={"description": "child"})
    assert grandchild == demo.model_copy(update={"description": "grandchild", "packages": ["more"]})
    assert grandchild.sha256 != child.sha256 == demo.sha256


@pytest.mark.parametrize(
    ("like", "said"),
    [
        ('"one"', "bases/two.toml: like: one is its own base"),
        ('"demo"', "bases/demo.toml is missing"),
        ('"../demo"', "build/demo/environment.toml: like: '../demo' is not a valid base name"),
        ("3", "build/demo/environment.toml: like: 3 is not a valid base name"),
    ],
)
def test_a_definition_like_itself_or_like_none_is_refused(containers: Path, like: str, said: str) -> None:
    bases = containers.parent / "bases"
    bases.mkdir()
    for base, other in (("one", "two"), ("two", "one")):
        (bases / f"{base}.toml").write_text(f'like = "{other}"\n')
    (containers / "demo" / "environment.toml").write_text(f"like = {like}\n{DEFINITION}")
    with pytest.raises(IntegrityError) as caught:
        load_definition(containers / "demo")
    assert caught.value.message == f"{containers.parent}/{said}"


@pytest.mark.parametrize("name", ["environment.toml", "lock.toml"])
@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "is missing"), (b"not = toml = at all", "is not TOML"), (b"\xff\xfe", "is not TOML")],
)
@pytest.mark.usefixtures("environment")
def test_a_damaged_file_is_told_with_its_path(
    containers: Path, name: str, content: bytes | None, complaint: str
) -> None:
    path = containers / "demo" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(IntegrityError, match=f"{path} {complaint}"):
        Environment(containers / "demo")
