"""One cache for all these tests, so that the environment is fetched and made once, and one real build."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.archives import Repository
from tests.integration.command import NO_GIT_SERVER, Finished, verbatim
from tests.integration.releases import python_repository
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.fetch import Fetcher
from verbatim.paths import PROJECT, cache_directory
from verbatim.scratch import locked_file
from verbatim.store import Store

#: The topics whose tests build much, those that build most first.
_LONG = ("platforms", "command_line", "documentation", "rebuilding", "signing", "nix", "docker")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long topics come first: processes that share the tests take files in this order, and end together."""
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        if not item.path.is_relative_to(here):
            # Fast tests come last, in the order in which they were.
            return len(_LONG) + 1
        topic = item.path.relative_to(here).parts[0]
        return _LONG.index(topic) if topic in _LONG else len(_LONG)

    items.sort(key=turn)


#: The caches that processes which share the tests have in common: each thing in there is locked while it is made.
_IN_COMMON = ("environments", "names", "partial", "sha256")


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes have in common which share the tests."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "common"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def cache(common: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The cache of the whole session, in the place of the one that each fast test has.

    ``VERBATIM_TEST_CACHE`` names a folder for one that is kept, for whoever runs these tests often. Of processes that
    share the tests, each has one for itself, but for what is safe to share: what another one's builds leave for a while
    is none of a test's business.
    """
    named = os.environ.get("VERBATIM_TEST_CACHE")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    folder = Path(named).absolute() / worker if named else tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERBATIM_CACHE", str(folder))
        cache_directory()
        for name in _IN_COMMON if worker else ():
            shared = (Path(named).absolute() if named else common) / f"shared-{name}"
            shared.mkdir(parents=True, exist_ok=True)
            if not (folder / name).exists():
                (folder / name).symlink_to(shared)
        yield folder


def once(common: Path, name: str, command: Callable[[], Finished]) -> Finished:
    """What a command printed that the first process runs which asks."""
    record = common / f"{name}.json"
    with locked_file(common / f"{name}.lock"):
        if not record.exists():
            record.write_text(json.dumps(asdict(command())), encoding="utf-8")
        return Finished(**json.loads(record.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def root(cache: Path) -> Root:
    """The source environment's root file system."""
    return ensure_root(Environment(environment_folder("source")), Fetcher(Store(cache)))


@dataclass(frozen=True)
class Built:
    """A build of 3.13.5, in a folder that no test may change."""

    finished: Finished
    output: Path

    @property
    def folder(self) -> Path:
        return self.output / "3.13.5"


@pytest.fixture(scope="session")
def built(cache: Path, common: Path) -> Built:
    """3.13.5, where the git server cannot be reached: built from the published tarball."""
    output = common / "published"
    return Built(once(common, "published", lambda: build_without_git_server(output, cache=cache)), output)


def build_without_git_server(output: Path, *, cache: Path) -> Finished:
    """Build 3.13.5 from whatever can be had, on a machine that reaches no git server."""
    return verbatim(
        *("build", "--version", "3.13.5", "--output", str(output), "--json"),
        cache=cache,
        settings=NO_GIT_SERVER,
    )


@pytest.fixture(scope="session")
def repository(built: Built, common: Path) -> Repository:
    """CPython's repository as it was at 3.13.5. No test may change it."""
    folder = common / "repository" / "cpython"
    with locked_file(common / "repository.lock"):
        if not folder.exists():
            folder.parent.mkdir()
            python_repository(built.folder / "Python-3.13.5.tar.xz", folder, "3.13.5")
    return Repository(folder)


@pytest.fixture(scope="session")
def built_from_git(repository: Repository, common: Path) -> Built:
    """3.13.5, built from its commit."""
    output = common / "from-git"
    options = ("--source", str(repository.path), "--output", str(output), "--json")
    return Built(once(common, "from-git", lambda: verbatim("build", "--version", "3.13.5", *options)), output)


@pytest.fixture
def downloads(root: Root, tmp_path: Path) -> Path:
    """A cache of the test's own that holds what was downloaded, and nothing that was made of it."""
    cache = root.path.parent.parent
    return Path(shutil.copytree(cache / "sha256", tmp_path / "cache" / "sha256")).parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of this project without what was made in it: a checkout whose files a test may change."""
    made = shutil.ignore_patterns(".*_cache", ".git", ".hypothesis", ".venv*", "__pycache__", "dist")
    return Path(shutil.copytree(PROJECT, tmp_path / "checkout", symlinks=True, ignore=made))
