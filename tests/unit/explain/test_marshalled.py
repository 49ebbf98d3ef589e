"""Byte-code of any maintained Python, read as data: the same code is the same however it is referred to, other code never."""

from __future__ import annotations

import copy
import importlib
import io
import marshal
import sys
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.bytecodes import SAMPLES, sample
from verbatim.paths import PROJECT


def recipe_module(name: str) -> ModuleType:
    """A module of the recipe, which runs where nothing of the project is."""
    folder = str(PROJECT / "recipes" / "explain")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


marshalled = recipe_module("marshalled")
layouts = recipe_module("layouts")
listed = recipe_module("listing")
bytecode = recipe_module("bytecode")


def digest(data: bytes) -> bytes:
    """Of one object."""
    reader = marshalled.Reader(data)
    thing = reader.read()
    reader.end()
    made: bytes = thing.digest
    return made


def identity(value: Any) -> Any:
    """What makes it what it is: 1, 1.0 and True are not the same, and a set has no order."""
    if isinstance(value, (tuple, list)):
        return type(value).__name__, tuple(identity(each) for each in value)
    if isinstance(value, (set, frozenset)):
        return type(value).__name__, frozenset(identity(each) for each in value)
    return type(value).__name__, marshal.dumps(value, 2)


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.just(...),
    st.integers(),
    st.integers(-(1 << 33), 1 << 33),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.binary(max_size=5),
    st.text(max_size=5),
    st.text("ab", min_size=250, max_size=260),
)
constants: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda below: st.one_of(
        st.lists(below, max_size=4).map(tuple),
        st.lists(below, max_size=4),
        st.frozensets(leaves, max_size=4),
    ),
    max_leaves=12,
)


@given(constants)
def test_the_same_is_the_same_however_it_is_referred_to(value: Any) -> None:
    held = [value, value]
    apart = [copy.deepcopy(value), copy.deepcopy(value)]
    ways = {digest(marshal.dumps(each, version)) for each in (held, apart) for version in (2, 3, 4)}
    assert len(ways) == 1


@given(constants, constants)
@example(0.0, -0.0)
@example(1, True)
@example(1 << 31, -(1 << 31))
@example("a", b"a")
@example((), [])
@example(("a", "b"), ("ab",))
@example(frozenset(), set())
def test_what_differs_never_is_the_same(one: Any, other: Any) -> None:
    is_same = identity(one) == identity(other)
    assert (digest(marshal.dumps(one)) == digest(marshal.dumps(other))) == is_same


#: The parts of code that can be set, but for the name of its file, which is told beside the digest.
CHANGES: dict[str, Any] = {
    "co_argcount": 1,
    "co_posonlyargcount": 0,
    "co_kwonlyargcount": 0,
    "co_stacksize": 99,
    "co_flags": 0x40,
    "co_code": bytes(4),
    "co_consts": ("evil",),
    "co_names": ("evil",),
    "co_name": "evil",
    "co_firstlineno": 9,
    "co_linetable": b"evil",
    "co_exceptiontable": b"evil",
}
SOURCE = 'def f(x, /, y=(1, 2.5, "a b"), *, z=1 << 40):\n    return [x in {"alpha beta", 1} for x in y]\n'


def layout() -> Any:
    """That of the Python that runs the tests, if it is one that is read."""
    return layouts.layout_of(importlib.util.MAGIC_NUMBER)


def read(code: CodeType) -> Any:
    return marshalled.read_code(marshal.dumps(code), layout())


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_any_part_of_code_is_seen(name: str) -> None:
    code = compile(SOURCE, "m.py", "exec")
    [function] = (each for each in code.co_consts if isinstance(each, CodeType))
    changed = function.replace(**{name: CHANGES[name]})
    within = tuple(changed if each is function else each for each in code.co_consts)
    assert read(code.replace(co_consts=within)).digest != read(code).digest
    assert "\n".join(listed.listing(read(changed))) != "\n".join(listed.listing(read(function)))


