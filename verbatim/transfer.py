"""One transfer from one address: repeated, resumed, and hashed while it arrives."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import requests
import urllib3
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from verbatim import console
from verbatim.addresses import showable
from verbatim.console import Bar
from verbatim.errors import UsageError
from verbatim.web import WEB_ERRORS, asked_pause, new_session, reason, redirected, web_address

_PIECE = 1 << 18
_MOST_REDIRECTIONS = 5

#: A host that repeatedly fails like this is not asked for the next file either.
_NO_ANSWER = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.TimeoutError)


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long one mirror is tried before the next one."""

    attempts: int = 4
    #: Seconds to connect, and between two pieces of data.
    connect: float = 10.0
    read: float = 30.0
    #: Seconds before the first new attempt; it doubles each time.
    back_off: float = 0.5
    #: Seconds of pause that a mirror may ask for (Retry-After), in total for one file.
    longest_pause: float = 120.0
    #: The minimum in bytes per second, after half a minute.
    slowest: int = 2_000
    #: The maximum in bytes for a file of unknown size.
    largest: int = 1 << 30


class Clock:
    """Time and waiting, which tests replace."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def ticks(self) -> float:
        """Seconds of a monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class TransientError(Exception):
    """The next attempt may succeed."""


class PermanentError(Exception):
    """Trying this mirror again is useless."""


class MissingError(PermanentError):
    """The mirror says that it does not have the file."""


class WrongBytesError(PermanentError):
    """The mirror has a file of that name, but not the pinned one."""


