"""The site of the project's own pages: made twice, read in a browser, and walked from page to page."""

from __future__ import annotations

import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

from tests.documented import PAGES, PROJECT
from tests.integration.browser import served, shown
from tests.integration.command import verbatim

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def pages(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "site"
    finished = verbatim("docs", "--output", str(folder), cache=cache)
    assert finished.status == 0, finished.err
    return folder


class _Page(HTMLParser):
    """The places of a page, and where its links lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.places.add(value)
            if name in ("href", "src") and value is not None:
                self.links.add(value)


def _address(page: Path) -> str:
    """Where a page of the project is on the site."""
    path = page.relative_to(PROJECT)
    return str(path.with_name("index.html") if path.name == "README.md" else path.with_suffix(".html"))


def test_every_page_is_there(pages: Path) -> None:
    assert [page for page in PAGES if not (pages / _address(page)).is_file()] == []


def test_no_link_is_broken_and_nothing_is_loaded_from_elsewhere(pages: Path) -> None:
    read = {path: _Page(path) for path in pages.rglob("*.html")}
    assert len(read) > len(PAGES)
    broken: list[str] = []
    followed = 0
    for path, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            address, place = urldefrag(urljoin(path.as_uri(), link))
            target = Path(unquote(urlsplit(address).path))
            followed += 1
            is_there = target.is_file() and target.is_relative_to(pages)
            # "#" is the top of the page.
            if not is_there or (place and target in read and unquote(place) not in read[target].places):
                broken.append(f"{path.relative_to(pages)}: {link}")
    assert broken == []
    assert followed > 1000
    for path in read:
        loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="([^"]+)"', path.read_text("utf-8"))
        assert [address for address in loaded if urlsplit(address).netloc] == []


def test_the_site_is_the_same_bytes_each_time(
    pages: Path, cache: Path, project: Path, tmp_path: Path
) -> None:
    """From a copy of the pages, in another folder, in place of a former site."""
    other = tmp_path / "another place" / "site"
    shutil.copytree(pages, other)
    (other / "former.html").touch()
    finished = verbatim("docs", "--output", str(other), cache=cache, project=project)
    assert finished.status == 0, finished.err
    assert _hashes(other) == _hashes(pages)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_browser_shows_the_front_page_and_the_search_finds(pages: Path, tmp_path: Path) -> None:
    with served(pages) as address:
        front = shown(f"{address}/index.html", tmp_path)
        found = shown(f"{address}/search.html?q=rebuilder", tmp_path)
    assert "<title>Verbatim</title>" in front
    for door in ("I downloaded Python", "I want to rebuild", "I release", "I package"):
        assert re.search(rf"<h2>{door}<", front)
    assert 'href="docs/tutorial.html"' in front
    assert re.search(r'<li[^>]*><a href="docs/how-to/become-a-rebuilder\.html', found)


def test_a_page_that_is_not_in_order_makes_no_site(cache: Path, project: Path, tmp_path: Path) -> None:
    (project / "docs" / "forgotten.md").write_text("# A page that is in no menu\n", encoding="utf-8")
    finished = verbatim("docs", "--output", str(tmp_path / "site"), cache=cache, project=project)
    assert "docs/forgotten.md: WARNING: document isn't included in any toctree" in finished.refusal(5)
    assert not (tmp_path / "site").exists()
