"""Published tarballs fit the one grammar of archives: it refuses what no packer writes, and nothing that was released."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from verbatim.compare.archives import read_inventory
from verbatim.fetch import Fetcher
from verbatim.paths import RELEASES
from verbatim.release import Release
from verbatim.sources.tarball import published_tarball
from verbatim.store import Store

pytestmark = pytest.mark.integration

MIRRORED = [
    (version, name)
    for version, names in tomllib.loads((RELEASES / "mirrored.toml").read_text(encoding="utf-8")).items()
    for name in names
]


@pytest.mark.parametrize(("version", "name"), MIRRORED)
def test_a_published_tarball_fits_the_grammar(cache: Path, version: str, name: str) -> None:
    tarball = published_tarball(Release.parse(version), Fetcher(Store(cache)), (name,))
    inventory = read_inventory(tarball.path, name)
    assert inventory.sha256 == tarball.sha256
    assert len(inventory.contents) > 4000
    assert not inventory.odd
