"""HTTP: certificates, where a redirection may lead, and errors in words."""

from __future__ import annotations

import http.client
import os
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import requests
import urllib3
from requests.adapters import HTTPAdapter

from verbatim import __version__
from verbatim.addresses import WEB, Address

#: What a request may raise; none of these is shown as it is, since it may contain the address.
WEB_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException)

#: The variables for trusted authorities in other programs (requests itself reads REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE).
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def certificates() -> str | bool:
    """The value for a session's ``verify``: what those variables name, otherwise requests' own authorities."""
    return next((path for name in _CERTIFICATES if (path := os.environ.get(name))), True)


class _Session(requests.Session):
    """A session that neither follows nor evaluates redirections, whose targets are untrusted."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


def new_session(jobs: int = 1) -> requests.Session:
    """A session with the user's proxies and certificates, those of ``SSL_CERT_FILE`` included."""
    session = _Session()
    session.headers["User-Agent"] = f"verbatim/{__version__}"
    # The bytes as they are: a transparently decompressed file has another hash.
    session.headers["Accept-Encoding"] = "identity"
    session.verify = certificates()
    for scheme in WEB:
        session.mount(f"{scheme}://", HTTPAdapter(pool_maxsize=jobs))
    return session


def web_address(url: str) -> Address:
    """Parse an http or https address; raises ValueError for another one."""
    address = Address.parse(url)
    if address.scheme not in WEB:
        raise ValueError(f"its scheme is {address.scheme}, expected {' or '.join(WEB)}")
    return address


def redirected(url: str, location: str) -> str:
    """The target of a redirection. Raises ValueError, which does not repeat it, if it must not be followed."""
    try:
        target = urljoin(url, location)
        address = web_address(target)
    except ValueError as error:
        raise ValueError(f"it redirects to an invalid address: {error}") from None
    if address.scheme == "http" and web_address(url).scheme == "https":
        raise ValueError("it redirects from https to http, where anybody could answer")
    return target


def asked_pause(text: str, now: float) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, 10.2.3), from ``now`` on; None if it is not valid."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    # A time without a zone is in UTC.
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)


def reason(error: Exception) -> str:
    """A short form of an error of requests, whose own text contains the address."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return "the proxy's address is not valid"
    text = str(error)
    for sign, short in {
        "Failed to resolve": "the name does not resolve",
        "NameResolutionError": "the name does not resolve",
        "Connection refused": "connection refused",
        "Read timed out": "no answer in time",
        "Connection reset": "the connection was reset",
        "Remote end closed": "the connection was closed",
        "Network is unreachable": "the network is unreachable",
        "No route to host": "there is no route to it",
        "CA certificate bundle": "the certificates that REQUESTS_CA_BUNDLE or SSL_CERT_FILE names cannot be read",
        "IncompleteRead": "the transfer broke off",
        "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted: if you use a certificate authority of your own, name its "
        "certificate file in REQUESTS_CA_BUNDLE or SSL_CERT_FILE",
    }.items():
        if sign in text:
            return short
    return _in_words(type(error).__name__)


def _in_words(name: str) -> str:
    """The name of an error's class, as words: ``ChunkedEncodingError`` is a chunked encoding error."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
