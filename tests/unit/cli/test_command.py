"""The commands: one table of their options, examples that parse, and a reference that Invoke's parser agrees with."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from invoke.collection import Collection
from invoke.context import Context
from invoke.loader import FilesystemLoader
from invoke.parser import Parser
from invoke.parser.context import ParserContext

from verbatim.cli.command import Command, command
from verbatim.cli.options import REDEFINED, SHARED
from verbatim.paths import PROJECT
from verbatim.report.reference import commands_page
from verbatim.usage import in_invokes_order

_LONGEST = 60
_MOST_OWN = 10
_EXAMPLE = re.compile(r"^ +\./invoke (.+)$", re.MULTILINE)

#: What takes long to import, and only some commands need.
_SLOW = {"cryptography", "debian", "docker", "oras", "pydantic", "requests", "sigstore", "jinja2"}


def load() -> Collection:
    module, _ = FilesystemLoader(start=str(PROJECT)).load("tasks")
    return Collection.from_module(module)


COLLECTION = load()
COMMANDS: dict[str, Command] = {name: COLLECTION[name] for name in COLLECTION.task_names}


def parse(*arguments: str) -> ParserContext:
    """The one command that Invoke sees in these arguments; nothing is run."""
    [parsed] = Parser(contexts=COLLECTION.to_contexts()).parse_argv(
        in_invokes_order(["invoke", *arguments])[1:]
    )
    return parsed


def given(parsed: ParserContext) -> dict[str, object]:
    return {str(argument.name): argument.value for argument in parsed.args.values() if argument.got_value}


# The tasks.


def test_the_tasks_are_only_collected() -> None:
    text = (PROJECT / "tasks.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < _LONGEST
    assert "def " not in text


def test_each_command_is_collected() -> None:
    defined = [
        match[1]
        for path in (PROJECT / "verbatim" / "cli").glob("*.py")
        for match in re.finditer(r"^@command\([^@]*?^\)?def (\w+)", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert sorted(name.replace("_", "-") for name in defined) == sorted(COMMANDS)


def test_listing_the_commands_waits_for_no_large_library() -> None:
    listing = "import sys, tasks; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", listing], cwd=PROJECT, capture_output=True, check=True)
    imported = set(done.stdout.decode().split())
    assert "verbatim" in imported
    assert imported & _SLOW == set()


# The table of options.


def test_each_option_has_one_text_and_no_text_stands_twice() -> None:
    texts: dict[str, set[str]] = {}
    for context in COLLECTION.to_contexts():
        for flag, argument in context.flags.items():
            texts.setdefault(flag, set()).add(str(argument.help))
    several = {flag.removeprefix("--") for flag, told in texts.items() if len(told) > 1}
    assert several == REDEFINED, (
        "an option has words of its own where it means something of another kind, and only there"
    )
    stands = Counter(text for told in texts.values() for text in told)
    assert [text for text, times in stands.items() if times > 1 or not text] == []


def test_an_option_of_several_commands_is_in_the_table() -> None:
    own = Counter(name for each in COMMANDS.values() for name in each.own)
    assert {name for name, times in own.items() if times > 1} <= REDEFINED
    used = {argument.names[0] for each in COMMANDS.values() for argument in each.get_arguments()}
    assert SHARED.keys() <= used


def test_no_command_has_many_options_of_its_own() -> None:
    assert {name: len(each.own) for name, each in COMMANDS.items() if len(each.own) > _MOST_OWN} == {}


def test_an_option_is_of_one_kind_everywhere() -> None:
    kinds: dict[str, set[object]] = {}
    for each in COMMANDS.values():
        for argument in each.get_arguments():
            kinds.setdefault(argument.names[0], set()).add(argument.kind)
    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}


def test_an_option_that_is_described_nowhere_or_twice_is_refused() -> None:
    def task(context: Context, version: str = "", news: str = "") -> None:
        """Do nothing."""

    with pytest.raises(ValueError, match="news is described nowhere"):
        command()(task)
    with pytest.raises(ValueError, match="version is already described in the table"):
        command(version="another text", news="what is new")(task)
    with pytest.raises(ValueError, match="old"):
        command(news="what is new", old="what is not there")(task).get_arguments()


def test_the_help_is_there_each_time_that_it_is_asked_for() -> None:
    for _ in range(2):
        assert all(argument.help for each in COMMANDS.values() for argument in each.get_arguments())


# Examples, and the reference.


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example_that_parses(name: str) -> None:
    [example] = _EXAMPLE.findall(str(COMMANDS[name].__doc__))
    assert parse(*shlex.split(example)).name == name


@dataclass(frozen=True)
class Row:
    """A row of the reference; without a command, it holds for every one."""

    command: str
    option: str
    default: str


def rows() -> Iterator[Row]:
    name = ""
    for line in commands_page(COLLECTION).splitlines():
        if heading := re.fullmatch(r"## `(.+)`", line):
            name = heading[1]
        elif row := re.fullmatch(r"\| `([^`]+)` \|.*\| (.*) \|", line):
            yield Row(name, row[1], row[2])


ROWS = list(rows())


@pytest.mark.parametrize(
    "row",
    [
        each
        for row in ROWS
        for each in ([row] if row.command else [replace(row, command=name) for name in COMMANDS])
    ],
    ids=lambda row: f"{row.command} {row.option}",
)
def test_each_option_of_the_reference_is_understood(row: Row) -> None:
    places = [each.option for each in ROWS if each.command == row.command and each.option.isupper()]
    if row.option in places:
        assert given(parse(row.command, *places))[row.option.lower()] == row.option
        return
    # A number is a value for each that takes one.
    option = [row.option] if row.default == "no" else [row.option, "7"]
    got = given(parse(row.command, *places, *option))
    (value,) = (value for name, value in got.items() if name.upper() not in places)
    assert value in ((True,) if row.default == "no" else (7, "7", ["7"]))


def test_the_reference_lists_all_that_is_understood() -> None:
    understood = {
        (str(context.name), str(argument.name).upper() if argument.positional else flag)
        for context in COLLECTION.to_contexts()
        for flag, argument in context.flags.items()
    }
    everywhere = {row.option for row in ROWS if not row.command}
    listed = {(row.command, row.option) for row in ROWS if row.command}
    assert listed | {(name, option) for name in COMMANDS for option in everywhere} == understood
    assert ("attest", "--as") in understood
    assert everywhere == {"--debug"}