def test_the_name_of_the_file_is_told_beside_the_digest() -> None:
    here, there = (compile(SOURCE, f"/{place}/m.py", "exec") for place in ("build", "home"))
    assert read(here).digest == read(there).digest
    lines = listed.listing(read(there))
    assert "<module>, line 0 of /home/m.py" in lines or "<module>, line 1 of /home/m.py" in lines


@given(st.binary(max_size=60) | st.tuples(constants, st.integers(0, 200), st.integers(0, 255)))
def test_whatever_the_bytes_are_they_are_read_or_refused(given_: Any) -> None:
    if isinstance(given_, bytes):
        data = given_
    else:
        value, place, byte = given_
        made = bytearray(marshal.dumps(value))
        made[place % len(made)] = byte
        data = bytes(made)
    try:
        digest(data)
    except marshalled.UnreadableError:
        return


#: What Python's own reader takes, or dies of, and no writer writes.
ODD: dict[str, bytes] = {
    "too deep": b"(\1\0\0\0" * 1_000 + b"N",
    "a tuple in itself": b"\xa8\1\0\0\0r\0\0\0\0",
    "a reference to what is not there": b"r\0\0\0\0",
    "a reference before the beginning": b"r\xff\xff\xff\xff",
    "more members than bytes": b"(\xff\xff\xff\x7f",
    "fewer bytes than announced": b"s\4\0\0\0abc",
    "nothing": b"",
    "an object that is none": b"0",
    "None with a number": b"\xce",
    "a reference with a number": b"\xa9\0" + b"\xf2\0\0\0\0",
    "a number with leading zeros": b"l\2\0\0\0\1\0\0\0",
    "a digit beyond 15 bits": b"l\1\0\0\0\xff\xff",
    "a short number at length": b"l\1\0\0\0\1\0",
    "a number of no digits": b"l\0\0\0\0",
    "not ASCII": b"z\1\xe9",
    "not UTF-8": b"u\1\0\0\0\xe9",
    "a float as text": b"f\0031.5",
    "half a dictionary": b"{NN",
    "an unknown kind": b"?",
    "something behind": b"NN",
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD.keys())
def test_what_no_writer_writes_is_refused(data: bytes) -> None:
    with pytest.raises(marshalled.UnreadableError):
        digest(data)


def test_what_is_referred_to_again_and_again_is_read_once() -> None:
    """Written out, it would be 2 ** 100 objects."""
    data = b"\xa9\0"
    for number in range(100):
        data = b"\xa9\2" + data + b"r" + (100 - number).to_bytes(4, "little")
    assert digest(data)


def test_a_slice_is_read() -> None:
    one, other = (b":" + b"i" + bytes([start]) + bytes(3) + b"NN" for start in (1, 2))
    assert digest(one) != digest(other)


def lines(version: str, held: int, magic: int | None = None) -> Iterator[str]:
    data = sample(version, held)
    if magic is not None:
        data = magic.to_bytes(2, "little") + data[2:]
    yield from bytecode.describe(io.BytesIO(data))


@pytest.mark.parametrize(
    ("version", "magic"),
    [*((version, None) for version in SAMPLES), ("3.13", 3627), ("3.13", 3657), ("3.13", 3699)],
    ids=str,
)
def test_only_the_references_differ(version: str, magic: int | None) -> None:
    """What 3.14 and 3.15 write has the form of what 3.13 writes."""
    one, other = (list(lines(version, held, magic)) for held in (0, 1))
    differ = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    assert len(differ) == 1
    stored, plain = zip(*(line.split(", plain ") for line in differ[0]), strict=True)
    assert stored[0] != stored[1]
    assert plain[0] == plain[1]


@pytest.mark.parametrize("magic", [3425, 3494, 3600, 3700, 0])
def test_another_python_is_named(magic: int) -> None:
    *_, last = lines("3.13", 0, magic)
    assert last.endswith(", of a Python that is not read")


@pytest.mark.parametrize("damaged", [b"", b"a" * 15, importlib.util.MAGIC_NUMBER + bytes(12) + b"N"])
def test_what_is_not_byte_code_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"shorter|no code"):
        list(bytecode.describe(io.BytesIO(damaged)))
