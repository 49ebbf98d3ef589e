"""The reference page of commands and exit statuses, made from the code so that it cannot be wrong."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from invoke.collection import Collection
from invoke.parser.argument import Argument

from verbatim.errors import VerbatimError
from verbatim.program import INTERRUPTED


def commands_page(tasks: Collection) -> str:
    """The page in Markdown: each task with its options, then what each exit status means."""
    lines = [
        "# Commands and exit statuses",
        "",
        "Made by `./invoke reference`; not to be changed by hand.",
        "",
    ]
    for context in sorted(tasks.to_contexts(), key=lambda context: str(context.name)):
        lines += _command(
            str(context.name), str(tasks[str(context.name)].__doc__), list(context.args.values())
        )
    lines += ["## Exit statuses", "", "| status | meaning |", "| --- | --- |", "| 0 | It worked. |"]
    for error in sorted(VerbatimError.__subclasses__(), key=lambda error: error.status):
        lines.append(f"| {error.status} | {inspect.getdoc(error)} |")
    lines += [f"| {INTERRUPTED} | It was interrupted, or told to end. |", ""]
    lines += [
        "Started as `invoke` instead of `./invoke`, an unknown option or task gives Invoke's own status 1.",
        "",
    ]
    return "\n".join(lines)


def _command(name: str, purpose: str, options: list[Argument]) -> Iterator[str]:
    yield from (f"## `{name}`", "", inspect.cleandoc(purpose), "")
    if options:
        yield from ("| option | meaning | default |", "| --- | --- | --- |")
        yield from (
            f"| `{_spelt(option)}` | {option.help or ''} | {_default(option)} |" for option in options
        )
        yield ""


def _spelt(option: Argument) -> str:
    """As it is typed; what has no name there, in capitals."""
    return str(option.name).upper() if option.positional else f"--{str(option.name).replace('_', '-')}"


def _default(option: Argument) -> str:
    if option.name == "jobs":
        return "the number of CPUs"
    if option.kind is bool:
        return "no"
    return f"`{option.default}`" if option.default else ""
