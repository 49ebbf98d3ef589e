"""The documentation: all formats of a small one, whatever is varied and on each engine; and that of a real release."""

from __future__ import annotations

import json
import re
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.archives import COMPRESSIONS, file, tar
from tests.integration.command import Finished, verbatim
from tests.integration.releases import SMALL, small_files
from verbatim.digest import sha256_file
from verbatim.release import Release
from verbatim.stages.choose import DOCS_FORMATS, artifact_names

pytestmark = pytest.mark.integration

_NAMES = artifact_names(Release.parse(SMALL))["docs"]

#: What is of CPython's own that the recipe leans on: how the files are called, the engine, the year, the news.
_DOCS = {
    "Doc/conf.py": """
project = "Python"
copyright = "2001-%Y, Python Software Foundation"
version, release = "3.13", "3.13.99"
root_doc = "contents"
today_fmt = "%B %d, %Y"
exclude_patterns = ["build/*"]
smartquotes_excludes = {"languages": ["ja"], "builders": ["man", "text"]}
latex_engine = "xelatex"
latex_documents = [
    (name, f"{name}.tex", name.title(), "Authors", "manual") for name in ("contents", "library")
]
texinfo_documents = [("contents", "python", "Python", "Authors", "Python", "About Python", "Programming")]
epub_basename = "Python"

def setup(app):
    app.connect("source-read", count)

def count(app, name, source):
    # As audit_events.py does: what is read again gets another number.
    counts = app.env.__dict__.setdefault("counts", {})
    counts[name] = counts.get(name, 0) + 1
    source[0] += f"\\n\\nRead {counts[name]} times.\\n"
""",
    "Doc/requirements.txt": "# Sphinx.\nsphinx~=8.2.0\n\nblurb\n-c constraints.txt\n",
    "Doc/contents.rst": "Contents\n========\n\n.. toctree::\n\n   library\n   whatsnew\n",
    "Doc/library.rst": 'Library\n=======\n\n"Quotes" -- of |today|.\n\n.. py:function:: f(x)\n\n   Größer than x.\n\n'
    ".. image:: star.*\n",
    "Doc/whatsnew.rst": "What's new\n==========\n\n.. include:: build/NEWS\n",
}


