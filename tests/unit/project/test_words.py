"""The words of the product: names, messages, docstrings, comments and pages are free of habits that slow a reader down."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documented import PROJECT


@dataclass(frozen=True)
class Habit:
    """A pattern of what nobody should write, and what to write instead."""

    pattern: re.Pattern[str]
    instead: str


def _habits(table: Mapping[str, str]) -> tuple[Habit, ...]:
    return tuple(Habit(re.compile(pattern), instead) for pattern, instead in table.items())


#: Patterns of a whole word in a name that the code defines, such as ``said`` in ``what_it_said``.
IN_NAMES = _habits(
    {
        "[Ss]aid": "what it is: output, parsed, fields, complaint, cell",
        "[Tt]old": "what it is: arguments, parameters, values",
        "[Tt]ried": "TestResult, or results",
        "Seen": "PublishedFile",
        "[Ee]xaminer": "comparer",
        "[Oo]utcome": "result, as in BuildResult",
        "[Ss]urroundings": "conditions, as in BuildConditions",
        "[Pp]atience|PATIENCE": "TIMEOUT, or RetryPolicy",
        "[Ss]trangers?": "unknown_rebuilders, or untrusted",
        "[Ff]avourite": "majority",
        "refuse_(difference|lack|files|failure)": "raise_for_difference and the like, as in requests",
        "in_our_terms": "as_verbatim_error",
    }
)

#: Patterns of a text: in a docstring, a comment, a message, a help text or a page.
IN_TEXTS = _habits(
    {
        r"(?<![Tt]here )\b(?:is|are) no (?!longer\b|more\b)\w+": "is not a …, or has no …",
        r"\bthere is no use\b": "is useless",
        r"\b(?:has|have) not(?=[.,;:)]| (?:all|its|just|the|a|his|her)\b|$)": "does not have",
        r"\bsee to\b": "check",
        r"\b[Ss]ee that\b": "check that",
        r"\bwhich this release has not\b": "which this release does not have",
        r"\bstrangers?(?:'s)?\b": "unknown rebuilders, or untrusted",
        r"\bcame of it\b": "the result, or why it failed",
        r"\b(?:is|was) to be said\b|\bwhat is said of\b": "say it: the verdict on, the comparison with",
        r"\baloud\b": "warns of, prints",
        r"\bby and by\b": "later",
        r"\blet be\b": "ignored",
        r"\bbe it\b": "whether, or even if",
        r"\bcomes? twice\b|\b(?:is|are) there twice\b": "appears twice",
        r"\b(?:is|are) there already\b": "already exists",
        r"\b(?:is|are) not there\b": "does not exist, or is missing",
        r"\b(?:that|if it) is none\b": "is not valid, or is unknown",
        r"\botherwise than\b": "other than, or differs from",
        r"\bin our terms\b": "the error to raise",
        r"\bfor want of\b": "since there is no",
        r"\b(?:be|was|were) had\b": "be fetched, or is available",
        r"\b(?:hold|holds|held|holding)\b[^.;:\n]{0,60}\bagainst\b": "compare with",
        r"\banew\b": "again",
        r"\bbehind (?:the|its|his|their) (?:end|data|name|host)\b|\bbehind it\b": "after",
        r"\bit said nothing\b": "it printed nothing",
        r"\b(?:goes|go|went) by\b": "uses, or depends on",
        r"\bt(?:ake|akes|aken|ook) (?:\w+ ){0,2}back\b": "withdraw",
        r"\bsays? nothing of\b": "does not have, or does not describe",
        r"\bnot raised but returned\b": "returned, not raised",
        r"\bat odds\b": "disagree",
        r"\baccounts? for\b": "explains",
        r"\bat hand\b": "available",
        r"\b(?:is|are) none of (?:its|his|their)\b": "is not",
        r"\bpassed over\b": "ignored, or skipped",
        r"\bwhose word counts\b": "whose attestations count",
        r"\bwhatever becomes of\b": "even if",
        r"\bnot looked at\b": "ignored",
        r"\bit could not be told\b": "it could not be determined",
        r"\bwholly\b": "completely",
        r"\bsays? otherwise\b": "differs",
    }
)

#: Texts that have one of these in another sense, with the reason.
EXCEPTIONS: Mapping[str, str] = {}

#: Pages that are not checked, with the reason.
UNCHECKED_PAGES = {
    "CHANGELOG.md": "past entries are not rewritten",
}

CODE = ("verbatim", "signing/verbatim_sign")
#: What a page quotes as the former words is struck out: ~~"is no plain file"~~.
_STRUCK_OUT = re.compile(r"~~.*?~~", re.DOTALL)


def defined_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each name that a module defines: of functions, classes, parameters, attributes, constants and variables."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr


def texts(source: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each string of more than one word and each comment, with its first line; what an f-string puts in is ``{}``."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(map(id, node.values))
            parts = (str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            # A single word is a key or a path, not a text.
            yield from [(node.lineno, node.value)] if " " in node.value.strip() else ()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _in_text(place: str, line: int, text: str) -> Iterator[str]:
    for habit in IN_TEXTS:
        for match in habit.pattern.finditer(text):
            if text not in EXCEPTIONS:
                number = line + text.count("\n", 0, match.start())
                yield f"{place}:{number}: {match[0]!r}: write {habit.instead}"


def complaints_on_code(source: str, place: str) -> list[str]:
    """The habits in a module: file, line, the word, and a better one."""
    tree = ast.parse(source)
    found = [
        f"{place}:{line}: the name {name!r}: write {habit.instead}"
        for line, name in defined_names(tree)
        for habit in IN_NAMES
        if re.search(rf"(?:^|_|(?<=[a-z]))(?:{habit.pattern.pattern})(?=$|_|[A-Z])", name)
    ]
    for line, text in texts(source, tree):
        found += _in_text(place, line, text)
    return sorted(found)


def complaints_on_page(page: str, place: str) -> list[str]:
    """The same for a page in Markdown; what is struck out is a quotation."""
    kept = _STRUCK_OUT.sub(lambda match: re.sub(r"[^\n]", "~", match[0]), page)
    return list(_in_text(place, 1, kept))


def classes(modules: Mapping[str, str]) -> dict[str, list[str]]:
    """The modules that define a class of each name, by the name."""
    found: dict[str, list[str]] = defaultdict(list)
    for place, source in modules.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(place)
    return found


def modules_of(*folders: str) -> dict[str, str]:
    paths = [path for folder in folders for path in sorted((PROJECT / folder).rglob("*.py"))]
    return {str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8") for path in paths}


def pages() -> Sequence[Path]:
    folders = ("docs", "nix", "benchmarks", "signing", "tests/vectors")
    found = [
        *PROJECT.glob("*.md"),
        *(path for folder in folders for path in (PROJECT / folder).rglob("*.md")),
    ]
    return [path for path in found if ".venv" not in str(path)]


@pytest.mark.parametrize(("place", "source"), modules_of(*CODE).items(), ids=lambda value: str(value)[:60])
def test_code_is_written_in_plain_words(place: str, source: str) -> None:
    assert complaints_on_code(source, place) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_pages_are_written_in_plain_words(page: Path) -> None:
    place = str(page.relative_to(PROJECT))
    if place not in UNCHECKED_PAGES:
        assert complaints_on_page(page.read_text(encoding="utf-8"), place) == []


def test_no_two_classes_have_one_name() -> None:
    twice = {name: places for name, places in classes(modules_of("verbatim")).items() if len(places) > 1}
    assert twice == {}


_MADE_UP = '''"""What came of it."""

SECONDS_OF_PATIENCE = 5

class Outcome:
    def refuse_difference(self, told: str) -> None:
        said = f"{told} is no archive,"
        # It is to be had
        # anew.
        raise ValueError(said, "see to it")
'''


def test_a_module_with_the_habits_is_found() -> None:
    assert complaints_on_code(_MADE_UP, "made_up.py") == [
        "made_up.py:10: 'see to': write check",
        "made_up.py:1: 'came of it': write the result, or why it failed",
        "made_up.py:3: the name 'SECONDS_OF_PATIENCE': write TIMEOUT, or RetryPolicy",
        "made_up.py:5: the name 'Outcome': write result, as in BuildResult",
        "made_up.py:6: the name 'refuse_difference': write raise_for_difference and the like, as in requests",
        "made_up.py:6: the name 'told': write what it is: arguments, parameters, values",
        "made_up.py:7: 'is no archive': write is not a …, or has no …",
        "made_up.py:7: the name 'said': write what it is: output, parsed, fields, complaint, cell",
        "made_up.py:8: 'be had': write be fetched, or is available",
        "made_up.py:9: 'anew': write again",
    ]


def test_a_page_with_the_habits_is_found_and_a_quotation_is_not() -> None:
    assert complaints_on_page('One.\n~~"it is no plain file"~~\nIt is no file.\n', "page.md") == [
        "page.md:3: 'is no file': write is not a …, or has no …"
    ]


def test_plain_sentences_are_not_found() -> None:
    text = "there is no file; it is no longer there, there are no more, and it has not been fetched"
    assert complaints_on_page(text, "page.md") == []


def test_two_classes_of_one_name_are_found() -> None:
    assert classes({"one.py": "class A: pass", "two.py": "class A: pass\nclass B: pass"}) == {
        "A": ["one.py", "two.py"],
        "B": ["two.py"],
    }
