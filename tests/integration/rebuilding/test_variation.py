"""The same bits whoever builds, and with whatever settings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.command import PUBLISHED, run
from tests.integration.conftest import Built
from tests.integration.users import User, ordinary_user
from verbatim.digest import sha256_file

pytestmark = pytest.mark.integration


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
