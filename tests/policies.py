"""Policies that the main program and the signing stage both read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = {"own": "each", "hosted": "once", "cloud": "once"}
#: Of no moment for the number of voices.
_SIGNING = {
    "commit": "1" * 40,
    "identity": "x",
    "issuer": "x",
    "artifacts": {"source": ["x"]},
    "inputs": {"recipe/source": "a" * 64},
}


def policy_of(rebuilders: Mapping[str, Any]) -> dict[str, Any]:
    """A policy with these, that both programs read."""
    return {
        "threshold": {"*": 1},
        "sources": ["git"],
        "kinds": KINDS,
        "rebuilders": rebuilders,
        "signing": {"3.13.99": _SIGNING},
    }
