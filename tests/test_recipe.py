"""A recipe is known by the hash of its files, and anyone can work it out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from verbatim.build.recipe import Recipe
from verbatim.errors import IntegrityError
from verbatim.paths import RECIPES

FILES = {"a.sh": b"echo a\n", "B.py": b"", "a-b.txt": b"\xff\0", "a.txt": b"a", "z ä.txt": b"z"}


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    folder = tmp_path / "recipes" / "a"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder.parent


def worked_out(folder: Path) -> str:
    done = subprocess.run(
        "sha256sum * | sha256sum",
        shell=True,
        cwd=folder,
        env={"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()[0]


def test_the_hash_is_what_sha256sum_says(recipes: Path) -> None:
    assert Recipe.load("a", recipes).sha256 == worked_out(recipes / "a")


@pytest.mark.parametrize("folder", sorted(RECIPES.iterdir()), ids=lambda folder: folder.name)
def test_the_projects_own_recipes_are_complete(folder: Path) -> None:
    recipe = Recipe.load(folder.name)
    assert recipe.sha256 == worked_out(folder)
    assert recipe.argv("3.99.0", "git") == ["/usr/bin/bash", f"/in/recipe/{folder.name}.sh", "3.99.0", "git"]
    subprocess.run(["bash", "-n", str(folder / f"{folder.name}.sh")], check=True)


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
    assert len(set(hashes)) == len(hashes)


def test_where_it_lies_and_what_times_and_modes_it_has_make_no_difference(recipes: Path) -> None:
    before = Recipe.load("a", recipes).sha256
    for path in (recipes / "a").iterdir():
        path.chmod(0o755)
    assert Recipe.load("a", recipes.rename(recipes.with_name("elsewhere"))).sha256 == before


def test_a_recipe_that_is_not_there_is_said_so(recipes: Path) -> None:
    with pytest.raises(IntegrityError, match=r"b\.sh is missing"):
        Recipe.load("b", recipes)
    (recipes / "a" / "a.sh").unlink()
    with pytest.raises(IntegrityError, match=r"a\.sh is missing"):
        Recipe.load("a", recipes)
