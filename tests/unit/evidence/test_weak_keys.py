"""Keys for which anybody can sign: points of small order, calculated here from the curve itself (RFC 8032, 5.1)."""

from __future__ import annotations

import pytest
import tomli_w
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from verbatim_sign.errors import PolicyError
from verbatim_sign.policy import Policy as SigningPolicy

from tests.policies import policy_of
from verbatim.evidence.policy import Policy

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_L = 2**252 + 27742317777372353535851937790883648493

Point = tuple[int, int]


def _added(first: Point, second: Point) -> Point:
    """The curve is -x² + y² = 1 + dx²y²."""
    (x1, y1), (x2, y2) = first, second
    k = _D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + k, -1, _P) % _P,
        (y1 * y2 + x1 * x2) * pow(1 - k, -1, _P) % _P,
    )


def _times(number: int, point: Point) -> Point:
    result = (0, 1)
    for bit in f"{number:b}":
        result = _added(result, result)
        if bit == "1":
            result = _added(result, point)
    return result


def _point(y: int) -> Point | None:
    """A point with that y, if there is one."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    x = x if x * x % _P == square else x * pow(2, (_P - 1) // 4, _P) % _P
    return (x, y) if x * x % _P == square else None


def _torsion() -> set[Point]:
    """The points whose eightfold is nothing: whatever has order 8 generates them."""
    found: set[Point] = set()
    y = 2
    while len(found) < 8:
        point = _point(y)
        y += 1
        if point is not None:
            rest = _times(_L, point)
            found = {_times(number, rest) for number in range(8)}
    return found


def _encodings() -> list[str]:
    """Each way to write one: with either sign of x, and with y or, where that fits into 255 bits, y + p."""
    ys = {y for _, y in _torsion()}
    every = {each for y in ys for each in (y, y + _P) if each < 2**255}
    return sorted((y + sign * 2**255).to_bytes(32, "little").hex() for y in every for sign in (0, 1))


_WEAK = _encodings()


def _refused(public: str) -> bool:
    """By both programs, or by neither."""
    content = policy_of({"alice": {"kind": "own", "keys": [{"ed25519": public}]}})
    refused = []
    for load in (Policy.model_validate, lambda said: SigningPolicy.parse(tomli_w.dumps(said).encode(), "x")):
        try:
            load(content)
        except (ValidationError, PolicyError):
            refused.append(True)
        else:
            refused.append(False)
    assert refused[0] == refused[1]
    return refused[0]


def test_there_are_eight_points_and_fourteen_ways_to_write_them() -> None:
    assert len(_torsion()) == 8
    assert len(_WEAK) == 14


@pytest.mark.parametrize("public", _WEAK)
def test_a_point_of_small_order_is_refused(public: str) -> None:
    assert _refused(public)


def test_the_library_takes_what_nobody_signed() -> None:
    """Why these are refused here: R and S are those of the neutral element."""
    neutral = "01" + "00" * 31
    signature = bytes.fromhex(neutral) + bytes(32)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(neutral)).verify(signature, b"whatever it is")


@given(y=st.integers(_P, 2**255 - 1), sign=st.integers(0, 1))
def test_a_second_way_to_write_a_key_is_refused(y: int, sign: int) -> None:
    assert _refused((y + sign * 2**255).to_bytes(32, "little").hex())


@given(secret=st.binary(min_size=32, max_size=32))
def test_a_key_that_somebody_made_is_taken(secret: bytes) -> None:
    assert not _refused(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex())