class Transfers:
    """Downloads from addresses into files, and remembers which hosts do not answer."""

    def __init__(self, retries: RetryPolicy, jobs: int, clock: Clock) -> None:
        self._retries = retries
        self._clock = clock
        self._unreachable: set[str] = set()
        self._marking = threading.Lock()
        #: Hosts that asked for a pause, and its end, in seconds since 1970.
        self._quiet: dict[str, float] = {}
        self._session = new_session(jobs)

    def reachable(self, urls: Sequence[str], failures: list[str]) -> Iterator[str]:
        """The addresses on hosts that are not known to be down; the reasons for the others go to ``failures``, at the end."""
        down: dict[str, None] = {}
        for url in urls:
            try:
                address = web_address(url)
            except ValueError as error:
                failures.append(f"{showable(url)}: {error}")
                continue
            if address.host_and_port in self._unreachable:
                down[address.host_and_port] = None
                continue
            yield url
        if down:
            failures.append(f"{' and '.join(down)} cannot be reached")

    def persist(
        self,
        url: str,
        size: int | None,
        partial: Path,
        bar: Bar,
        *,
        resumes: bool = True,
        largest: int | None = None,
    ) -> str:
        """Transfer a file of ``size`` bytes, with several attempts if need be; give the SHA-256 of what arrived.

        A file of unknown size has ``largest`` bytes at most, or as many as the policy allows. A file without an expected
        hash is not resumed: it might become a mixture of two files. Raises TransientError and PermanentError.
        """
        retries, host = self._retries, web_address(url).host_and_port
        pauses = 0.0
        try:
            for attempt in Retrying(
                sleep=self._clock.sleep,
                stop=stop_after_attempt(retries.attempts),
                wait=wait_exponential_jitter(multiplier=retries.back_off, max=8, jitter=retries.back_off),
                retry=retry_if_exception_type(TransientError),
            ):
                with attempt:
                    if not resumes:
                        partial.unlink(missing_ok=True)
                    pauses += self._pause(host, retries.longest_pause - pauses)
                    try:
                        return self._transfer(url, size, partial, bar, largest or retries.largest)
                    except WEB_ERRORS as error:
                        raise _failure(error) from error
        except RetryError as error:
            failure = error.last_attempt.exception()
            if isinstance(failure.__cause__ if failure else None, _NO_ANSWER):
                self._give_up(host, failure)
            raise TransientError(str(failure)) from failure
        raise AssertionError("Retrying ends by returning or raising")

    def _give_up(self, host: str, failure: BaseException | None) -> None:
        """Ask a host for no further file; several downloads may notice at once, and one warns."""
        with self._marking:
            is_new = host not in self._unreachable
            self._unreachable.add(host)
        if is_new:
            console.warn(f"{host} cannot be reached, and is not asked again: {failure}")

    def _transfer(self, url: str, size: int | None, partial: Path, bar: Bar, largest: int) -> str:
        """One request, which continues where the partial file ends."""
        limit = size if size is not None else largest
        have = partial.stat().st_size if partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self._request(url, headers) as response:
            if have and response.status_code == requests.codes.requested_range_not_satisfiable:
                partial.unlink()
                raise TransientError("the partial file was longer than the whole file")
            self._refuse_status(response, web_address(url).host_and_port)
            if not have and response.status_code == requests.codes.partial_content:
                raise PermanentError("it sent only a part of the file")
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
            started = self._clock.ticks()
            with partial.open("ab" if goes_on else "wb") as file:
                # Read what has arrived, undecoded: parts are kept at once, and the hash is that of the file as it is.
                while piece := response.raw.read1(_PIECE, decode_content=False):
                    file.write(piece)
                    sha256.update(piece)
                    received += len(piece)
                    bar(len(piece))
                    if received > limit:
                        raise WrongBytesError(f"it has more than the expected {limit} bytes")
                    elapsed = self._clock.ticks() - started
                    if elapsed > 30 and received - begun < self._retries.slowest * elapsed:
                        raise PermanentError(f"too slow: {received} bytes in {elapsed:.0f} s")
            if size is not None and received < size:
                raise TransientError(f"it ended after {received} of {size} bytes")
            return sha256.hexdigest()

    def _request(self, url: str, headers: dict[str, str]) -> requests.Response:
        """Send a request, and follow redirections here: requests itself would read their bodies, however large."""
        timeout = (self._retries.connect, self._retries.read)
        for _ in range(_MOST_REDIRECTIONS):
            try:
                response = self._session.get(
                    url, headers=headers, stream=True, allow_redirects=False, timeout=timeout
                )
            except WEB_ERRORS:
                raise
            except ValueError as error:
                # The address was checked before; only a proxy's can be wrong.
                raise PermanentError("the proxy's address is not valid") from error
            except OSError as error:
                raise UsageError(
                    "the file of trusted certificates cannot be read",
                    "correct REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, or SSL_CERT_FILE",
                ) from error
            if not response.is_redirect:
                return response
            response.close()
            try:
                url = redirected(url, response.headers["Location"])
            except ValueError as error:
                raise PermanentError(str(error)) from error
        raise PermanentError("it redirects in circles")

    def _pause(self, host: str, longest: float) -> float:
        """Wait as long as a host asked for; give the seconds.

        Raises PermanentError if that is longer than ``longest`` seconds.
        """
        seconds = self._quiet.get(host, 0.0) - self._clock.now()
        if seconds <= 0:
            return 0.0
        if seconds > longest:
            raise PermanentError(
                f"it asks for a pause of {ceil(seconds)} s, expected at most {ceil(longest)} s"
            )
        console.note(f"{host} asks for a pause: continuing in {ceil(seconds)} s")
        self._clock.sleep(seconds)
        return seconds

    def _refuse_status(self, response: requests.Response, host: str) -> None:
        status = response.status_code
        if status >= 500 or status == requests.codes.too_many_requests:
            seconds = asked_pause(response.headers.get("Retry-After", ""), self._clock.now())
            if seconds is not None:
                self._quiet[host] = self._clock.now() + seconds
            raise TransientError(f"the server answered {status}")
        if status in (requests.codes.not_found, requests.codes.gone):
            raise MissingError(f"the server answered {status}")
        if status not in (requests.codes.ok, requests.codes.partial_content):
            raise PermanentError(f"the server answered {status}")


def _failure(error: Exception) -> TransientError | PermanentError:
    """Whether trying the mirror again can help after this error."""
    lasting = (
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidHeader,
        urllib3.exceptions.LocationValueError,
    )
    return (PermanentError if isinstance(error, lasting) else TransientError)(reason(error))
