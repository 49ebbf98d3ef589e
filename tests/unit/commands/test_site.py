"""The files of the site, and where it may be put."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.documented import PAGES, PROJECT
from verbatim.commands.site import check_site_folder, site_files
from verbatim.errors import IntegrityError, UsageError


def test_every_page_is_on_the_site_with_what_it_links_to() -> None:
    files = site_files()
    assert {str(page.relative_to(PROJECT)) for page in PAGES} <= files.keys()
    assert "releases/against-git.toml" in files
    assert all(path == PROJECT / name for name, path in files.items())


def _project(folder: Path, link: str) -> Path:
    (folder / "docs").mkdir(parents=True)
    (folder / "README.md").write_text(f"# One\n\n[two]({link})\n[far](https://example.org) [here](#one)\n")
    (folder / "docs" / "two.md").write_text("# Two\n")
    return folder


@pytest.mark.parametrize("link", ["docs/two.md", "docs/two.md#two", "docs/../docs/two.md"])
def test_a_link_to_a_file_of_the_project_is_accepted(link: str, tmp_path: Path) -> None:
    assert site_files(_project(tmp_path, link)).keys() == {"README.md", "docs/two.md"}


@pytest.mark.parametrize("link", ["docs/three.md", "docs", "../outside.md", "/etc/hostname", "outward.md"])
def test_a_link_that_leads_to_no_file_of_the_project_is_refused(link: str, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("# Outside\n")
    project = _project(tmp_path / "project", link)
    (project / "docs" / "outward.md").symlink_to(tmp_path / "outside.md")
    (project / "outward.md").symlink_to(tmp_path / "outside.md")
    with pytest.raises(IntegrityError, match="is not a file of this project"):
        site_files(project)


def test_a_site_goes_into_a_new_folder_an_empty_one_or_one_with_a_former_site(tmp_path: Path) -> None:
    for name in ("empty", "former"):
        (tmp_path / name).mkdir()
    (tmp_path / "former" / ".buildinfo").touch()
    (tmp_path / "former" / "index.html").touch()
    for name in ("new", "empty", "former"):
        check_site_folder(tmp_path / name)


def test_a_site_replaces_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    for name, complaint in {
        "home": "has files in it that are not of a site",
        "file": "exists and is not a folder",
        "link": "exists and is not a folder",
        "missing/site": "the folder above it does not exist",
    }.items():
        with pytest.raises(UsageError, match=re.escape(complaint)):
            check_site_folder(tmp_path / name)
    assert (tmp_path / "home" / "letter.txt").exists()


LAYING = runpy.run_path(str(PROJECT / "recipes" / "site" / "pages.py"))


@pytest.mark.parametrize(
    ("page", "laid_out"),
    [
        ("[a](README.md)", "[a](index.md)"),
        ("[a](../signing/README.md#keys) [b](x.md)", "[a](../signing/index.md#keys) [b](x.md)"),
        ("`README.md`, [a](OLD-README.md)", "`README.md`, [a](OLD-README.md)"),
        ("[a](https://example.org/README.md)", "[a](https://example.org/README.md)"),
        (
            '```mermaid\nflowchart TB\n  subgraph up["Up"]\n    a["a/<br>one"]\n  end\n  b["b"]\n  a --> b\n```\n',
            '<div class="drawing">\n<div><b>Up</b>\n<div>a/<br>one</div>\n</div>\n<div>b</div>\n</div>\n\n'
            "```text\na → b\n```\n",
        ),
    ],
)
def test_a_folders_readme_is_its_index(page: str, laid_out: str) -> None:
    assert LAYING["laid_out"](page) == laid_out


def test_the_front_page_alone_has_the_menu(tmp_path: Path) -> None:
    project = _project(tmp_path / "project", "docs/two.md")
    (project / "docs" / "data.toml").write_bytes(b"\xff")
    LAYING["lay_out"]("README.md", project, tmp_path / "laid")
    assert sorted(path.name for path in (tmp_path / "laid").rglob("*.*")) == [
        "data.toml",
        "index.md",
        "two.md",
    ]
    assert (tmp_path / "laid" / "index.md").read_text().count("{toctree}") == len(LAYING["MENU"])
    assert (tmp_path / "laid" / "docs" / "two.md").read_text() == "# Two\n"
    assert (tmp_path / "laid" / "docs" / "data.toml").read_bytes() == b"\xff"
