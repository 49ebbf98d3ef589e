"""The help of one command: how it is called, and each option with a word for its value, its text and its default."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator, Mapping

from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

#: The word for an option's value, by the option's name.
VALUES: Mapping[str, str] = {
    **dict.fromkeys(("against", "first", "second"), "PATH"),
    **dict.fromkeys(("artifacts", "engine", "formats", "tests", "vary", "which"), "NAMES"),
    **dict.fromkeys(("as", "environment", "make"), "NAME"),
    **dict.fromkeys(("attestations", "release"), "FOLDER"),
    **dict.fromkeys(("check", "html", "key", "keyring", "policy", "trust-config"), "FILE"),
    "builders": "MACHINES",
    "commit": "COMMIT",
    "jobs": "NUMBER",
    "older-than": "DAYS",
    "optimize": "pgo|none",
    "output": "PATH",
    "push": "HOST/NAME:TAG",
    "reason": "TEXT",
    "rounds": "NUMBER",
    "source": "SOURCE",
    "stage": "STAGE",
    "statement": "SHA256",
    "step": "check|run|verify",
    "version": "VERSION",
}
#: The word for a value of which the table says nothing.
_KINDS = {str: "TEXT", int: "NUMBER"}

#: Arguments that Invoke does not know: see `verbatim.usage.in_invokes_order`.
_BARE = {"verify": "[FILE ...]"}


def usage_line(context: ParserContext) -> str:
    """How a command is called."""
    places = [str(option.name).upper() for option in context.positional_args]
    bare = [_BARE[str(context.name)]] if context.name in _BARE else []
    return " ".join(["./invoke", str(context.name), *places, *bare, "[OPTIONS]"])


def text_lines(docstring: str, width: int) -> Iterator[str]:
    """A docstring in lines of at most ``width`` characters; an indented paragraph, such as an example, stays as it is."""
    for number, paragraph in enumerate(inspect.cleandoc(docstring).split("\n\n")):
        if number:
            yield ""
        yield from [paragraph] if paragraph.startswith(" ") else textwrap.wrap(paragraph, width)


def option_rows(context: ParserContext) -> Iterator[tuple[str, str]]:
    """Each argument and option of a command, sorted, with its text and its default; arguments first."""
    for option in context.positional_args:
        yield str(option.name).upper(), str(option.help)
    for flag, option in sorted(context.flags.items()):
        if option.positional:
            continue
        name = str(option.name).replace("_", "-").strip("-")
        value = "" if option.kind is bool else f"={VALUES.get(name, _KINDS.get(option.kind, 'TEXT'))}"
        default = default_text(option)
        yield f"{flag}{value}", f"{option.help} (default: {default})" if default else str(option.help)


def default_text(option: Argument) -> str:
    """The default of an option in words; empty for a switch, and for an option that may be left out."""
    if option.name == "jobs":
        return "the number of CPUs"
    return "" if option.kind is bool or not option.default else str(option.default)
