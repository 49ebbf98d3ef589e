"""Every defence that the threat model claims has a test beside it, and that test is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from verbatim.paths import PROJECT

PAGE = PROJECT / "docs" / "threat-model.md"

#: A test as pytest names it, in Markdown's code marks.
_TEST = re.compile(r"`([a-z_/0-9]+\.py)::(test_[a-z0-9_]+)`")


@dataclass(frozen=True)
class Claim:
    """A row of one of the page's tables."""

    attacker: str
    defence: str
    shown_by: str

    def __str__(self) -> str:
        return self.defence


def claims(page: str) -> Iterator[Claim]:
    """The rows of all the tables, below the heading of each; a table of another shape is an error."""
    heading, table = "", 0
    for line in page.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        table = table + 1 if line.startswith("|") else 0
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if table == 1:
            assert cells == ["defence", "shown by"], f"{heading}: the columns of a table are {cells}"
        if table > 2:
            assert len(cells) == 2, f"{heading}: {line}"
            yield Claim(heading, *cells)


CLAIMS = list(claims(PAGE.read_text(encoding="utf-8")))


@cache
def runnable_tests(path: Path) -> frozenset[str]:
    """The tests of a file that pytest would run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not any(
            "skip" in ast.unparse(mark) or "xfail" in ast.unparse(mark) for mark in node.decorator_list
        )
    )


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_claim_names_a_test_that_is_there(claim: Claim) -> None:
    named = _TEST.findall(claim.shown_by)
    assert named, f"{claim.defence}: no test is named"
    assert _TEST.sub("", claim.shown_by).strip(", ") == "", "only tests belong into the second column"
    missing = [f"{file}::{name}" for file, name in named if name not in runnable_tests(PROJECT / file)]
    assert missing == []


def test_every_attacker_has_means_and_a_defence() -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page.partition("## Who might attack")[2].partition("\n## ")[0]
    attackers = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert len(attackers) > 20
    assert len(set(attackers)) == len(attackers)
    assert len(re.findall(r"^Means: .+\.$", section, re.MULTILINE)) == len(attackers)
    assert set(attackers) <= {claim.attacker for claim in CLAIMS}


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (
            "| defence | shown by |\n| --- | --- |\n| x | `tests/unit/test_store.py::test_nothing` |",
            "test_nothing",
        ),
        ("| defence | shown by |\n| --- | --- |\n| x | |", "no test is named"),
        ("| defence | shown by |\n| --- | --- |\n| x | reviewed |", "no test is named"),
        ("| defence | shown by |\n| --- | --- |\n| x |", "x"),
        ("| attacker | means |\n| --- | --- |\n| x | y |", "the columns of a table"),
    ],
)
def test_what_is_not_shown_is_noticed(page: str, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        for claim in claims(page):
            test_a_claim_names_a_test_that_is_there(claim)
