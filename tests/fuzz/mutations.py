"""Strategies that spoil bytes and documents, and a loop that runs a parser over them.

A parser is fine if it gives something, or raises one of its own refusals; anything else is a traceback on somebody's screen.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

#: What parsers of text stumble over.
TOKENS = [
    b"null",
    b"true",
    b"-0",
    b"1e999",
    b"9" * 4301,
    b"NaN",
    b'"\\ud800"',
    b'"\\u0000"',
    b"{}",
    b"[]",
    b"[[[[[[[[",
    b'""',
    b'"a":1,',
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\0",
    b"\r",
    b"\n",
    b"\x1b[2J",
    b"0x1",
    b"1979-05-27",
    b'"""',
    b"'''",
    b"[[a]]\n",
    b"a.b.c=1\n",
    b"inf",
    b"\xe2\x80\xae",
]
#: What a value in a document may be instead.
VALUES: list[object] = [
    None,
    True,
    "",
    "x",
    "\ud800",
    "a\nb",
    "a\0b",
    "\u202e",
    "0" * 64,
    "\u0663" * 64,
    "a" * 2000,
    [],
    {},
    [[]],
    {"a": "b"},
    ["x", "x"],
    1,
    -1,
    1.5,
    10**400,
]


@st.composite
def spoiled_bytes(draw: st.DrawFn, seeds: Sequence[bytes], tokens: Sequence[bytes] = TOKENS) -> bytes:
    """One of the seeds, altered in a few places."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([1, 1, 2, 8, 64, 512]))
        match draw(st.sampled_from(["insert", "token", "delete", "flip", "repeat", "cut", "overwrite"])):
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "token":
                data[at:at] = draw(st.sampled_from(tokens))
            case "delete":
                del data[at : at + length]
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "repeat":
                data[at:at] = data[at : at + length]
            case "cut":
                del data[at:]
            case "overwrite":
                data[at : at + length] = (
                    bytes([draw(st.sampled_from([0, 0x20, 0x30, 0x7F, 0x80, 0xFF]))]) * length
                )
            case _:
                pass
    return bytes(data)


@st.composite
def spoiled_documents(draw: st.DrawFn, seeds: Sequence[Any], values: Sequence[object] = VALUES) -> Any:
    """One of the seeds, with other values, without some, and with more, in a few places."""
    document = copy.deepcopy(seeds[draw(st.integers(0, len(seeds) - 1))])
    for _ in range(draw(st.integers(1, 3))):
        spots = list(_spots(document))
        if not spots:
            return document
        holder, step = spots[draw(st.integers(0, len(spots) - 1))]
        # A copy, since it may be altered afterwards itself.
        value = copy.deepcopy(values[draw(st.integers(0, len(values) - 1))])
        match draw(st.sampled_from(["replace", "remove", "add", "double", "spoil", "inside"])):
            case "replace":
                holder[step] = value
            case "remove":
                del holder[step]
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from(["more", "a\nb", "", "sha256", "\ud800"]))] = value
            case "double" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[step]))
            case "spoil" if isinstance(holder[step], str):
                holder[step] = _spoiled_text(draw, holder[step])
            case "inside" if isinstance(holder[step], str):
                holder[step] = _spoiled_inside(draw, holder[step])
            case _:
                pass
    return document


def _spoiled_inside(draw: st.DrawFn, text: str) -> str:
    """What is base64 says something else: a certificate, a payload, a signature."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return text
    return base64.b64encode(draw(spoiled_bytes([data], [b"\x02\x01\x09", b"\x30\x80", b"\xff" * 9]))).decode()


def _spoiled_text(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    other = draw(st.one_of(st.text(max_size=3), st.sampled_from(["\n", "\0", ".", "/", "=", "A", "\ud800"])))
    return text[:at] + other + text[at + draw(st.integers(0, 2)) :]


def _spots(document: Any) -> Iterator[tuple[Any, Any]]:
    entries: Any = ()
    if isinstance(document, dict):
        entries = list(document.items())
    elif isinstance(document, list):
        entries = list(enumerate(document))
    for step, value in entries:
        yield document, step
        yield from _spots(value)


def run(
    probe: Callable[[Any], None], strategy: st.SearchStrategy[Any], *, examples: int, number: int = 0
) -> int:
    """Run a probe over so many examples, always the same for the same number; how many there were."""
    ran = 0

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(example: Any) -> None:
        nonlocal ran
        ran += 1
        probe(example)

    each()
    return ran