def _picture_pdf() -> str:
    """A page of ten by ten points with nothing on it (ISO 32000-1, 7.5)."""
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] /Resources << >> /Contents 4 0 R >>",
        "<< /Length 1 >>\nstream\n \nendstream",
    )
    text, offsets = "%PDF-1.4\n", []
    for number, said in enumerate(objects, 1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{said}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF\n"
    return f"{text}xref\n0 5\n0000000000 65535 f \n{table}{end}"


def _picture_png() -> bytes:
    """One grey dot (RFC 2083)."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\x80")),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def docs_tarball(path: Path, *, more: dict[str, str] | None = None) -> Path:
    """A source tarball of the made-up release with a documentation of a few pages and a picture."""
    files = {**small_files(), **_DOCS, "Misc/NEWS": "Changes of 3.13.99.\n", **(more or {})}
    pictures = [
        file(f"Python-{SMALL}/Doc/star.pdf", _picture_pdf().encode()),
        file(f"Python-{SMALL}/Doc/star.png", _picture_png()),
    ]
    members = [file(f"Python-{SMALL}/{name}", text.encode()) for name, text in sorted(files.items())]
    path.write_bytes(COMPRESSIONS["gz"](tar(*members, *pictures)))
    return path


def _run(task: str, source: Path, output: Path, cache: Path, *options: str) -> Finished:
    return verbatim(
        *(task, "--version", SMALL, "--artifacts", "docs", "--source", str(source)),
        *("--output", str(output), "--json", *options),
        cache=cache,
    )


@pytest.fixture(scope="module")
def small(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All formats of the small documentation."""
    folder = tmp_path_factory.mktemp("docs")
    finished = _run("build", docs_tarball(folder / "small.tgz"), folder, cache)
    assert finished.status == 0, finished.err
    return folder / SMALL


def test_all_formats_come_out_by_their_names(small: Path) -> None:
    assert sorted(path.name for path in small.iterdir()) == sorted(
        [*_NAMES, "SHA256SUMS", "buildinfo", "docs.intoto.json"]
    )
    parameters = json.loads((small / "docs.intoto.json").read_bytes())["predicate"]["buildDefinition"]
    assert parameters["externalParameters"]["formats"] == sorted(DOCS_FORMATS)


def test_both_archives_hold_the_same_files_in_order_and_nothing_of_their_makers(small: Path) -> None:
    for name in _NAMES:
        if not name.endswith(".zip"):
            continue
        with (
            zipfile.ZipFile(small / name) as zipped,
            tarfile.open(small / name.replace(".zip", ".tar.bz2")) as tarred,
        ):
            members = tarred.getmembers()
            assert {(m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, "", "")}
            assert len({member.mtime for member in members}) == 1
            files = {m.name: tarred.extractfile(m).read() for m in members if m.isfile()}  # type: ignore[union-attr]
            assert {n: zipped.read(n) for n in zipped.namelist()} == files
            assert zipped.namelist() == sorted(zipped.namelist())
            assert {info.external_attr >> 16 for info in zipped.infolist()} == {0o100644}


def test_the_formats_are_what_they_say(small: Path) -> None:
    prefix = f"python-{SMALL}-docs"
    with zipfile.ZipFile(small / f"{prefix}-html.zip") as html:
        page = html.read(f"{prefix}-html/library.html").decode()
        assert "“Quotes”" in page and "2001-1970" not in page and "star.png" in page
        assert "Read 1 times." in page
        assert "Changes of 3.13.99." in html.read(f"{prefix}-html/whatsnew.html").decode()
    with zipfile.ZipFile(small / f"{prefix}-text.zip") as text:
        assert '"Quotes"' in text.read(f"{prefix}-text/library.txt").decode()
    with zipfile.ZipFile(small / f"{prefix}-texinfo.zip") as texinfo:
        assert b"File: python.info" in texinfo.read(f"{prefix}-texinfo/python.info")
    with zipfile.ZipFile(small / f"{prefix}.epub") as epub:
        first = epub.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert "library.xhtml" in epub.namelist()
    for paper, width in (("a4", "595"), ("letter", "612")):
        with zipfile.ZipFile(small / f"{prefix}-pdf-{paper}.zip") as pdfs:
            assert pdfs.namelist() == ["docs-pdf/contents.pdf", "docs-pdf/library.pdf"]
            pdf = pdfs.read("docs-pdf/library.pdf")
            assert width in papers(pdf)


def papers(pdf: bytes) -> set[str]:
    """The widths of a PDF's pages, in points; where they are said depends on the compression of its objects."""
    plain = pdf + b"".join(_inflated(pdf))
    return {match.decode() for match in re.findall(rb"/MediaBox ?\[ ?0 0 (\d+)", plain)}


def _inflated(pdf: bytes) -> Iterator[bytes]:
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(stream)


def test_they_are_identical_whatever_is_varied(small: Path, cache: Path) -> None:
    finished = _run("rebuild", small.parent / "small.tgz", small.parent, cache)
    assert finished.result["different"] == {"alone": {}, "together": [], "unvaried": None}
    assert finished.result["identical"] is True
    assert finished.result["not_varied"] == {}
    assert finished.hashes.keys() == set(_NAMES)


def test_they_are_the_same_from_each_engine(small: Path, cache: Path, tmp_path: Path) -> None:
    finished = _run("build", small.parent / "small.tgz", tmp_path, cache, "--engine", "sandbox,docker,nix")
    hashes = {name: sha256_file(small / name) for name in _NAMES}
    assert finished.result["engines"] == dict.fromkeys(("sandbox", "docker", "nix"), hashes), finished.err


def test_what_is_of_another_stage_stays(small: Path, cache: Path, tmp_path: Path) -> None:
    source = small.parent / "small.tgz"
    first = _run("build", source, tmp_path, cache, "--formats", "text")
    tarballs = verbatim(
        *("build", "--version", SMALL, "--source", str(source), "--output", str(tmp_path), "--json"),
        cache=cache,
    )
    sums = (tmp_path / SMALL / "SHA256SUMS").read_text()
    assert {
        name: sha256 for sha256, name in (line.split() for line in sums.splitlines())
    } == first.hashes | tarballs.hashes
    assert _run("build", source, tmp_path, cache, "--formats", "text").result["unchanged"] is True


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"Doc/library.rst": "Library\n=======\n\n:ref:`nowhere`\n"}, "undefined label"),
        ({"Doc/library.rst": "Library\n=======\n\nNew in 3.14 (unreleased).\n"}, 'still "(unreleased)"'),
        (
            {"Doc/requirements.txt": "sphinx==4.5.0\nblurb\nsphinx-elsewhere @ https://example.org/x.tgz\n"},
            "not met by this environment: sphinx==4.5.0, but there is 8.2.3; sphinx-elsewhere@ https",
        ),
        ({"Doc/requirements.txt": "-c constraints.txt\n"}, "not met by this environment: it names none"),
        ({"Include/patchlevel.h": '#define PY_VERSION "3.13.98"\n'}, "the source says that it is 3.13.98"),
    ],
)
def test_what_no_release_may_have_fails_the_build(
    more: dict[str, str], said: str, cache: Path, tmp_path: Path
) -> None:
    source = docs_tarball(tmp_path / "small.tgz", more=more)
    finished = _run("build", source, tmp_path / "output", cache, "--formats", "html")
    assert finished.status == 5
    log = Path(finished.err.rpartition("the whole log is ")[2].strip())
    assert said in log.read_text(encoding="utf-8")
    assert not (tmp_path / "output" / SMALL).exists()


def test_a_downloaded_archive_is_verified_by_making_its_format_alone(
    small: Path, cache: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "documentation.zip"
    shutil.copy(small / f"python-{SMALL}-docs-text.zip", mine)
    source = docs_tarball(tmp_path / "small.tgz")
    output = tmp_path / "dist"
    verified = verbatim("verify", str(mine), "--source", str(source), "--output", str(output), cache=cache)
    assert verified.status == 0, verified.err
    expected = f"GENUINE: your file {mine} has the bytes that were built here from the tarball Python-{SMALL}.tgz, not from git"
    assert verified.out.splitlines()[0] == expected
    assert not (output / SMALL / f"python-{SMALL}-docs-html.zip").exists()
