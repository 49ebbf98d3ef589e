"""Asking the web: with whose certificates, where a redirection may lead, and what an error comes to in words."""

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

#: What asking an address may come to, besides an answer; none of it is shown as it is, for it may hold the address.
WEB_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException)

#: What names the authorities that other programs trust (requests looks into REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE itself).
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def certificates() -> str | bool:
    """What a session's ``verify`` should be: what other programs go by, if it is said, and else its own."""
    return next((path for name in _CERTIFICATES if (path := os.environ.get(name))), True)


class _Session(requests.Session):
    """A session that follows no redirection, nor even looks where one leads: that is a stranger's to say."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


def new_session(jobs: int = 1) -> requests.Session:
    """A session with the user's proxies and certificates: those of ``SSL_CERT_FILE`` as well, as other programs have them."""
    session = _Session()
    session.headers["User-Agent"] = f"verbatim/{__version__}"
    # The bytes as they are: a transparently decompressed file has another hash.
    session.headers["Accept-Encoding"] = "identity"
    session.verify = certificates()
    for scheme in WEB:
        session.mount(f"{scheme}://", HTTPAdapter(pool_maxsize=jobs))
    return session


def web_address(url: str) -> Address:
    """Take an address apart; raises ValueError if it is not one of the web."""
    address = Address.parse(url)
    if address.scheme not in WEB:
        raise ValueError(f"its scheme is {address.scheme}, expected {' or '.join(WEB)}")
    return address


def redirected(url: str, location: str) -> str:
    """Where a redirection leads. Raises ValueError, which shows nothing of it, if nobody should go there."""
    try:
        target = urljoin(url, location)
        address = web_address(target)
    except ValueError as error:
        raise ValueError(f"it redirects to what cannot be asked: {error}") from None
    if address.scheme == "http" and web_address(url).scheme == "https":
        raise ValueError("it redirects from https to http, where anybody could answer")
    return target


def asked_pause(text: str, now: float) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, 10.2.3), from ``now`` on; None if it asks for nothing."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    # Without a zone it is Greenwich's time all the same.
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)


def reason(error: Exception) -> str:
    """The short form of what requests says at length. Its own words are not repeated: they hold the address."""
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
        "No route to host": "there is no way to it",
        "CA certificate bundle": "the certificates that REQUESTS_CA_BUNDLE or SSL_CERT_FILE names cannot be read",
        "IncompleteRead": "the transfer broke off",
        "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted: where an authority of your own signs, name the "
        "file of its certificate in REQUESTS_CA_BUNDLE or SSL_CERT_FILE",
    }.items():
        if sign in text:
            return short
    return _in_words(type(error).__name__)


def _in_words(name: str) -> str:
    """The name of an error's class, as words: ``ChunkedEncodingError`` is a chunked encoding error."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
