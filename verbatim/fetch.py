"""Downloads: from several mirrors, in parallel, resumed, and hashed as they come. The hash decides."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from verbatim import __version__, console
from verbatim.console import Bar
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.store import Store

_PIECE = 1 << 18
_MOST_REDIRECTIONS = 5

#: Whoever fails like this, again and again, need not be asked for the next file either.
_NO_ANSWER = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.TimeoutError)


@dataclass(frozen=True)
class Download:
    """One pinned file and where it may be had, the first choice first."""

    name: str
    sha256: str
    urls: tuple[str, ...]
    #: In bytes; None where the lock does not say.
    size: int | None = None
    #: What to do if no mirror has it.
    remedy: str = "check the network, or name another mirror"


@dataclass(frozen=True)
class Patience:
    """How long to bear with a mirror before the next one is asked."""

    attempts: int = 4
    #: Seconds to connect, and between two pieces of data.
    connect: float = 10.0
    read: float = 30.0
    #: Seconds before the first new attempt; it doubles each time.
    back_off: float = 0.5
    #: Bytes per second that a mirror has to keep up, after half a minute.
    slowest: int = 2_000
    #: Bytes that a file of unknown size may have.
    largest: int = 1 << 30


class _PassingError(Exception):
    """A failure that may be gone at the next attempt."""


class _LastingError(Exception):
    """A failure for which there is no use in asking this mirror again."""


class _WrongBytesError(_LastingError):
    """The mirror has a file of that name, but not the pinned one."""


class Fetcher:
    """Brings pinned files into the store."""

    def __init__(
        self, store: Store, *, offline: bool = False, jobs: int = 4, patience: Patience | None = None
    ) -> None:
        self.store = store
        self.offline = offline
        self._jobs = max(1, jobs)
        self._patience = patience or Patience()
        self._unreachable: set[str] = set()
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"verbatim/{__version__}"
        # The bytes as they are: a transparently decompressed file has another hash.
        self._session.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=self._jobs))

    def fetch(self, download: Download) -> Path:
        """One file; see `fetch_all`."""
        return self.fetch_all([download], download.name)[0]

    def fetch_all(self, downloads: Sequence[Download], label: str) -> list[Path]:
        """The files in the store, in the order asked for; those that are missing are fetched.

        Raises NetworkError where no mirror has a file, IntegrityError where a mirror has other bytes
        under its name, UsageError where it would take the network and that is not wanted.
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

    def _fetch_side_by_side(self, downloads: Sequence[Download], bar: Bar) -> list[Path]:
        workers = ThreadPoolExecutor(self._jobs)
        fetched = [workers.submit(self._fetch, download, bar) for download in downloads]
        try:
            paths = [future.result() for future in fetched]
        except Exception:
            workers.shutdown(wait=True, cancel_futures=True)
            raise
        except BaseException:
            # Interrupted: nobody wants to wait for a mirror now. What came so far is resumed next time.
            workers.shutdown(wait=False, cancel_futures=True)
            raise
        workers.shutdown()
        return paths

    def _fetch(self, download: Download, bar: Bar) -> Path:
        failures: list[str] = []
        wrong = False
        with self.store.entering(download.sha256) as partial:
            # Another process may have brought it while we waited for the lock.
            if (path := self.store.find(download.sha256)) is not None:
                return path
            for url in download.urls:
                try:
                    host = urlsplit(url).netloc
                except ValueError:
                    failures.append(f"{url}: not an address")
                    continue
                if host in self._unreachable:
                    failures.append(f"{host}: not reachable")
                    continue
                try:
                    self._fetch_from(url, download, partial, bar)
                    return self.store.admit(partial, download.sha256)
                except _WrongBytesError as failure:
                    wrong = True
                    failures.append(f"{url}: {failure}")
                    console.warn(f"{url}: {failure}")
                except (_PassingError, _LastingError) as failure:
                    failures.append(f"{url}: {failure}")
        tried = "; ".join(failures) or "no mirror is known for it"
        if wrong:
            raise IntegrityError(
                f"no mirror has the pinned {download.name}: {tried}",
                "use a mirror that you trust; if all agree, tell the maintainers of the lock",
            )
        raise NetworkError(f"{download.name} could not be fetched: {tried}", download.remedy)

    def _fetch_from(self, url: str, download: Download, partial: Path, bar: Bar) -> None:
        resumed = partial.exists()
        try:
            actual = self._persist(url, download, partial, bar)
            if actual != download.sha256 and resumed:
                # The part that lay here may have been what was wrong: once more, from the start.
                partial.unlink()
                actual = self._persist(url, download, partial, bar)
        except _WrongBytesError:
            # What this mirror gave is of no use to the next.
            partial.unlink(missing_ok=True)
            raise
        if actual != download.sha256:
            partial.unlink()
            raise _WrongBytesError(f"it has SHA-256 {actual}, expected {download.sha256}")

    def _persist(self, url: str, download: Download, partial: Path, bar: Bar) -> str:
        """Transfer, again and again if need be; give the SHA-256 of what came."""
        patience = self._patience
        try:
            for attempt in Retrying(
                stop=stop_after_attempt(patience.attempts),
                wait=wait_exponential_jitter(multiplier=patience.back_off, max=8, jitter=patience.back_off),
                retry=retry_if_exception_type(_PassingError),
            ):
                with attempt:
                    try:
                        return self._transfer(url, download, partial, bar)
                    except requests.exceptions.InvalidURL as error:
                        raise _LastingError(f"not an address: {error}") from error
                    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                        raise _PassingError(_reason(error)) from error
        except RetryError as error:
            failure = error.last_attempt.exception()
            if isinstance(failure.__cause__ if failure else None, _NO_ANSWER):
                self._unreachable.add(urlsplit(url).netloc)
            raise _PassingError(str(failure)) from failure
        raise AssertionError("Retrying ends by returning or raising")

    def _transfer(self, url: str, download: Download, partial: Path, bar: Bar) -> str:
        """One request, which goes on where the partial file ends."""
        limit = download.size if download.size is not None else self._patience.largest
        have = partial.stat().st_size if partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self._request(url, headers) as response:
            if have and response.status_code == requests.codes.requested_range_not_satisfiable:
                partial.unlink()
                raise _PassingError("the part that was here is longer than the file")
            _refuse_status(response)
            if not have and response.status_code == requests.codes.partial_content:
                raise _LastingError("it sent a part of the file, unasked")
            goes_on = have and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            sha256 = hashlib.sha256()
            if goes_on:
                with partial.open("rb") as file:
                    while piece := file.read(_PIECE):
                        sha256.update(piece)
            received = have if goes_on else 0
            begun = received
            length = response.headers.get("Content-Length", "")
            if download.size is None and re.fullmatch(r"[0-9]{1,15}", length):
                bar.expect(received + int(length))
            started = time.monotonic()
            with partial.open("ab" if goes_on else "wb") as file:
                # What has come so far, undecoded: a part is kept at once, and the hash is of the file as it is.
                while piece := response.raw.read1(_PIECE, decode_content=False):
                    file.write(piece)
                    sha256.update(piece)
                    received += len(piece)
                    bar(len(piece))
                    if received > limit:
                        raise _WrongBytesError(f"it has more than the expected {limit} bytes")
                    elapsed = time.monotonic() - started
                    if elapsed > 30 and received - begun < self._patience.slowest * elapsed:
                        raise _LastingError(f"too slow: {received} bytes in {elapsed:.0f} s")
            if download.size is not None and received < download.size:
                raise _PassingError(f"it ended after {received} of {download.size} bytes")
            return sha256.hexdigest()

    def _request(self, url: str, headers: dict[str, str]) -> requests.Response:
        """Ask, and follow redirections, of which requests itself would read the bodies, however large."""
        patience = (self._patience.connect, self._patience.read)
        for _ in range(_MOST_REDIRECTIONS):
            response = self._session.get(
                url, headers=headers, stream=True, allow_redirects=False, timeout=patience
            )
            if not response.is_redirect:
                return response
            response.close()
            url = urljoin(url, response.headers["Location"])
        raise _LastingError("it redirects in circles")


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if status >= 500 or status == requests.codes.too_many_requests:
        raise _PassingError(f"the server answered {status}")
    if status not in (requests.codes.ok, requests.codes.partial_content):
        raise _LastingError(f"the server answered {status}")


def _reason(error: Exception) -> str:
    """The short form of what requests says at length."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    text = str(error)
    for sign, short in {
        "Failed to resolve": "the name does not resolve",
        "NameResolutionError": "the name does not resolve",
        "Connection refused": "connection refused",
        "Read timed out": "no answer in time",
        "IncompleteRead": "the transfer broke off",
        "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted",
    }.items():
        if sign in text:
            return short
    return f"{type(error).__name__}: {text}"
