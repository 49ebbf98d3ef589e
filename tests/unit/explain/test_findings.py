"""Reading diffoscope's report: as it is, damaged, hostile, or cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.diffoscope_reports import node, report
from verbatim.errors import IntegrityError
from verbatim.explain.findings import LONGEST_LINE, MOST_FINDINGS, Finding, LineChange, read_findings


def test_each_difference_has_its_place_and_its_view() -> None:
    findings, is_whole = read_findings(
        report(
            node(
                "member:x.tar",
                None,
                node("file list", "@@ -1 +1 @@\n-a\n+b\n"),
                node("member:d/a", "@@ -1 +1 @@\n-c\n+d\n"),
            ),
            node("xz --list", "@@ -1 +1 @@\n-e\n+f\n"),
        )
    )
    assert is_whole
    assert [(finding.members, finding.view, finding.changes) for finding in findings] == [
        (("x.tar",), "file list", [LineChange(("a",), ("b",))]),
        (("x.tar", "d/a"), "", [LineChange(("c",), ("d",))]),
        ((), "xz --list", [LineChange(("e",), ("f",))]),
    ]


def test_a_file_that_is_called_as_a_view_is_no_view() -> None:
    (finding,), _ = read_findings(report(node("member:file list", "@@ -1 +1 @@\n-a\n+b\n")))
    assert (finding.members, finding.view) == (("file list",), "")


def test_changes_are_what_is_not_the_same_in_each_place() -> None:
    diff = ("@@ -1,4 +1,4 @@", " a", "-b", "+c", "+d", " e", "-f", "\\ No newline at end of file", "+f")
    assert Finding((), "", diff).changes == [
        LineChange(("b",), ("c", "d")),
        LineChange(("f (without its end)",), ("f",)),
    ]


def test_remarks_on_what_has_parts_are_kept_with_the_first() -> None:
    (finding,), _ = read_findings(report(node("file list", "@@ -1 +1 @@\n-a\n+b\n"), comments=["something"]))
    assert finding.comments == ("something",)


@pytest.mark.parametrize(
    "made",
    [
        node("member:a", None),
        node("member:a", None, comments=("Timeout exceeded; details may be incomplete.",)),
        node("member:a", "@@ -1,9 +1,9 @@\n-a\n-[ 7 lines removed ]\n+b\n+[ 7 lines removed ]\n"),
        node("member:a", "@@ -1 +1 @@\n-a\n+[ Too much input for diff (SHA256: 00) ]\n"),
        node("member:a", f"@@ -1 +1 @@\n-a\n+{'b' * LONGEST_LINE}\n"),
        node("member:a", "@@ -1 +1 @@\n-a\n+b\n", comments=("Reached max container depth (12)",)),
        node("member:a", "@@ -1 +1 @@\n-a\n+b\n", comments=("'a.zip' has 2 duplicate entries",)),
    ],
)
def test_what_is_not_shown_whole_is_known_to_be_cut(made: dict[str, Any]) -> None:
    (finding,), _ = read_findings(report(made))
    assert not finding.is_whole


def test_of_too_many_differences_the_first_are_taken() -> None:
    findings, is_whole = read_findings(
        report(*(node(f"member:{number}", "-a\n") for number in range(MOST_FINDINGS + 1)))
    )
    assert len(findings) == MOST_FINDINGS
    assert not is_whole


def nested(depth: int) -> bytes:
    inner = '{"source1":"member:a","source2":"a","unified_diff":null,"details":[' * depth
    return b'{"diffoscope-json-version":1,' + inner[1:].encode() + b"]}" * depth


def test_what_lies_too_deep_is_cut() -> None:
    findings, _ = read_findings(nested(60))
    assert any(not finding.is_whole for finding in findings)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"Traceback (most recent call last):",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"diffoscope-json-version": 1',
        b"[" * 1_000_000,
        nested(100_000),
        report(node("a"))[:-10],
        report(node("a", 1)),  # type: ignore[arg-type]
        report({"source1": "a"}),
        report(node("a"), **{"diffoscope-json-version": 2}),
        report(node("a"), unknown=1),
        report(node("a"), details="none"),
        b'{"diffoscope-json-version": ' + b"1" * 10_000 + b"}",
    ],
    ids=range(15),
)
def test_what_is_no_report_is_refused(bad: bytes) -> None:
    with pytest.raises(IntegrityError, match="report cannot be read"):
        read_findings(bad)


def test_names_need_not_be_unicode() -> None:
    (finding,), _ = read_findings(report(node("member:\udcff\ud800", "@@ -1 +1 @@\n-a\0\n+b\n")))
    assert finding.members == ("??",)
    assert "\0" not in "".join(finding.diff)


@given(st.text(), st.text())
def test_any_name_and_any_text_can_be_read(name: str, text: str) -> None:
    findings, _ = read_findings(report(node(f"member:{name}", f"@@ -1 +1 @@\n-{text}\n+\n")))
    assert len(findings) == 1
