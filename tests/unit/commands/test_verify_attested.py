"""What others have attested of a file that is verified."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.rebuilders import ALICE, BOB, CAROL, GIT, HASHES, RELEASE, hashes_of, statement, write_policy
from verbatim.commands.verify import Verified, attestations_of
from verbatim.compare.comparison import File
from verbatim.compare.verdict import Verdict
from verbatim.published.comparer import PublishedFile, PublishedPair
from verbatim.report.verification import show_verified

TODAY = date(2026, 1, 1)
_, TGZ = RELEASE.source_tarballs


def verified() -> Verified:
    ours = File(TGZ, HASHES[TGZ])
    pair = PublishedPair(
        TGZ, ours, None, Verdict("identical", "identical"), seen=PublishedFile(None, "offline")
    )
    return Verified([pair], RELEASE, GIT)


def lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    attested = attestations_of(RELEASE, folder, None, TODAY)
    show_verified(replace(verified(), attested=attested), as_json=False)
    return [line.strip() for line in capsys.readouterr().out.splitlines() if "attested by" in line]


def test_who_got_the_same_bytes_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_policy(tmp_path)
    for person in (ALICE, BOB):
        person.attest(tmp_path)
    assert lines(tmp_path, capsys) == ["attested by alice, bob (2 in all, 2 needed)"]


def test_who_got_other_bytes_is_said_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_policy(tmp_path)
    ALICE.attest(tmp_path)
    CAROL.attest(tmp_path, statement(hashes_of(RELEASE, "c")))
    expected = "attested by alice (1 in all, 2 needed); other bytes were attested by carol"
    assert lines(tmp_path, capsys) == [expected]
    show_verified(replace(verified(), attested=attestations_of(RELEASE, tmp_path, None, TODAY)), as_json=True)
    [artifact] = json.loads(capsys.readouterr().out)["artifacts"]
    assert artifact["attested"] == {
        "confirm": ["alice"],
        "object": ["carol"],
        "needed": 2,
        "result": "blocked",
    }


@pytest.mark.parametrize("has_policy", [False, True])
def test_without_attestations_nothing_is_said(
    has_policy: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if has_policy:
        write_policy(tmp_path)
    else:
        ALICE.attest(tmp_path)
    assert lines(tmp_path, capsys) == []
