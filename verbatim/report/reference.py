"""The reference page of commands and exit statuses, made from the code so that it cannot be wrong."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from invoke.collection import Collection
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

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
        lines += _command(context, str(tasks[str(context.name)].__doc__))
    lines += ["## Exit statuses", "", "| status | meaning |", "| --- | --- |", "| 0 | It worked. |"]
    for error in sorted(VerbatimError.__subclasses__(), key=lambda error: error.status):
        lines.append(f"| {error.status} | {inspect.getdoc(error)} |")
    lines += [f"| {INTERRUPTED} | It was interrupted, or told to end. |", ""]
    lines += [
        "Started as `invoke` instead of `./invoke`, an unknown option or task gives Invoke's own status 1.",
        "",
    ]
    return "\n".join(lines)


def _command(context: ParserContext, purpose: str) -> Iterator[str]:
    yield from (f"## `{context.name}`", "", inspect.cleandoc(purpose), "")
    if context.flags:
        yield from ("| option | meaning | default |", "| --- | --- | --- |")
        # By the names that Invoke's own parser goes by; what needs no name, in capitals.
        yield from (
            f"| `{str(option.name).upper() if option.positional else flag}` | {option.help} | {_default(option)} |"
            for flag, option in context.flags.items()
        )
        yield ""


def _default(option: Argument) -> str:
    if option.name == "jobs":
        return "the number of CPUs"
    if option.kind is bool:
        return "no"
    return f"`{option.default}`" if option.default else ""
