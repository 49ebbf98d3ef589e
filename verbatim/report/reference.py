"""The reference page of commands and exit statuses, made from the code so that it cannot be wrong."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Set

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
    contexts = sorted(tasks.to_contexts(), key=lambda context: str(context.name))
    everywhere = set.intersection(*(set(context.flags) for context in contexts))
    lines += ["Every command has these options; they may stand before its name as well.", ""]
    lines += _table(contexts[0], everywhere)
    for context in contexts:
        lines += [f"## `{context.name}`", "", inspect.cleandoc(str(tasks[str(context.name)].__doc__)), ""]
        lines += _table(context, context.flags.keys() - everywhere)
    lines += ["## Exit statuses", "", "| status | meaning |", "| --- | --- |", "| 0 | It worked. |"]
    for error in sorted(VerbatimError.__subclasses__(), key=lambda error: error.status):
        lines.append(f"| {error.status} | {inspect.getdoc(error)} |")
    lines += [f"| {INTERRUPTED} | It was interrupted, or told to end. |", ""]
    lines += [
        "Started as `invoke` instead of `./invoke`, an unknown option or task gives Invoke's own status 1.",
        "",
    ]
    return "\n".join(lines)


def _table(context: ParserContext, flags: Set[str]) -> Iterator[str]:
    """These of a command's options, by the names that Invoke's own parser goes by; what needs no name, in capitals."""
    if flags:
        yield from ("| option | meaning | default |", "| --- | --- | --- |")
        for flag, option in context.flags.items():
            if flag in flags:
                typed = str(option.name).upper() if option.positional else flag
                yield f"| `{typed}` | {option.help} | {_default(option)} |"
        yield ""


def _default(option: Argument) -> str:
    if option.name == "jobs":
        return "the number of CPUs"
    if option.kind is bool:
        return "no"
    return f"`{option.default}`" if option.default else ""
