"""What the user may have meant: help that is asked for after a command, and names that are nearly right."""

from __future__ import annotations

import ast
import difflib
import itertools
import re
from collections.abc import Collection, Sequence

from invoke.exceptions import ParseError
from invoke.parser.context import ParserContext

#: The one option that may be repeated: each is a file to verify.
FILE = "--against"

#: What Invoke's parser says of a word that is neither a command nor an option.
_UNKNOWN = re.compile(r"No idea what '(?P<word>.+)' is!", re.DOTALL)
#: What else it says.
_VALUELESS = re.compile(r"Flag <Argument: (?P<option>\w+).*> needed value and was not given one!")
_INCOMPLETE = re.compile(r"'(?P<command>.+)' did not receive required positional arguments: (?P<names>.+)")
_NUMBER = re.compile(r"invalid literal for int\(\) with base 10: (?P<value>.+)", re.DOTALL)


def in_invokes_order(arguments: Sequence[str]) -> list[str]:
    """The arguments as Invoke's parser understands them: help before a command, and each file to verify as an option.

    The parser would ask for what a command needs before it comes to ``--help``, and has no arguments that may be left out.
    """
    program, *words = arguments
    if words and not words[0].startswith("-") and {"-h", "--help"} & set(words):
        return [program, "--help", words[0]]
    if words[:1] == ["verify"]:
        files = list(itertools.takewhile(lambda word: not word.startswith("-"), words[1:]))
        named = [part for file in files for part in (FILE, file)]
        return [program, "verify", *named, *words[1 + len(files) :]]
    return list(arguments)


def explained(error: Exception, commands: Collection[str], arguments: Sequence[str] = ()) -> str:
    """What is wrong with a command line, and the name that comes nearest, if there is one."""
    unknown = _UNKNOWN.fullmatch(str(error))
    if number := _NUMBER.fullmatch(str(error)):
        value = ast.literal_eval(number["value"])
        option = _option_with(value, arguments)
        if option and not value:
            return f"{option} is empty; give it a value, or leave it out"
        return f"{option}{': ' if option else ''}{value!r} is not a number"
    if unknown is None:
        return _meant(str(error))
    word = unknown["word"]
    context = error.context if isinstance(error, ParseError) else None
    if word.startswith("-"):
        of = f" of {context.name}" if context is not None and context.name else ""
        return f"{word!r} is not an option{of}{_nearest(word, context.flags if context is not None else ())}"
    return f"{word!r} is not a command{_nearest(word, commands)}"


def _option_with(value: str, arguments: Sequence[str]) -> str:
    """The option that was given this value; empty if it is not found."""
    for number, word in enumerate(arguments):
        name, separator, given = word.partition("=")
        if name.startswith("--") and value == (
            given if separator else " ".join(arguments[number + 1 : number + 2])
        ):
            return name
    return ""


def _meant(text: str) -> str:
    if match := _VALUELESS.fullmatch(text):
        return f"--{match['option'].replace('_', '-')} needs a value"
    if match := _INCOMPLETE.fullmatch(text):
        return f"{match['command']} also needs {match['names'].replace(chr(39), '').upper()}"
    return text.rstrip(".")


def is_completion(arguments: Sequence[str]) -> bool:
    """Whether a shell asks how a command line may go on."""
    return "--complete" in arguments[1:2]


def empty_option(contexts: Sequence[ParserContext]) -> str | None:
    """The first option that was given with an empty value."""
    given = (
        flag
        for each in contexts
        for flag, option in each.flags.items()
        if option.value == "" and option.got_value and not option.positional
    )
    return next(given, None)


def repeated(arguments: Sequence[str]) -> str | None:
    """The first long option that appears twice: Invoke takes the second value for a command."""
    seen: set[str] = set()
    for word in () if is_completion(arguments) else arguments:
        name = word.partition("=")[0]
        if name.startswith("--") and name in seen and name != FILE:
            return name
        seen.add(name)
    return None


def is_file_missing(arguments: Sequence[str]) -> bool:
    """Whether the option that may be repeated has no value somewhere: Invoke takes that for none at all."""
    if is_completion(arguments):
        return False
    following = itertools.zip_longest(arguments, arguments[1:], fillvalue="--")
    return any(word == FILE and after.startswith("--") for word, after in following)


def _nearest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
