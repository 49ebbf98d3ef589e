"""The tutorial, followed from top to bottom as a reader does; and the packagers' hook, called as uscan calls it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.documented import PROJECT, WHOLE_PAGES
from tests.integration.command import NO_GIT_SERVER
from tests.integration.conftest import Built

pytestmark = pytest.mark.integration

_TARBALL = "Python-3.13.5.tar.xz"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HOOK = re.compile(r"^This is `debian/verify-upstream`.*?^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A command of a page, and the lines that the page shows below it; `` ...`` stands for the rest of a line."""

    command: str
    shown: tuple[str, ...]


def steps(page: Path) -> list[Step]:
    found: list[Step] = []
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            found.append(Step(command, tuple(line for line in shown if line)))
    return found


@pytest.fixture
def settings(built: Built, cache: Path, tmp_path: Path) -> dict[str, str]:
    """A user of a checkout that is set up, where no git server answers and ``curl`` has python.org's tarball."""
    curl = tmp_path / "bin" / "curl"
    curl.parent.mkdir()
    curl.write_text(
        f'#!/bin/sh\n[ "$1" = --output ] && [ "${{3##*/}}" = {_TARBALL} ] && cp "{built.folder}/{_TARBALL}" "$2"\n',
        encoding="utf-8",
    )
    curl.chmod(0o755)
    return {
        **os.environ,
        **NO_GIT_SERVER,
        "HOME": str(tmp_path),
        "PATH": f"{curl.parent}:{os.environ['PATH']}",
        "VERBATIM_CACHE": str(cache),
    }


@pytest.fixture
def checkout(built: Built, tmp_path: Path) -> Path:
    """A folder with ``./invoke``, in which the release was built before."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "invoke").symlink_to(PROJECT / "invoke")
    shutil.copytree(built.output, folder / "dist")
    return folder


@pytest.mark.parametrize("page", WHOLE_PAGES, ids=lambda page: page.name)
def test_a_reader_follows_the_page(page: Path, checkout: Path, settings: dict[str, str]) -> None:
    for step in steps(page):
        done = subprocess.run(
            ["bash", "-c", step.command],
            cwd=checkout,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = done.stdout.splitlines()
        for shown in step.shown:
            start, dots, _ = shown.partition(" ...")
            assert any(line.startswith(start) if dots else line == start for line in lines), (step, done)
    assert not (checkout / "trial").exists()


def test_the_tutorial_ends_with_both_verdicts() -> None:
    shown = "\n".join(line for page in WHOLE_PAGES for step in steps(page) for line in step.shown)
    assert "GENUINE: your file " in shown
    assert "NOT python.org's file: your file " in shown


# The packagers' hook.


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A source package's folder as uscan leaves it to the hook: the tarball is beside it, and a link to that."""
    page = (PROJECT / "docs" / "how-to" / "package-python.md").read_text(encoding="utf-8")
    match = _HOOK.search(page)
    assert match is not None
    hook = tmp_path / "work" / "python3.13" / "debian" / "verify-upstream"
    hook.parent.mkdir(parents=True)
    hook.write_text(match[1], encoding="utf-8")
    hook.chmod(0o755)
    (tmp_path / "work" / "python3.13_3.13.5.orig.tar.xz").symlink_to(_TARBALL)
    return tmp_path / "work" / "python3.13"


def _hook(package: Path, checkout: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    changelog = Path(settings["HOME"], "bin", "dpkg-parsechangelog")
    changelog.write_text('#!/bin/sh\n[ "$*" = "--show-field Source" ] && echo python3.13\n', encoding="utf-8")
    changelog.chmod(0o755)
    return subprocess.run(
        ["debian/verify-upstream", "--upstream-version", "3.13.5"],
        cwd=package,
        env={**settings, "VERBATIM": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hook_takes_the_published_tarball(
    package: Path, built: Built, checkout: Path, settings: dict[str, str]
) -> None:
    shutil.copyfile(built.folder / _TARBALL, package.parent / _TARBALL)
    done = _hook(package, checkout, settings)
    assert (done.returncode, done.stdout) == (0, "")
    assert "GENUINE: your file " in done.stderr
    assert (package.parent / "python3.13_3.13.5.orig.tar.xz").is_file()


@pytest.mark.parametrize("status", [1, 4, 7, 130])
def test_the_hook_leaves_nothing_to_build_from_whatever_the_status(
    status: int, package: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    (package.parent / _TARBALL).write_bytes(b"a tarball")
    stand_in = tmp_path / "stand-in" / "invoke"
    stand_in.parent.mkdir()
    stand_in.write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
    stand_in.chmod(0o755)
    done = _hook(package, stand_in.parent, settings)
    assert done.returncode == status
    assert sorted(path.name for path in package.parent.iterdir()) == [
        "Python-3.13.5.tar.xz.refused",
        "python3.13",
    ]


def test_the_hook_refuses_a_damaged_tarball(
    package: Path, built: Built, checkout: Path, settings: dict[str, str]
) -> None:
    damaged = bytearray((built.folder / _TARBALL).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (package.parent / _TARBALL).write_bytes(damaged)
    done = _hook(package, checkout, settings)
    assert done.returncode not in (0, 130), done.stderr
    assert not (package.parent / _TARBALL).exists()
