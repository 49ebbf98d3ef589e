"""The first line of a verification: what a file is, in words for everybody."""

from __future__ import annotations

from typing import Literal

from verbatim.published.comparer import PublishedPair
from verbatim.sources.source import Identity

#: What a first line begins with.
Answer = Literal[
    "GENUINE",
    "GENUINE, not made again",
    "GENUINE, but wrongly signed",
    "NOT python.org's file",
    "NOT the file that was published",
    "NOT made from this source",
    "UNDECIDED",
]

_MANAGER = "signed by python.org's release manager"


def headline(pair: PublishedPair, source: Identity) -> tuple[Answer, str]:
    """The verdict on one file: what it is, and how that is known."""
    subject, origin = _subject(pair), _origin(source)
    match pair.verdict.judgement:
        case "identical" | "equivalent" if any(each.is_alarm for each in pair.signatures):
            return (
                "GENUINE, but wrongly signed",
                f"{subject} was built again here {origin}; see its signatures",
            )
        case "identical":
            return "GENUINE", _identical(pair, subject, origin)
        case "equivalent":
            return _equivalent(pair, subject, origin)
        case "different":
            return _different(pair, subject, origin)
        case _:
            why = pair.verdict.text.removeprefix("undecided: ")
            return "UNDECIDED", f"{pair.name} could not be compared: {why}"


def style(answer: Answer) -> str:
    """Its colour on a terminal."""
    if answer == "GENUINE":
        return "bold green"
    return "bold red" if answer.startswith("NOT") or answer.endswith("wrongly signed") else "bold yellow"


def _subject(pair: PublishedPair) -> str:
    if pair.seen.is_users:
        return f"your file {pair.seen.where}"
    return pair.name if pair.seen.file is None else f"{pair.name}, as it is served now,"


def _origin(source: Identity) -> str:
    if source.kind == "git":
        return f"from commit {source.digest['gitCommit']}"
    return f"from the tarball {source.name}, not from git"


def _identical(pair: PublishedPair, subject: str, origin: str) -> str:
    if pair.seen.file is None:
        return f"{subject} has the published hash, and was built again here {origin}"
    if _is_published(pair):
        return f"{subject} is python.org's own file, and was built again here {origin}"
    if _is_signed(pair):
        return f"{subject} is {_MANAGER}, and was built again here {origin}"
    return f"{subject} has the bytes that were built here {origin}"


def _equivalent(pair: PublishedPair, subject: str, origin: str) -> tuple[Answer, str]:
    """The reason is behind the verdict's first words, where the bits cannot be made again."""
    own = " is python.org's own file, and" if _is_published(pair) else ""
    comparison = pair.verdict.comparison
    if own and pair.name.endswith(".tar") and comparison and comparison.stabilizers == ("compression",):
        return "GENUINE", f"{subject}{own} its tar stream was made again here {origin}"
    reason = pair.verdict.text.partition("; ")[2]
    text = f"{subject}{own} has the contents that were built here {origin}"
    return "GENUINE, not made again", f"{text}; {reason}" if reason else text


def _different(pair: PublishedPair, subject: str, origin: str) -> tuple[Answer, str]:
    if _is_published(pair):
        return (
            "NOT made from this source",
            f"{subject} is python.org's own file, but not what was built here",
        )
    if not _is_signed(pair):
        return "NOT python.org's file", f"{subject} differs from what was built here {origin}"
    if pair.published is None:
        return "NOT made from this source", f"{subject} is {_MANAGER}, but not what was built here"
    return (
        "NOT the file that was published",
        f"{subject} is {_MANAGER}, but does not have the hash that was published",
    )


def _is_published(pair: PublishedPair) -> bool:
    return pair.seen.file is not None and pair.seen.file.sha256 == pair.published


def _is_signed(pair: PublishedPair) -> bool:
    return any(signature.state == "good" for signature in pair.signatures)
