"""What every fast test has: a cache of its own, and no way out of this machine."""

from __future__ import annotations

import gc
import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Site
from verbatim.fetch import Fetcher
from verbatim.store import Store
from verbatim.transfer import RetryPolicy

#: What decides how Verbatim behaves, and what makes a log look like a terminal.
_SETTINGS = ("VERBATIM_", "FORCE_COLOR", "TTY_")

#: A port on which nothing listens: whoever is sent there is refused at once.
_NOWHERE = "http://127.0.0.1:9"


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: nobody who collects garbage needs to look through it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No cache yet, no setting from outside, and no network but the loopback address.

    The integration tests have another cache in its place, and the network.
    """
    for name in os.environ:
        if name.startswith(_SETTINGS):
            monkeypatch.delenv(name)
    folder = tmp_path / "cache"
    monkeypatch.setenv("VERBATIM_CACHE", str(folder))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv(name, _NOWHERE)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    return folder


@pytest.fixture
def interrupts() -> Iterator[None]:
    """SIGINT and SIGTERM raise KeyboardInterrupt, as in a task, whatever they did before: in a shell's background nothing."""
    former = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def store(cache: Path) -> Store:
    return Store(cache)


@pytest.fixture
def fetcher(store: Store) -> Fetcher:
    """A fetcher that gives up early, but waits long enough for a machine under load."""
    return Fetcher(store, jobs=3, retries=RetryPolicy(attempts=3, connect=5, read=10, back_off=0.001))


@pytest.fixture
def impatient(store: Store) -> Fetcher:
    """A fetcher for mirrors that hang."""
    return Fetcher(store, jobs=3, retries=RetryPolicy(attempts=3, connect=5, read=0.7, back_off=0.001))


@pytest.fixture
def unanswered() -> Iterator[None]:
    """Docker's client leaves a socket open if nobody answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()
