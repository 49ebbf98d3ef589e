"""A release manager's signatures, and a python.org that serves them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openpgp_keys import Keys
from tests.servers import Site
from tests.signatures import CONTENT, Scene
from verbatim.fetch import Fetcher
from verbatim.store import Store


@pytest.fixture
def scene(
    tmp_path: Path, site: Site, store: Store, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    monkeypatch.setenv("VERBATIM_PYTHON_MIRROR", site.url)
    monkeypatch.setattr("verbatim.release.PYTHON_ORG", site.url)
    return Scene(tmp_path, site, fetcher, store)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    # A socket's path must be short.
    made = Keys(tmp_path_factory.mktemp("g") / "h", CONTENT)
    yield made
    made.close()
