"""Addresses (RFC 3986): one strict grammar, and the one place that makes them showable.

User names, passwords, queries and fragments may be secrets. Whoever puts an address into a message, a log or a file
uses `showable`; whoever repeats another program's output uses `masked`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, unquote

from verbatim.errors import UsageError

_CHARACTER = r"[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2}"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30})://"
    rf"(?:(?P<user>(?:{_CHARACTER})*)@)?"
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])?(?::(?P<port>[0-9]{{1,5}}))?"
    rf"(?P<path>(?:/(?:{_CHARACTER}|@)*)*)"
    rf"(?:\?(?P<query>(?:{_CHARACTER}|[@/?])*))?(?:#(?P<fragment>(?:{_CHARACTER}|[@/?])*))?"
)
#: As code hosts offer it, for ssh: user, host, path.
_SCP_LIKE = re.compile(
    rf"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?(?P<host>{_LABEL}(?:\.{_LABEL})*):(?P<path>[A-Za-z0-9~_][A-Za-z0-9._/~+-]*)"
)
#: The schemes of HTTP.
WEB = ("http", "https")
_WITH_HOST = (*WEB, "git", "ssh", "tcp")
_REMEDY = "write SCHEME://HOST/PATH, and percent-encode special characters in a name or a password, such as %40 for @"
_UNSHOWABLE = "an address that cannot be shown"
#: Shorter secrets occur in ordinary words, and are masked only inside an address.
_SHORTEST_SECRET = 4
_MASK = "…"


@dataclass(frozen=True)
class Address:
    """An address, taken apart."""

    scheme: str
    #: As it is written, percent-encoded: ``name:password``.
    user: str | None = field(repr=False)
    host: str
    port: int | None
    path: str
    query: str | None = field(repr=False)
    fragment: str | None = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address of any scheme; raises ValueError, which does not repeat it, for anything else.

        ASCII alone: whatever else a name, password or host holds is percent-encoded, or in IDNA's form.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise ValueError("it has a part that addresses do not have")
        scheme, host, port = match["scheme"].lower(), match["host"] or "", match["port"]
        if not host and (scheme in _WITH_HOST or match["user"] is not None or port is not None):
            raise ValueError("it names no host")
        if len(host) > 253 or (port is not None and not 0 < int(port) < 1 << 16):
            raise ValueError("its host is too long" if len(host) > 253 else "its port is not valid")
        if scheme == "file" and (host not in ("", "localhost") or port is not None):
            raise ValueError("a file is on this machine")
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        port_number = int(port) if port is not None else None
        return cls(scheme, match["user"], host, port_number, match["path"], match["query"], match["fragment"])

    @property
    def shown(self) -> str:
        """The address without user, password, query and fragment, which may be secret.

        Where an "@" may end a password that has a slash in it, what seems to be the host is not shown either.
        """
        if self.is_ambiguous:
            return f"{self.scheme}://{_MASK}"
        return f"{self.scheme}://{self.host_and_port}{self.path}{'' if self.query is None else f'?{_MASK}'}"

    @property
    def is_ambiguous(self) -> bool:
        """Whether there is an "@" after the host (or what seems to be the host)."""
        rest = f"{self.path}{self.query or ''}{self.fragment or ''}"
        return "@" in rest and self.scheme != "file"

    @property
    def host_and_port(self) -> str:
        """The host, and the port where one is given."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def without_user(self) -> str:
        """The address without name and password. Do not show it: its query may still be secret."""
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.scheme}://{self.host_and_port}{self.path}{query}{fragment}"


def checked(text: str, what: str, schemes: Sequence[str]) -> Address:
    """Parse an address that a person gave, of one of these schemes.

    Raises UsageError, which names ``what`` held the address and repeats no secret. An "@" after the host is refused:
    it may end a password with a slash in it, half of which would be sent to a host named like the user.
    """
    try:
        address = Address.parse(text)
    except ValueError as error:
        raise UsageError(f"{what}: {showable(text)} is not a valid address: {error}", _REMEDY) from None
    if address.is_ambiguous:
        raise UsageError(f"{what}: {address.shown} has an @ after its host", _REMEDY)
    if address.scheme not in schemes:
        raise UsageError(
            f"{what}: {address.shown} has the scheme {address.scheme}, expected {' or '.join(schemes)}",
            "give another address",
        )
    return address


def listed(variable: str) -> list[str]:
    """The base addresses (http or https) in an environment variable, separated by spaces.

    Raises UsageError unless each is valid: a space in a password would leave half an address to ask.
    """
    found = os.environ.get(variable, "").split()
    for number, text in enumerate(found, 1):
        try:
            address = checked(text, variable, WEB)
        except UsageError:
            # Nothing of it is shown: it may be half a password.
            raise UsageError(
                f"{variable}: number {number} is not a valid http or https address", _REMEDY
            ) from None
        if address.query is not None or address.fragment is not None:
            raise UsageError(
                f"{variable}: {address.shown} has a query or a fragment", "give it without ? and #"
            )
    return found


def is_scp_like(text: str) -> bool:
    """Whether it is ``user@host:path``, which code hosts offer for git over ssh."""
    return "://" not in text and _SCP_LIKE.fullmatch(text) is not None


def showable(text: str) -> str:
    """A text without the secrets of the address that it may be; of one that cannot be parsed, only the scheme.

    A text without "://" and "@" is not an address (but a path or a word), and stays as it is.
    """
    if "://" in text:
        try:
            return Address.parse(text).shown
        except ValueError:
            scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]{0,30}(?=://)", text)
            return f"{scheme[0]}://{_MASK}" if scheme else _UNSHOWABLE
    if scp := _SCP_LIKE.fullmatch(text):
        return f"{scp['host']}:{scp['path']}"
    return _UNSHOWABLE if "@" in text else text


def masked(text: str, *addresses: str) -> str:
    """Another program's output without the secrets of these addresses, of those in the environment, and of its own.

    It masks too much rather than too little: nobody knows where a password ends.
    """
    secrets = {secret for each in (*addresses, *os.environ.values()) for secret in _secrets(each)}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return "\n".join(map(_masked_line, text.splitlines()))


def _masked_line(line: str) -> str:
    """A line up to its first address that may hold a secret, and what follows where that cannot be a part of one."""
    before, sign, address = line.partition("://")
    if not sign:
        return re.sub(r"\?[^\s'\"<>)]+", f"?{_MASK}", line)
    query = re.search(r"\?\S", address)
    if "@" not in address:
        return f"{before}://{address[: query.start()]}?{_MASK}" if query else line
    return f"{before}://{_MASK}" + ("" if query else f"@{address.rpartition('@')[2]}")


def _secrets(text: str) -> Iterator[str]:
    """What is secret in a text of addresses, as other programs may write it."""
    for address in re.split(r"\s+(?=[A-Za-z][A-Za-z0-9+.-]*://)", text):
        scheme, sign, rest = address.partition("://")
        if not sign:
            continue
        name, _, password = rest.rpartition("@")[0].partition(":")
        values = [password, *re.findall(r"[?&#;][^=&#\s]*=([^&#\s]+)", rest)]
        if not password and not scheme.endswith("ssh"):
            # A token, in place of a name.
            values.append(name)
        for value in values:
            # Whole, and in the pieces into which an odd one falls when it is taken for something else.
            plain = unquote(value)
            pieces = re.split(r"[^A-Za-z0-9_.~-]+", plain)
            for form in (value, plain, quote(plain, safe="", errors="surrogatepass"), *pieces):
                if len(form) >= _SHORTEST_SECRET:
                    yield form
