"""Pushing an image to a registry as it is: by Docker it would be packed anew, and get another digest.

The protocol is that of the OCI distribution specification.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import requests
from oras.layout import Layout
from oras.provider import Registry

from verbatim.environments.image import Image
from verbatim.errors import IntegrityError, NetworkError, UsageError

# A host (with a dot, a port, or the name localhost, so that none is assumed), a name, a tag.
_REFERENCE = re.compile(
    r"(?P<host>(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))(?::[0-9]{1,5})?)"
    r"/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*):(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})"
)
#: In bytes: what is held in memory at a time.
_PIECE = 16 << 20
#: Seconds for the first answer.
_PATIENCE = 20


def check_reference(reference: str) -> None:
    """Raise UsageError for what does not name a place in a registry."""
    if not _REFERENCE.fullmatch(reference):
        raise UsageError(f"{reference!r} names no place in a registry", "give HOST[:PORT]/NAME:TAG")


def push(image: Image, layout: Path, reference: str) -> str:
    """Push a layout; give the reference that names just these bytes, whoever serves them.

    Credentials are those of ``docker login``. A registry on this machine's loopback address is spoken to
    without TLS, as Docker does. Raises NetworkError if the registry does not take it, IntegrityError if it
    took something else.
    """
    check_reference(reference)
    host = reference.partition("/")[0]
    try:
        registry = _registry(reference, host)
        answer = Layout(str(layout)).push_to_registry(
            registry, reference, image.tag, do_chunked=True, chunk_size=_PIECE
        )
    except (requests.RequestException, ValueError) as error:
        raise NetworkError(
            f"{host} did not take the image: {error}", "see to the address, and to `docker login`"
        ) from error
    digest = answer.headers.get("Docker-Content-Digest", image.digest)
    if digest != image.digest:
        raise IntegrityError(
            f"{host} has taken {digest}, expected {image.digest}", "do not use what is there"
        )
    return f"{reference.rpartition(':')[0]}@{image.digest}"


def _registry(reference: str, host: str) -> Registry:
    """A registry asks for a token, or for a user's name and password: it says which in its first answer."""
    insecure = _is_loopback(host)
    answer = requests.get(f"{'http' if insecure else 'https'}://{host}/v2/", timeout=_PATIENCE)
    wants_password = answer.headers.get("WWW-Authenticate", "").lower().startswith("basic")
    registry = Registry(hostname=host, insecure=insecure, auth_backend="basic" if wants_password else "token")
    registry.auth.load_configs(registry.get_container(reference))
    # It would try for minutes, and then stumble.
    if wants_password and not vars(registry.auth).get("_basic_auth"):
        raise ValueError("it wants a user's name and password, and there are none")
    return registry


def _is_loopback(host: str) -> bool:
    name = host.partition(":")[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
