"""What several engines made: the artifacts that they dispute."""

from __future__ import annotations

from pathlib import Path

import pytest

from verbatim.stages.agreement import disputed_artifacts
from verbatim.stages.plan import Artifact


def _made(**hashes: str) -> list[Artifact]:
    return [Artifact(Path(name), 1, sha256) for name, sha256 in hashes.items()]


@pytest.mark.parametrize(
    ("by_engine", "disputed"),
    [
        ({}, []),
        ({"sandbox": _made(a="1", b="2")}, []),
        ({"sandbox": _made(a="1", b="2"), "docker": _made(b="2", a="1")}, []),
        ({"sandbox": _made(a="1", b="2"), "docker": _made(a="1", b="3")}, ["b"]),
        ({"sandbox": _made(b="1", a="2"), "docker": _made(b="3", a="4")}, ["a", "b"]),
        ({"sandbox": _made(a="1"), "docker": _made(a="1"), "nix": _made(a="2")}, ["a"]),
    ],
)
def test_artifacts_are_disputed_if_anybody_made_others(
    by_engine: dict[str, list[Artifact]], disputed: list[str]
) -> None:
    assert disputed_artifacts(by_engine) == disputed
