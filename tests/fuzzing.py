"""Trying a property for a time, instead of for a number of examples."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from verbatim import console

Input = TypeVar("Input")

#: How long; another number in the environment makes a shorter trial.
MINUTES = float(os.environ.get("FUZZ_MINUTES", "10"))


def for_ten_minutes(inputs: SearchStrategy[Input], body: Callable[[Input], object]) -> int:
    """Call ``body`` with one input after the other for as long; give how many it were. The first that fails is made small."""
    tried = 0
    end = time.monotonic() + MINUTES * 60

    @settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs)
    def some(value: Input) -> None:
        nonlocal tried
        if time.monotonic() < end:
            tried += 1
            body(value)

    while time.monotonic() < end:
        some()
    console.note(f"{tried} inputs tried")
    return tried
