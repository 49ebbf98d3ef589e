"""A made-up environment and the mirror that has its packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.debs import Deb
from tests.servers import Site
from tests.unit.environments.demo import DEFINITION, DEMO, OTHER, locked, written
from verbatim.environments import mirrors
from verbatim.environments.lock import Environment, Lock
from verbatim.environments.rootfs import make_root
from verbatim.fetch import Fetcher


@pytest.fixture
def only_this_mirror(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A machine without apt, where a mirror of Debian's archive is named."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    monkeypatch.setenv("VERBATIM_DEBIAN_MIRROR", f"{site.url}/debian/")
    mirrors._host_mirrors.cache_clear()
    yield site
    mirrors._host_mirrors.cache_clear()


@pytest.fixture
def mirror(only_this_mirror: Site) -> Callable[[Deb], str]:
    """Put a package into the mirror; give its address there."""

    def put(package: Deb) -> str:
        only_this_mirror.serve(f"/debian/{package.path}", package.content)
        return f"{only_this_mirror.url}/debian/{package.path}"

    return put


@pytest.fixture
def containers(tmp_path: Path) -> Path:
    """A folder with one environment, ``demo``, that is not locked yet."""
    top = tmp_path / "containers" / "build"
    (top / "demo").mkdir(parents=True)
    (top / "demo" / "environment.toml").write_text(DEFINITION)
    return top


@pytest.fixture
def lock(containers: Path, mirror: Callable[[Deb], str], fetcher: Fetcher, tmp_path: Path) -> Lock:
    """The lock of two packages that the mirror has, with the digest of their root."""
    for package in (DEMO, OTHER):
        mirror(package)
    unmade = locked(containers, DEMO.locked(), OTHER.locked())
    made = make_root(unmade, tmp_path / "first", fetcher)
    return unmade.model_copy(update={"root_sha256": made.sha256, "root_size": made.size})


@pytest.fixture
def environment(containers: Path, lock: Lock) -> Environment:
    return written(containers, lock)
