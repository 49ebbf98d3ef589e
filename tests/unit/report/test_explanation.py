"""An explanation, and the page of it: what is in it, and what hostile names and lines cannot put there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.program import Ended, run_in_process
from verbatim.commands.compare import Compared
from verbatim.compare.comparison import File
from verbatim.compare.pairs import Pair
from verbatim.compare.verdict import Verdict
from verbatim.environments.rootfs import Root
from verbatim.errors import NetworkError
from verbatim.explain.explanation import Explanation, explain_findings
from verbatim.explain.findings import Finding
from verbatim.report.comparison import show_compared
from verbatim.report.explanation import (
    LONGEST,
    MOST_IN_A_ROW,
    MOST_PLACES,
    MOST_SHOWN,
    visible,
    write_explanation,
)

DATE = Finding(("x.tar", "d/a"), "", ("@@ -1 +1 @@", "-on 2025-06-11", "+on 2026-01-02"), ("a remark",))
LISTING = Finding(
    ("x.tar",),
    "file list",
    (
        "@@ -1 +1,2 @@",
        " same",
        "+-rw-r--r--   0        0        0        7 2025-06-12 00:00:00.000000 d/evil.sh",
    ),
)
NAME = "Python-3.13.5.tar.xz"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def compared(
    *explanations: Explanation | None, name: str = NAME, text: str = "different: something"
) -> Compared:
    """A comparison of as many artifacts, each different and explained so."""
    names = [name, *(f"{number}-{name}" for number in range(1, len(explanations)))]
    pairs = []
    for each in names:
        first, second = (File(each, digit * 64) for digit in "01")
        pairs.append(Pair(each, first, second, Verdict("different", text)))
    known = {each: why for each, why in zip(names, explanations, strict=True) if why is not None}
    return Compared(pairs, explanations=known)


def page(*explanations: Explanation | None) -> str:
    write_explanation(compared(*explanations), Path("page.html"))
    return Path("page.html").read_text("utf-8")


class Reader(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def test_the_page_tells_the_artifact_the_verdict_the_member_the_cause_and_the_lines() -> None:
    text = Reader(page(explain_findings([DATE, LISTING]))).text
    for part in (
        NAME,
        "different: something",
        "x.tar › d/a",
        "build date",
        "added or removed",
        "-on 2025-06-11",
        "+on 2026-01-02",
        "a remark",
        "SOURCE_DATE_EPOCH",
        "0" * 64,
    ):
        assert part in text


def test_the_gravest_comes_first() -> None:
    text = Reader(page(explain_findings([DATE, LISTING]))).text
    assert text.index("+-rw-r--r--") < text.index("-on 2025-06-11")
    assert text.index("added or removed") < text.index("build date")


def test_a_pair_that_failed_does_not_hide_the_others() -> None:
    text = Reader(page(Explanation(unseen="it took longer than 5 seconds"), explain_findings([DATE]))).text
    assert "it took longer than 5 seconds" in text
    assert "build date" in text


def test_what_is_identical_is_listed_and_no_more() -> None:
    reader = Reader(page(None))
    assert NAME in reader.text
    assert "nothing to explain" in reader.text
    assert "article" not in reader.tags


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    text = page(explain_findings([DATE, LISTING]), Explanation(unseen="no"))
    reader = Reader(text)
    assert {"script", "link", "img", "iframe", "object", "form", "base"}.isdisjoint(reader.tags)
    names = {name for name, _ in reader.attributes}
    assert names.isdisjoint({"src", "style"}) and not [name for name in names if name.startswith("on")]
    assert all(str(value).startswith("#") for name, value in reader.attributes if name == "href")
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in reader.attributes
    assert "url(" not in text and "@import" not in text


def test_every_link_leads_somewhere() -> None:
    reader = Reader(page(explain_findings([DATE, LISTING]), None, explain_findings([DATE])))
    places = {f"#{value}" for name, value in reader.attributes if name == "id"}
    links = {value for name, value in reader.attributes if name == "href"}
    assert links <= places and len(links) == 5


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7 * 7 }}&lt;</style></pre>"


@pytest.mark.parametrize(
    "evil", [EVIL, "javascript:alert(1)", "\x1b[2J\x07", "\u202eevil\u2066", "a" * 100_000]
)
def test_hostile_text_is_only_text(evil: str) -> None:
    def told(text: str) -> str:
        finding = Finding((text, text), text, (f"-{text}", f"+{text}", text), (text,))
        explanation = Explanation(explain_findings([finding]).findings, text)
        write_explanation(compared(explanation, name=text, text=text), Path("page.html"))
        return Path("page.html").read_text("utf-8")

    text = told(evil)
    assert Reader(text).tags == Reader(told("harmless")).tags
    assert "49" not in Reader(text).text
    assert not set(text) & set("\x1b\x07\u202e\u2066\r\0")
    assert len(text) < 40_000


@given(st.text())
def test_whatever_is_shown_can_be_seen_and_is_one_line(text: str) -> None:
    shown = visible(text)
    assert all(character.isprintable() or character == "\t" for character in shown)
    assert len(shown) < 9 * LONGEST + 50


def test_what_cannot_be_seen_is_told_by_its_number() -> None:
    assert visible("a\r\x1b\x7f\u202e\u200b") == "a␍␛⟨U+007F⟩⟨U+202E⟩⟨U+200B⟩"


def test_what_is_left_out_is_said() -> None:
    def text(*diff: str) -> str:
        return Reader(page(explain_findings([replace(DATE, diff=diff)]))).text

    assert "… and 9 more such lines" in text(*(f"-{number}" for number in range(MOST_IN_A_ROW + 9)))
    assert "up to line 1,000" in text(*(f"{'-+'[number % 2]}{number}" for number in range(1_000)))
    assert f"{9_999 - LONGEST + 1:,} more characters" in text("-" + "a" * 9_999)
    many = explain_findings([replace(DATE, members=(str(number),)) for number in range(MOST_SHOWN + 5)])
    assert "The lines of 5 more differences are not shown" in Reader(page(many)).text
    assert f"and {MOST_SHOWN + 5 - MOST_PLACES} more" in Reader(page(many)).text


def test_of_a_long_difference_both_sides_are_shown() -> None:
    lines = ["@@ -1,900 +1,900 @@", *["-old"] * 900, *["+new"] * 900]
    assert "+new" in Reader(page(explain_findings([replace(DATE, diff=tuple(lines))]))).text


def test_what_was_not_seen_is_said() -> None:
    late = replace(DATE, comments=("Timeout exceeded; details may be incomplete.",))
    assert "limit of time" in explain_findings([DATE, late]).unseen
    assert "more than 1,000 differences" in explain_findings([DATE], is_whole=False).unseen
    assert explain_findings([DATE]).unseen == ""


# On the screen, and for programs.


def test_causes_are_listed_with_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    explanation = replace(explain_findings([DATE, LISTING]), unseen="it took too long")
    show_compared(compared(explanation), as_json=False)
    assert capsys.readouterr().out.splitlines()[2:] == [
        "  likely causes",
        "    added or removed: x.tar",
        "    build date: x.tar › d/a",
        "  not completely explained: it took too long",
    ]
    show_compared(compared(explanation), as_json=True)
    [artifact] = json.loads(capsys.readouterr().out)["artifacts"]
    assert artifact["explanation"] == {
        "causes": [
            {"name": "added or removed", "kind": "content", "places": ["x.tar"]},
            {"name": "build date", "kind": "trace", "places": ["x.tar › d/a"]},
        ],
        "unseen": "it took too long",
    }


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    for name, content in (("a", "on 2025-06-11"), ("b", "on 2025-06-12"), ("c", "on 2025-06-11")):
        Path(name).write_text(content)
    return lambda *arguments: run_in_process(["compare", *arguments], monkeypatch, capsys)


def test_a_verdict_does_not_wait_for_an_explanation_that_cannot_be_had(
    run: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> Root:
        raise NetworkError("no mirror answers")

    monkeypatch.setattr("verbatim.commands.explain.ensure_root", refused)
    ended = run("a", "b", "--explain", "--html", "page.html")
    assert ended.status == 1
    assert "not completely explained: no mirror answers" in ended.out
    assert "what differs, and why, is in page.html" in ended.err
    assert "no mirror answers" in Path("page.html").read_text("utf-8")


def test_what_is_identical_needs_no_explanation(run: Callable[..., Ended]) -> None:
    ended = run("a", "c", "--explain", "--json")
    assert ended.status == 0
    assert json.loads(ended.out)["artifacts"][0]["explanation"] is None
    assert "nothing to explain" in Path("explanation.html").read_text("utf-8")


def test_a_page_of_what_was_not_asked_for_is_refused(run: Callable[..., Ended]) -> None:
    ended = run("a", "b", "--html", "page.html")
    assert (ended.status, ended.out) == (2, "")
    assert "add --explain" in ended.complaint
