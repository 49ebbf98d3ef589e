"""What a job with limits may take."""

from __future__ import annotations

import threading

import pytest

from verbatim.sandboxing.limits import JobLimits, LimitError

LIMITS = JobLimits(seconds=60, output_bytes=10, space=1, files=1)


def test_what_is_printed_is_passed_on_up_to_the_limit() -> None:
    assert list(LIMITS.counted([b"12345", b"67890"])) == [b"12345", b"67890"]
    passed = LIMITS.counted([b"12345", b"678901", b"more"])
    assert next(passed) == b"12345"
    with pytest.raises(LimitError, match="printed more than 10 bytes"):
        next(passed)


def test_what_takes_too_long_is_killed_and_told() -> None:
    killed = threading.Event()
    with pytest.raises(LimitError, match="longer than 0 seconds"), JobLimits(0, 1, 1, 1).timed(killed.set):
        assert killed.wait(20)


def test_what_ends_in_time_is_left_alone() -> None:
    killed = threading.Event()
    with LIMITS.timed(killed.set):
        pass
    assert not killed.is_set()


def test_another_error_is_not_taken_for_a_limit() -> None:
    killed = threading.Event()
    with pytest.raises(KeyError), LIMITS.timed(killed.set):
        raise KeyError
    assert not killed.is_set()
