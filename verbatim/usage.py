"""What the user may have meant: help that is asked for after a command, and names that are nearly right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence

from invoke.exceptions import ParseError

#: What Invoke's parser says of a word that is neither a command nor an option.
_UNKNOWN = re.compile(r"No idea what '(?P<word>.+)' is!", re.DOTALL)
#: What else it says, and what it means.
_MEANINGS = (
    (re.compile(r"Flag <Argument: (\w+).*> needed value and was not given one!"), r"--\1 needs a value"),
    (re.compile(r"'(.+)' did not receive required positional arguments: (.+)"), r"\1 also needs \2"),
    (re.compile(r"invalid literal for int\(\) with base 10: (.+)", re.DOTALL), r"\1 is not a number"),
)


def in_invokes_order(arguments: Sequence[str]) -> list[str]:
    """The arguments as Invoke's parser understands them: help before a command, and the file to verify as an option.

    The parser would ask for what a command needs before it comes to ``--help``, and has no arguments that may be left out.
    """
    program, *words = arguments
    if words and not words[0].startswith("-") and {"-h", "--help"} & set(words):
        return [program, "--help", words[0]]
    if words[:1] == ["verify"] and len(words) > 1 and not words[1].startswith("-"):
        return [program, "verify", "--against", *words[1:]]
    return list(arguments)


def explained(error: Exception, commands: Collection[str]) -> str:
    """What is wrong with a command line, and the name that comes nearest, if there is one."""
    unknown = _UNKNOWN.fullmatch(str(error))
    if unknown is None:
        return _meant(str(error))
    word = unknown["word"]
    context = error.context if isinstance(error, ParseError) else None
    if word.startswith("-"):
        of = f" of {context.name}" if context is not None and context.name else ""
        return f"{word!r} is not an option{of}{_nearest(word, context.flags if context is not None else ())}"
    return f"{word!r} is not a command{_nearest(word, commands)}"


def _meant(text: str) -> str:
    for pattern, meaning in _MEANINGS:
        if match := pattern.fullmatch(text):
            return match.expand(meaning).replace("_", "-")
    return text


def repeated(arguments: Sequence[str]) -> str | None:
    """The first long option that appears twice: Invoke takes the second value for a command."""
    seen: set[str] = set()
    for word in arguments:
        name = word.partition("=")[0]
        if name.startswith("--") and name in seen:
            return name
        seen.add(name)
    return None


def _nearest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
