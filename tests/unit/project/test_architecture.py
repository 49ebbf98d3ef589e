"""The page for newcomers is true: every room, file and way that it names is there."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from verbatim.paths import PROJECT

PAGE = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = {path.parent.name for path in (PROJECT / "verbatim").glob("*/__init__.py")}


def section(title: str) -> str:
    """What is below a heading, up to the next one."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


ANSWERS = re.findall(r"^\| (.+\?) \| `(.+)` \|$", section("Where to change what"), re.MULTILINE)


def test_ten_questions_have_an_answer() -> None:
    assert len({answer for _, answer in ANSWERS}) >= 10


@pytest.mark.parametrize(("question", "answer"), ANSWERS)
def test_an_answer_is_a_file(question: str, answer: str) -> None:
    assert (PROJECT / answer).is_file(), question


def test_every_room_is_in_the_drawing_and_in_the_table() -> None:
    drawn = set(re.findall(r'"(\w+)/', section("The rooms").partition("```mermaid")[2].partition("```")[0]))
    rows = re.findall(r"^\| (`.+?) \|", section("The rooms"), re.MULTILINE)
    tabled = {name for row in rows for name in re.findall(r"`(\w+)/`", row)}
    assert drawn == ROOMS
    assert tabled >= ROOMS


def test_what_the_drawing_says_is_below_is_below() -> None:
    """An arrow leads from a room to one that it may import from; the floors are those of the layout's test."""
    from tests.unit.project.test_layout import FLOOR_OF

    drawing = section("The rooms").partition("```mermaid")[2].partition("```")[0]
    ways = [line.split(" --> ") for line in map(str.strip, drawing.splitlines()) if " --> " in line]
    pairs = [pair for way in ways for pair in itertools.pairwise(way) if "ground" not in pair]
    assert len(pairs) > 10
    assert [pair for pair in pairs if FLOOR_OF[pair[0]] <= FLOOR_OF[pair[1]]] == []


def test_the_way_of_a_build_names_modules_in_the_order_of_the_steps() -> None:
    named = re.findall(r"^\d+\. `(.+?)`", section("The way of one build"), re.MULTILINE)
    assert len(named) == 10
    assert [name for name in named if not (PROJECT / "verbatim" / name).is_file()] == []


def test_every_path_on_the_page_is_there() -> None:
    named = set(re.findall(r"`([a-z]+(?:/[A-Za-z0-9_.-]+)*/?)`", PAGE))
    places = (
        PROJECT,
        PROJECT / "verbatim",
        PROJECT / "containers",
        PROJECT / "verbatim" / "compare",
        PROJECT / "tests",
    )
    paths = {name for name in named if "/" in name and not re.search("[A-Z]{3,}", name)}
    missing = {name for name in paths if not any(Path(place, name).exists() for place in places)}
    assert missing - {"dist/"} == set()
