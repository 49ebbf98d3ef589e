"""What the exit status of a build follows from: the verdicts on its artifacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from verbatim.commands.build import BuildResult
from verbatim.compare.verdict import Verdict
from verbatim.errors import MismatchError, UndecidedError
from verbatim.sources.source import Identity
from verbatim.stages.plan import Artifact

NAMES = ("a.tgz", "b.tgz")
SAME = Verdict("identical", "identical to python.org")
OTHER = Verdict("different", "differs from python.org")
UNEXPLAINED = Verdict("undecided", "undecided: its hash is not the published one", is_unexplained=True)
#: The other compression has the same contents, and nobody can make its bits again.
NOT_AVAILABLE = Verdict("undecided", "undecided: the published file cannot be had here")
UNPUBLISHED = Verdict("unpublished", "nothing is published to compare with")


def result(*verdicts: Verdict) -> BuildResult:
    artifacts = [Artifact(Path(name), 1, "0" * 64) for name in NAMES]
    source = Identity("tarball", "a.tgz", {"sha256": "0" * 64})
    return BuildResult(
        "source", Path("dist"), False, source, artifacts, list(verdicts), {"sandbox": artifacts}
    )


@pytest.mark.parametrize("verdict", [SAME, NOT_AVAILABLE, UNPUBLISHED])
def test_what_contradicts_nothing_is_no_error(verdict: Verdict) -> None:
    result(SAME, verdict).raise_for_difference()


def test_a_difference_is_an_error_of_its_own_and_comes_first() -> None:
    with pytest.raises(MismatchError, match=r"^b\.tgz: not what python\.org published"):
        result(UNEXPLAINED, OTHER).raise_for_difference()


def test_another_hash_that_nothing_explains_is_undecided() -> None:
    with pytest.raises(
        UndecidedError, match=r"^b\.tgz: not the published hash, and the published file is not"
    ):
        result(SAME, UNEXPLAINED).raise_for_difference()
