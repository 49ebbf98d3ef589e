"""What benchmarks say of what they measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figure import Figure
from benchmarks.page import write_table
from benchmarks.workloads import WORKLOADS

_OURS = ("ours", {"one": [1.0, 2.0, 1.0], "other": [1.0, 1.0, 0.5]})
_PEERS = ("a peer", {"one": [2.0, 2.0, 2.0], "other": [2.0, 1.0, 4.0]})


def test_a_speed_is_the_mean_of_the_workloads_round_for_round() -> None:
    figure = Figure.speed(_OURS, _PEERS, 0.97)
    assert figure.values == pytest.approx([2.0, 1.0, 4.0])
    assert figure.columns == ("ours", "a peer", "2.000", "1.000 to 4.000", "at least 0.97", "yes", "")
    assert figure.parts == {"one": 2.0, "other": 2.0}


@pytest.mark.parametrize(("target", "met"), [(1.99, True), (2.01, False)])
def test_a_speed_must_not_be_less(target: float, met: bool) -> None:
    assert Figure.speed(_OURS, _PEERS, target).met is met


@pytest.mark.parametrize(("target", "met"), [(1.49, False), (1.51, True), (None, None)])
def test_a_time_must_not_be_more(target: float | None, met: bool | None) -> None:
    figure = Figure.ratio(("ours", [3.0]), ("a peer", [2.0]), target)
    assert figure.met is met
    assert figure.seconds == "3.0 s, 2.0 s"


def test_the_tables_take_the_place_of_the_last_ones(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    begin, end = "<!-- speed: written by ./invoke benchmark -->", "<!-- speed: up to here -->"
    page.write_text(f"before\n{begin}\n\nold\n\n{end}\nafter\n")
    figures = [Figure.speed(_OURS, _PEERS, 0.97), Figure.speed(_OURS, ("another", _PEERS[1]), 1.08)]
    write_table("speed", figures, "circumstances", page)
    written = page.read_text()
    assert written.startswith(f"before\n{begin}\n\n| measured | against |")
    assert written.endswith(f"\n\ncircumstances\n\n{end}\nafter\n")
    assert (
        "\n\n| of which | against a peer | against another |\n| --- | --- | --- |\n"
        "| one | 2.00 | 2.00 |\n| other | 2.00 | 2.00 |\n\n"
    ) in written
    assert "old" not in written


def test_no_workload_is_there_twice() -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS) >= 25
