"""The documentation says what is so: its commands exist, its links lead somewhere, its reference is of this code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from invoke.collection import Collection
from invoke.loader import FilesystemLoader
from invoke.parser import Parser
from invoke.parser.context import ParserContext

from tests.documented import PAGES, PROJECT, RUN_BY_CI, WHOLE_PAGES, Shown, shown_commands
from verbatim.report.json_reference import DOCUMENTS, json_page
from verbatim.report.reference import commands_page
from verbatim.usage import in_invokes_order


@pytest.fixture
def tasks() -> Collection:
    module, _ = FilesystemLoader(start=str(PROJECT)).load("tasks")
    return Collection.from_module(module)


@pytest.mark.parametrize("shown", shown_commands(), ids=str)
def test_shown_commands_are_understood(shown: Shown, tasks: Collection) -> None:
    contexts: list[ParserContext] = tasks.to_contexts()
    parsed = Parser(contexts=contexts).parse_argv(in_invokes_order(["invoke", *shown.arguments])[1:])
    assert [context.name for context in parsed] == [shown.arguments[0]]


def test_commands_left_to_ci_are_run_there() -> None:
    ci = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    run = [shown.arguments for shown in shown_commands() if shown.is_run]
    left = {" ".join(arguments) for arguments in run if arguments[0] in RUN_BY_CI}
    assert left
    assert [command for command in left if f"./invoke {command}" not in ci] == []


def test_the_reference_is_of_this_code(tasks: Collection) -> None:
    page = PROJECT / "docs" / "reference" / "commands.md"
    assert page.read_text(encoding="utf-8") == commands_page(tasks), "run ./invoke reference"
    json = page.with_name("json.md")
    assert json.read_text(encoding="utf-8") == json_page(), "run ./invoke reference"


def test_every_command_with_json_has_a_document(tasks: Collection) -> None:
    with_json = {context.name for context in tasks.to_contexts() if "--json" in context.flags}
    assert with_json == {command.partition(" ")[0] for command in DOCUMENTS}


def test_the_variables_are_all_described() -> None:
    described = (PROJECT / "docs" / "reference" / "variables.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "verbatim").rglob("*.py"))
    code += (PROJECT / "invoke").read_text(encoding="utf-8")
    assert set(re.findall(r"`(VERBATIM_[A-Z_]+)`", described)) == set(
        re.findall(r'"(VERBATIM_[A-Z_]+)"', code)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def _backed_by(shown: Shown) -> str:
    """The file with the test of a command."""
    if not shown.is_run:
        return "tests/unit/project/test_documentation.py"
    if shown.page in WHOLE_PAGES:
        return "tests/integration/documentation/test_whole_pages.py"
    return "tests/integration/command_line/test_documented_commands.py"


WITH_A_LAST_LINE = [
    page for page in PAGES if page == PROJECT / "README.md" or page.is_relative_to(PROJECT / "docs")
]


@pytest.mark.parametrize("page", WITH_A_LAST_LINE, ids=lambda page: str(page.relative_to(PROJECT)))
def test_the_last_line_says_which_tests_back_the_commands(page: Path) -> None:
    last = page.read_text(encoding="utf-8").rstrip("\n").rpartition("\n\n")[2]
    is_said = last.startswith("*") and last.endswith(".*")
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", last)) if is_said else set()
    needed = {_backed_by(shown) for shown in shown_commands() if shown.page == page}
    assert needed <= named
    # Another test that is named reads this page.
    for name in named - needed:
        assert page.name in (PROJECT / name).read_text(encoding="utf-8")
