"""``invoke docs``: the project's own pages as a site, made by Sphinx in a pinned environment, with no network.

The site is the same bytes for everyone: it depends on the pages, the recipe and the environment alone.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from verbatim.caches import WORK
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import ensure_root
from verbatim.errors import BuildError, IntegrityError, UsageError
from verbatim.fetch import Fetcher
from verbatim.paths import PROJECT
from verbatim.scratch import remove_tree, scratch
from verbatim.stages.recipe import Recipe

#: Where the pages are, from the project's folder; the first one is the front page.
FRONT = "README.md"
_PAGES = (FRONT, "*.md", "docs/**/*.md", "nix/*.md", "signing/*.md", "benchmarks/*.md", "tests/vectors/*.md")
#: A link to another file of the project: not an address, and not a place on the same page.
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<path>[^)#\s]+)")
#: Sphinx puts it into every site, so a folder that has it may be replaced.
_MARK = ".buildinfo"


def project_pages(project: Path = PROJECT) -> list[Path]:
    """The pages of the site, sorted."""
    return sorted({page for pattern in _PAGES for page in project.glob(pattern) if page.is_file()})


def site_files(project: Path = PROJECT) -> dict[str, Path]:
    """The pages, and the other files that they link to, by their paths below the project's folder.

    Raises IntegrityError for a link that leads to no file of the project.
    """
    project = project.resolve()
    files: dict[str, Path] = {}
    for page in project_pages(project):
        files[str(page.relative_to(project))] = page
        for link in _LINK.finditer(page.read_text(encoding="utf-8")):
            path = (page.parent / link["path"]).resolve()
            if not path.is_file() or not path.is_relative_to(project):
                raise IntegrityError(
                    f"{page.relative_to(project)} links to {link['path']}, which is not a file of this project",
                    "correct the link; it must name a page or another file",
                )
            files[str(path.relative_to(project))] = path
    return files


def check_site_folder(output: Path) -> None:
    """Raise UsageError if a site cannot be written to ``output``: it must be new, empty, or hold a former site."""
    if not output.absolute().parent.is_dir():
        raise UsageError(f"--output {output}: the folder above it does not exist", "make that folder first")
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise UsageError(f"--output {output} exists and is not a folder", "name a new folder")
    if output.is_dir() and any(output.iterdir()) and not (output / _MARK).is_file():
        raise UsageError(
            f"--output {output} has files in it that are not of a site",
            "name a new folder, or empty that one yourself",
        )


def build_site(output: Path, fetcher: Fetcher) -> None:
    """Make the site and put it into the folder ``output``, in place of a former one.

    Raises UsageError if the folder is somebody else's, IntegrityError for a link that leads nowhere, and BuildError with
    what Sphinx printed if it warns of anything.
    """
    check_site_folder(output)
    files = site_files()
    root = ensure_root(Environment(environment_folder("site")), fetcher)
    recipe = Recipe.load("site")
    with scratch(WORK.folder) as work, scratch(output.absolute().parent) as beside:
        for folder in (work / "build", beside / "site"):
            folder.mkdir()
        job = Job(
            argv=recipe.argv(f"front={FRONT}"),
            root=root,
            epoch=0,
            inputs={**{f"pages/{name}": path for name, path in files.items()}, **recipe.inputs},
            output=beside / "site",
            build=work / "build",
            log=work / "log",
        )
        if Sandbox().run(job) != 0:
            complaint = job.log.read_text("utf-8", "replace").strip()
            raise BuildError(f"the site could not be made: {complaint[-2000:]}", "correct the page it names")
        (beside / "site").chmod(0o755)
        if output.exists():
            os.rename(output, beside / "former")
        os.rename(beside / "site", output)
        remove_tree(beside / "former")
