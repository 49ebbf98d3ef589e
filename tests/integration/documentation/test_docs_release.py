"""The documentation of real releases, as a reader opens it; that it is what CPython's own Makefile gives; and identical."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from benchmarks.docs import Contents, contents, plain_make
from tests.integration.browser import served, shown
from tests.integration.command import Finished, verbatim
from verbatim.environments.rootfs import ensure_root
from verbatim.fetch import Fetcher
from verbatim.release import Release
from verbatim.sources.tarball import published_tarball
from verbatim.stages.choose import docs_stage
from verbatim.store import Store

_RELEASE = Release.parse("3.13.5")


def _run(task: str, output: Path, cache: Path, *options: str, version: str = "3.13.5") -> Finished:
    return verbatim(
        *(task, "--version", version, "--artifacts", "docs", "--source", "tarball"),
        *("--output", str(output), "--json", *options),
        cache=cache,
    )


@pytest.fixture(scope="module")
def pages(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked HTML of 3.13.5."""
    folder = tmp_path_factory.mktemp("html")
    finished = _run("build", folder, cache, "--formats", "html")
    assert finished.status == 0, finished.err
    with zipfile.ZipFile(folder / "3.13.5" / "python-3.13.5-docs-html.zip") as archive:
        archive.extractall(folder)
    return folder / "python-3.13.5-docs-html"


class _Links(HTMLParser):
    """The pages that a page names; an address with a host, or from the root of docs.python.org, is no such one."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.pages: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        link = dict(attrs).get("href") if tag == "a" else None
        if link and not re.match(r"[a-z]+:|/|#", link):
            self.pages.add(unquote(urldefrag(link).url))


@pytest.mark.integration
@pytest.mark.parametrize(
    ("index", "least"),
    [("index.html", 20), ("contents.html", 400), ("genindex-all.html", 400), ("py-modindex.html", 200)],
)
def test_every_page_that_an_index_names_is_there(index: str, least: int, pages: Path) -> None:
    named = _Links(pages / index).pages
    assert sorted(page for page in named if not (pages / page).is_file()) == []
    assert len(named) > least


@pytest.fixture(scope="module")
def site(pages: Path) -> Iterator[str]:
    """The pages on a web server of this machine."""
    with served(pages) as address:
        yield address


@pytest.mark.integration
def test_a_browser_opens_the_start_page_and_its_search_finds(site: str, tmp_path: Path) -> None:
    start = shown(f"{site}/index.html", tmp_path)
    assert "<title>3.13.5 Documentation</title>" in start
    assert re.search(r'<form [^>]*action="search.html" method="get">', start)
    found = shown(f"{site}/search.html?q=asyncio", tmp_path)
    count = re.search(r"found (\d+) pages? matching", found)
    assert count is not None and int(count[1]) > 50
    assert re.search(r'class="search"><li[^>]*><a href="library/asyncio.html', found)


# What follows builds all formats, for hours.


@pytest.fixture(scope="module")
def everywhere(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    """All formats of 3.13.5, from each engine."""
    folder = tmp_path_factory.mktemp("everywhere")
    return _run("build", folder, cache, "--engine", "sandbox,docker,nix"), folder


@pytest.mark.slow
def test_all_formats_are_the_same_from_each_engine(everywhere: tuple[Finished, Path]) -> None:
    finished, _ = everywhere
    assert finished.result["engines"] == dict.fromkeys(("sandbox", "docker", "nix"), finished.hashes)
    assert len(finished.hashes) == 11


@pytest.mark.slow
def test_all_formats_are_the_same_whatever_is_varied(everywhere: tuple[Finished, Path], cache: Path) -> None:
    rebuilt = _run("rebuild", everywhere[1], cache, "--vary", "all")
    assert rebuilt.result["identical"] is True
    assert rebuilt.result["not_varied"] == {}


@pytest.mark.slow
@pytest.mark.parametrize(("paper", "size"), [("a4", "595.28 x 841.89"), ("letter", "612 x 792")])
def test_the_pdfs_open_with_a_table_of_contents(
    paper: str, size: str, everywhere: tuple[Finished, Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(everywhere[1] / "3.13.5" / f"python-3.13.5-docs-pdf-{paper}.zip") as archive:
        archive.extractall(tmp_path)
    pdfs = sorted((tmp_path / "docs-pdf").iterdir())
    assert {"library.pdf", "reference.pdf", "tutorial.pdf", "c-api.pdf"} <= {path.name for path in pdfs}
    for path in pdfs:
        said = subprocess.run(["pdfinfo", path], capture_output=True, encoding="utf-8", check=True)
        assert said.stderr == ""
        assert re.search(rf"Page size: +{re.escape(size)} pts", said.stdout), path.name
        text = subprocess.run(
            ["pdftotext", "-l", "20", path, "-"], capture_output=True, encoding="utf-8", check=True
        )
        assert "CONTENTS" in text.stdout.upper(), path.name


@pytest.mark.slow
def test_the_contents_are_those_of_plain_make(
    everywhere: tuple[Finished, Path], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fetcher = Fetcher(Store(cache))
    root = ensure_root(docs_stage(_RELEASE).environment, fetcher)
    prepared = published_tarball(_RELEASE, fetcher, _RELEASE.source_tarballs).prepare(
        tmp_path_factory.mktemp("source")
    )
    plain: Contents = {}
    # Text for itself: the Makefile would take for it what was read for HTML, with its quotes. And one process, since
    # several would number audit events by chance.
    for targets in (["dist-text"], ["dist-html", "dist-pdf", "dist-epub", "dist-texinfo"]):
        output = tmp_path_factory.mktemp("plain")
        plain_make(root, prepared, tmp_path_factory.mktemp("work"), output, [*targets, "JOBS=1"])
        plain |= contents(output)
    assert contents(everywhere[1] / "3.13.5") == plain


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.13.14", "3.14.6"])
def test_the_epub_of_later_releases_has_no_fatal_error(version: str, cache: Path, tmp_path: Path) -> None:
    finished = _run("build", tmp_path, cache, "--formats", "epub", version=version)
    assert finished.status == 0, finished.err
    checked = subprocess.run(
        ["epubcheck", tmp_path / version / f"python-{version}-docs.epub"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "Messages: 0 fatals" in checked.stdout, checked.stderr[:2000]
