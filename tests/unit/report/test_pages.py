"""``--html``: a page takes the place of another page of Verbatim's, and of nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import Ended, run_in_process
from tests.rebuilders import ALICE, write_policy
from verbatim.errors import UsageError
from verbatim.report import pages
from verbatim.report.generated import MARK
from verbatim.report.pages import write_html

Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Path(name).write_bytes(b"the same")
    Path("attestations", "3.13.5").mkdir(parents=True)
    write_policy(Path("attestations"), (ALICE,))
    return lambda *arguments: run_in_process(arguments, monkeypatch, capsys)


WRITERS = {
    "compare": ("compare", "a", "b", "--explain", "--html", "page.html"),
    "check": ("check", "--version", "3.13.5", "--html", "page.html"),
}


@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(
    "content", [b"my thesis", b"", b"<title>Verbatim</title>", b" " * 5000 + MARK.encode()]
)
def test_a_file_of_somebody_else_is_refused_and_stays(
    run: Run, arguments: tuple[str, ...], content: bytes
) -> None:
    Path("page.html").write_bytes(content)
    ended = run(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.complaint == (
        "error: --html page.html exists, and Verbatim did not write it; name a new file, or move that one away"
    )
    assert Path("page.html").read_bytes() == content


@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS)
def test_a_page_of_verbatim_is_written_again(run: Run, arguments: tuple[str, ...]) -> None:
    for _ in range(2):
        ended = run(*arguments)
        assert "did not write it" not in ended.err
        page = Path("page.html").read_text("utf-8")
        assert re.search(r"<title>.+</title>", page)
        assert MARK in page[:1024]
        # The second time, it is another page's.
        Path("page.html").write_text(f"{MARK}\nof yesterday", encoding="utf-8")


@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS)
def test_no_folder_is_made(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments[:-1], "new/page.html")
    assert ended.status == 2
    assert "--html new/page.html: its folder does not exist" in ended.complaint
    assert not Path("new").exists()


def test_a_file_that_appears_during_the_work_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("my thesis")
    with pytest.raises(UsageError, match="did not write it"):
        write_html(page, "explanation.html", pairs=(), explanations={}, most_shown=1)
    assert page.read_text() == "my thesis"


def test_each_template_has_the_mark_before_what_it_shows() -> None:
    templates = [path.read_text("utf-8") for path in Path(str(pages.__file__)).parent.glob("*.html")]
    assert len(templates) >= 2
    for template in templates:
        assert MARK in template[:1024].partition("{{")[0]
