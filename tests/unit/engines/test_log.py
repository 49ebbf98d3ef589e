"""What is heard of a job while it runs."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbatim.engines import log
from verbatim.engines.log import follow


def _heard(pieces: Sequence[bytes]) -> list[str]:
    lines: list[str] = []
    written = io.BytesIO()
    follow(pieces, written, lines.append)
    assert written.getvalue() == b"".join(pieces)
    return lines


@given(
    pieces=st.lists(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\xc3", b"\xbc", b"\0"])).map(b"".join))
)
def test_the_pieces_that_a_log_comes_in_do_not_matter(pieces: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_LONGEST", 4)
        whole = b"".join(pieces)
        lines = _heard(pieces)
        assert lines == _heard([whole]) == _heard([bytes([byte]) for byte in whole])
        assert all(len(line) <= 4 for line in lines)
        patch.setattr(log, "_LONGEST", 1 << 16)
        expected = whole.decode("utf-8", "replace").split("\n")
        assert _heard(pieces) == (expected if expected[-1] else expected[:-1])


def test_a_line_is_heard_when_it_is_whole_and_not_before() -> None:
    heard: list[str] = []

    def pieces() -> Iterator[bytes]:
        yield b"one\ntw"
        assert heard == ["one"]
        yield b"o\n"
        assert heard == ["one", "two"]
        yield b"x" * (1 << 16)
        assert len(heard) == 2
        yield b"x"
        assert heard[2:] == ["x" * (1 << 16)]

    follow(pieces(), io.BytesIO(), heard.append)
    assert heard[3:] == ["x"]
