"""One transfer from one address: patient, resumed, and hashed as it comes."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from verbatim import __version__
from verbatim.console import Bar

_PIECE = 1 << 18
_MOST_REDIRECTIONS = 5

#: Whoever fails like this, again and again, need not be asked for the next file either.
_NO_ANSWER = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.TimeoutError)


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


class PassingError(Exception):
    """A failure that may be gone at the next attempt."""


class LastingError(Exception):
    """A failure for which there is no use in asking this mirror again."""


class WrongBytesError(LastingError):
    """The mirror has a file of that name, but not the pinned one."""


class Transfers:
    """Brings bytes from addresses into files, and remembers which hosts do not answer."""

    def __init__(self, patience: Patience, jobs: int) -> None:
        self._patience = patience
        self._unreachable: set[str] = set()
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"verbatim/{__version__}"
        # The bytes as they are: a transparently decompressed file has another hash.
        self._session.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=jobs))

    def reachable(self, urls: Sequence[str], failures: list[str]) -> Iterator[str]:
        """Those on hosts that have not failed to answer yet; why the others are left out goes to ``failures``."""
        for url in urls:
            try:
                host = urlsplit(url).netloc
            except ValueError:
                failures.append(f"{url}: not an address")
                continue
            if host in self._unreachable:
                failures.append(f"{host}: not reachable")
                continue
            yield url

    def persist(self, url: str, size: int | None, partial: Path, bar: Bar, *, resumes: bool = True) -> str:
        """Transfer, again and again if need be, a file of so many bytes; give the SHA-256 of what came.

        What no hash is expected of is not resumed: it must not be put together from two files. Raises PassingError
        and LastingError.
        """
        patience = self._patience
        try:
            for attempt in Retrying(
                stop=stop_after_attempt(patience.attempts),
                wait=wait_exponential_jitter(multiplier=patience.back_off, max=8, jitter=patience.back_off),
                retry=retry_if_exception_type(PassingError),
            ):
                with attempt:
                    if not resumes:
                        partial.unlink(missing_ok=True)
                    try:
                        return self._transfer(url, size, partial, bar)
                    except requests.exceptions.InvalidURL as error:
                        raise LastingError(f"not an address: {error}") from error
                    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                        raise PassingError(_reason(error)) from error
        except RetryError as error:
            failure = error.last_attempt.exception()
            if isinstance(failure.__cause__ if failure else None, _NO_ANSWER):
                self._unreachable.add(urlsplit(url).netloc)
            raise PassingError(str(failure)) from failure
        raise AssertionError("Retrying ends by returning or raising")

    def _transfer(self, url: str, size: int | None, partial: Path, bar: Bar) -> str:
        """One request, which goes on where the partial file ends."""
        limit = size if size is not None else self._patience.largest
        have = partial.stat().st_size if partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self._request(url, headers) as response:
            if have and response.status_code == requests.codes.requested_range_not_satisfiable:
                partial.unlink()
                raise PassingError("the part that was here is longer than the file")
            _refuse_status(response)
            if not have and response.status_code == requests.codes.partial_content:
                raise LastingError("it sent a part of the file, unasked")
            goes_on = have and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            sha256 = hashlib.sha256()
            if goes_on:
                with partial.open("rb") as file:
                    while piece := file.read(_PIECE):
                        sha256.update(piece)
            received = have if goes_on else 0
            begun = received
            length = response.headers.get("Content-Length", "")
            if size is None and re.fullmatch(r"[0-9]{1,15}", length):
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
                        raise WrongBytesError(f"it has more than the expected {limit} bytes")
                    elapsed = time.monotonic() - started
                    if elapsed > 30 and received - begun < self._patience.slowest * elapsed:
                        raise LastingError(f"too slow: {received} bytes in {elapsed:.0f} s")
            if size is not None and received < size:
                raise PassingError(f"it ended after {received} of {size} bytes")
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
        raise LastingError("it redirects in circles")


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if status >= 500 or status == requests.codes.too_many_requests:
        raise PassingError(f"the server answered {status}")
    if status not in (requests.codes.ok, requests.codes.partial_content):
        raise LastingError(f"the server answered {status}")


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
