"""Downloads: from several mirrors, in parallel, resumed, and hashed while they arrive. The hash decides."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from verbatim import console
from verbatim.addresses import showable
from verbatim.console import Bar
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.store import Store
from verbatim.transfer import (
    Clock,
    MissingError,
    PermanentError,
    RetryPolicy,
    Transfers,
    TransientError,
    WrongBytesError,
)


@dataclass(frozen=True)
class Download:
    """One pinned file and its addresses, in the order of preference."""

    name: str
    sha256: str
    urls: tuple[str, ...]
    #: In bytes; None where the lock does not say.
    size: int | None = None
    #: The environment variable that names mirrors for it.
    variable: str = "VERBATIM_PYTHON_MIRROR"
    #: What to do if no mirror has it, before a mirror is named.
    advice: str = "check the network"

    @property
    def remedy(self) -> str:
        """What to do if no mirror has it."""
        return f"{self.advice}, or name another mirror in {self.variable}" if self.variable else self.advice


@dataclass(frozen=True)
class Served:
    """An unpinned file that an address serves now: to examine, never to build from."""

    path: Path
    sha256: str
    url: str


class NotServedError(NetworkError):
    """All servers answered, and none of them has the file."""


class Fetcher:
    """Downloads pinned files into the store."""

    def __init__(
        self,
        store: Store,
        *,
        offline: bool = False,
        jobs: int = 4,
        retries: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.store = store
        self.offline = offline
        self._jobs = max(1, jobs)
        self._transfers = Transfers(retries or RetryPolicy(), self._jobs, clock or Clock())

    def fetch(self, download: Download) -> Path:
        """One file; see `fetch_all`."""
        return self.fetch_all([download], download.name)[0]

    def fetch_all(self, downloads: Sequence[Download], label: str) -> list[Path]:
        """The files in the store, in the order asked for; those that are missing are fetched.

        Raises NetworkError where no mirror has a file, IntegrityError where a mirror has other bytes
        under its name, UsageError where it would need the network but is offline.
        """
        found = {download.sha256: self.store.find(download.sha256) for download in downloads}
        missing = [download for download in downloads if found[download.sha256] is None]
        if missing and self.offline:
            raise UsageError(
                f"{missing[0].name} is not in the cache ({len(missing)} of {len(downloads)} files missing)",
                "run once without --offline",
            )
        if missing:
            sizes = [download.size for download in missing]
            total = None if None in sizes else sum(size or 0 for size in sizes)
            with console.progress(f"fetching {label}", total) as bar:
                for download, fetched in zip(missing, self._fetch_side_by_side(missing, bar), strict=True):
                    found[download.sha256] = fetched
        return [path for download in downloads if (path := found[download.sha256]) is not None]

    def fetch_served(
        self, name: str, urls: Sequence[str], path: Path, *, largest: int | None = None
    ) -> Served:
        """Download what the first of these addresses that has the file serves now, to a private path outside the store.

        No hash is expected; ``largest`` is in bytes. Raises NetworkError where none has it (NotServedError if all answer that
        they do not), UsageError if it is offline.
        """
        if self.offline:
            raise UsageError(f"{name} as it is served now was not fetched", "run without --offline")
        failures: list[str] = []
        absent = 0
        with console.progress(f"fetching {name} as it is served") as bar:
            for url in self._transfers.reachable(urls, failures):
                try:
                    sha256 = self._transfers.persist(url, None, path, bar, resumes=False, largest=largest)
                    return Served(path, sha256, url)
                except (TransientError, PermanentError) as failure:
                    failures.append(f"{showable(url)}: {failure}")
                    absent += isinstance(failure, MissingError)
            error = NotServedError if absent == len(failures) else NetworkError
            raise error(
                f"{name} could not be fetched: {'; '.join(failures)}",
                "check the network, or name another mirror in VERBATIM_PYTHON_MIRROR",
            )

    def _fetch_side_by_side(self, downloads: Sequence[Download], bar: Bar) -> list[Path]:
        workers = ThreadPoolExecutor(self._jobs)
        fetched = [workers.submit(self._fetch, download, bar) for download in downloads]
        try:
            paths = [future.result() for future in fetched]
        except Exception:
            workers.shutdown(wait=True, cancel_futures=True)
            raise
        except BaseException:
            # Interrupted: do not wait for a mirror. The part that has arrived is resumed next time.
            workers.shutdown(wait=False, cancel_futures=True)
            raise
        workers.shutdown()
        return paths

    def _fetch(self, download: Download, bar: Bar) -> Path:
        failures: list[str] = []
        wrong = False
        with self.store.entering(download.sha256) as partial:
            # Another process may have fetched it while this one waited for the lock.
            if (path := self.store.find(download.sha256)) is not None:
                return path
            for url in self._transfers.reachable(download.urls, failures):
                try:
                    self._fetch_from(url, download, partial, bar)
                    return self.store.admit(partial, download.sha256)
                except WrongBytesError as failure:
                    wrong = True
                    failures.append(f"{showable(url)}: {failure}")
                    console.warn(f"{showable(url)}: {failure}")
                except (TransientError, PermanentError) as failure:
                    failures.append(f"{showable(url)}: {failure}")
        attempts = "; ".join(failures) or "no mirror is known for it"
        if wrong:
            raise IntegrityError(
                f"no mirror has the pinned {download.name}: {attempts}",
                f"use a mirror that you trust{f' ({download.variable})' if download.variable else ''}; if all agree, tell the maintainers of the lock",
            )
        raise NetworkError(f"{download.name} could not be fetched: {attempts}", download.remedy)

    def _fetch_from(self, url: str, download: Download, partial: Path, bar: Bar) -> None:
        resumed = partial.exists()
        try:
            actual = self._transfers.persist(url, download.size, partial, bar)
            if actual != download.sha256 and resumed:
                # The partial file from before may have been wrong: once more, from the start.
                partial.unlink()
                actual = self._transfers.persist(url, download.size, partial, bar)
        except WrongBytesError:
            # Bytes from this mirror must not be continued from the next.
            partial.unlink(missing_ok=True)
            raise
        if actual != download.sha256:
            partial.unlink()
            raise WrongBytesError(f"it has SHA-256 {actual}, expected {download.sha256}")
