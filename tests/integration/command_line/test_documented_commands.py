"""Every command that the documentation shows behind a ``$``, run as it stands on a fresh checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.documented import PROJECT, RUN_BY_CI, WHOLE_PAGES, Shown, shown_commands
from tests.integration.engines import require
from verbatim.engines.choose import NAMES, engine

pytestmark = pytest.mark.integration


#: What the README shows: whoever runs it again on another page, where it is there already, need not wait once more.
FIRST = {shown.arguments for shown in shown_commands() if shown.page == PROJECT / "README.md"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks, with nothing set up."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name, follow_symlinks=False)
    return folder


@pytest.fixture(scope="module")
def empty_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with nothing in it, for what a newcomer runs first, and for what empties it again."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize(
    "shown",
    [
        shown
        for shown in shown_commands()
        if shown.is_run and shown.arguments[0] not in RUN_BY_CI and shown.page not in WHOLE_PAGES
    ],
    ids=str,
)
def test_a_shown_command_works(shown: Shown, checkout: Path, cache: Path, empty_cache: Path) -> None:
    is_first = shown.arguments in FIRST or shown.arguments[0] == "clean"
    for name in _engines(shown):
        require(engine(name))
    done = subprocess.run(
        ["./invoke", *shown.arguments],
        cwd=checkout,
        env={**os.environ, "VERBATIM_CACHE": str(empty_cache if is_first else cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for line in _shown_output(shown):
        assert line in done.stdout


def _engines(shown: Shown) -> tuple[str, ...]:
    """The engines that a command needs besides the sandbox."""
    if "--load" in shown.arguments:
        return ("docker",)
    return NAMES if "--engine" in shown.arguments else ()


def _shown_output(shown: Shown) -> list[str]:
    """The lines that the page shows below the command, up to where it leaves something out."""
    text = shown.page.read_text(encoding="utf-8")
    below = text.partition(f"$ ./invoke {' '.join(shown.arguments)}\n")[2].partition("```")[0]
    return [line.partition(" ...")[0] for line in below.splitlines() if line and not line.startswith("$ ")]
