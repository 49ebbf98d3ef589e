"""The same bits whoever builds, with whatever settings, and whatever the clock says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian.debfile import DebFile

from tests.integration.command import PUBLISHED, run
from tests.integration.conftest import Built
from tests.integration.users import User, ordinary_user
from verbatim.archive.unpack import Unpacker
from verbatim.build.recipe import Recipe
from verbatim.digest import sha256_file
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import Definition
from verbatim.environments.mirrors import debian_urls
from verbatim.environments.resolve import resolve_packages
from verbatim.environments.rootfs import Root
from verbatim.fetch import Download, Fetcher
from verbatim.release import Release
from verbatim.sources.choose import SourceChoice, choose_source
from verbatim.store import Store

pytestmark = pytest.mark.integration

_WRAPPER = """
export FAKETIME='@2024-06-11 15:36:57' FAKETIME_DISABLE_SHM=1 LD_PRELOAD=/in/clock/libfaketime.so.1
date --utc '+by the clock it is %Y-%m-%d'
exec /usr/bin/bash "$@"
"""


@pytest.fixture
def user(project: Path, downloads: Path, built: Built) -> Iterator[User]:
    """A user who has a checkout, the downloads and a tarball of the release under another name."""
    with ordinary_user() as user:
        shutil.move(project, user.home / "checkout")
        shutil.move(downloads, user.home / "downloads")
        shutil.copy(built.folder / "Python-3.13.5.tar.xz", user.home / "Quelltext.tar.xz")
        user.owns(user.home)
        yield user


def test_an_ordinary_user_gets_the_same_by_the_readme_s_command_whatever_the_settings(
    user: User, built: Built
) -> None:
    settings = {
        "VERBATIM_CACHE": str(user.home / "downloads"),
        "LANG": "tr_TR.ISO-8859-9",
        "LC_ALL": "tr_TR.ISO-8859-9",
        "PYTHONHASHSEED": "12345",
        "SOURCE_DATE_EPOCH": "1",
        "TAR_OPTIONS": "--owner=somebody",
        "TZ": "Pacific/Kiritimati",
        "XZ_DEFAULTS": "-9 --threads=3",
    }
    finished = run(
        [
            *("./invoke", "build", "--version", "3.13.5", "--source", "../Quelltext.tar.xz"),
            *("--output", "../Ergebnisse für alle", "--jobs", "1", "--json"),
        ],
        user.home / "checkout",
        {**user.environment, **settings},
        umask=0o077,
        **user.who,
    )
    assert finished.hashes == PUBLISHED, finished.err
    assert set(finished.verdicts.values()) == {"identical"}
    folder = user.home / "Ergebnisse für alle" / "3.13.5"
    assert {name: sha256_file(folder / name) for name in PUBLISHED} == PUBLISHED
    assert folder.stat().st_uid == user.number != 0
    for name in ("SHA256SUMS", "source.intoto.json"):
        assert (folder / name).read_bytes() == (built.folder / name).read_bytes()


@pytest.fixture
def clock(tmp_path: Path, cache: Path) -> Path:
    """A folder with Debian's libfaketime, of the environment's own suite, and a script that runs bash with it."""
    folder = tmp_path / "clock"
    folder.mkdir()
    definition = Definition(
        description="another clock", suite="trixie", architecture="amd64", packages=["libfaketime"]
    )
    package = next(package for package in resolve_packages(definition) if package.name == "libfaketime")
    fetcher = Fetcher(Store(cache))
    path = fetcher.fetch(Download(package.name, package.sha256, debian_urls(package.path), package.size))
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    with DebFile(path) as deb:
        unpacker = Unpacker(unpacked)
        unpacker.tar(package.name, deb.getmember("data.tar.xz"))
    unpacker.finish()
    (library,) = unpacked.rglob("libfaketime.so.1")
    shutil.copy(library, folder)
    (folder / "clock.sh").write_text(_WRAPPER, encoding="ascii")
    return folder


def test_a_clock_that_is_a_year_before_the_commit_changes_nothing(
    clock: Path, root: Root, cache: Path, tmp_path: Path
) -> None:
    release, recipe = Release.parse("3.13.5"), Recipe.load("source")
    work, output, build = (tmp_path / name for name in ("work", "output", "build"))
    for folder in (work, output, build):
        folder.mkdir()
    prepared = choose_source(SourceChoice("tarball"), release, Fetcher(Store(cache))).prepare(work)
    job = Job(
        argv=["/usr/bin/bash", "/in/clock/clock.sh", *recipe.argv(release.version, "tarball")[1:]],
        root=root,
        epoch=prepared.epoch,
        inputs={**prepared.inputs, "recipe": recipe.folder, "clock": clock},
        output=output,
        build=build,
        log=tmp_path / "log",
    )
    assert Sandbox().run(job) == 0, job.log.read_text()
    assert "by the clock it is 2024-06-11\n" in job.log.read_text()
    assert {name: sha256_file(output / name) for name in PUBLISHED} == PUBLISHED
