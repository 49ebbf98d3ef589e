"""Pushing an image to a registry unchanged: Docker would pack it again, and give it another digest.

The protocol is that of the OCI distribution specification.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import requests
from oras.auth import AuthenticationException
from oras.logger import logger as oras_logger
from oras.provider import Registry
from requests.adapters import HTTPAdapter

from verbatim.addresses import masked, showable
from verbatim.environments.image import Image
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.web import certificates, new_session

# A host (with a dot, a port, or the name localhost, so that none is assumed), a name, a tag.
_REFERENCE = re.compile(
    r"(?P<host>(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))(?::[0-9]{1,5})?)"
    r"/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*):(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})"
)
#: In bytes: how much is held in memory at a time.
_PIECE = 16 << 20
#: Seconds for a connection and the first answer, and for any other: registries check a large layer at its end.
_TIMEOUT, _LONG_TIMEOUT = 20, 300


def check_reference(reference: str) -> None:
    """Raise UsageError for a reference that is not HOST[:PORT]/NAME:TAG."""
    if not _REFERENCE.fullmatch(reference):
        raise UsageError(
            f"{showable(reference)!r} is not a valid image reference", "give HOST[:PORT]/NAME:TAG"
        )


def push(image: Image, layout: Path, reference: str) -> str:
    """Push a layout; give the reference by digest, which names exactly these bytes.

    Credentials are those of ``docker login``. A registry on this machine's loopback address is contacted
    without TLS, as Docker does. Raises NetworkError if the registry does not accept it, IntegrityError if it
    returns something else.
    """
    check_reference(reference)
    host = reference.partition("/")[0]
    try:
        with _registry(reference, host) as registry:
            taken = _push(registry, image, layout, reference)
    except (requests.RequestException, AuthenticationException, ValueError) as error:
        raise NetworkError(
            f"{host} did not accept the image: {masked(str(error))}",
            "check the address, and `docker login`",
        ) from error
    if taken != image.manifest:
        raise IntegrityError(
            f"{host} accepted the image, but returns something else as {image.digest}",
            "do not use that image",
        )
    return f"{reference.rpartition(':')[0]}@{image.digest}"


def _push(registry: Registry, image: Image, layout: Path, reference: str) -> bytes:
    """Push the layer, the configuration and the manifest; give what the registry then returns for the manifest's digest."""
    container = registry.get_container(reference)
    for digest in (f"sha256:{image.environment.lock.root_sha256}", image.config_digest):
        blob = layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
        registry.upload_blob(
            str(blob),
            container,
            {"digest": digest, "size": blob.stat().st_size},
            do_chunked=True,
            chunk_size=_PIECE,
        ).raise_for_status()
    url, kind = f"{registry.prefix}://{container.manifest_url()}", json.loads(image.manifest)["mediaType"]
    registry.do_request(url, "PUT", headers={"Content-Type": kind}, data=image.manifest).raise_for_status()
    whole = f"{url.rpartition('/')[0]}/{image.digest}"
    with registry.do_request(whole, headers={"Accept": kind}, stream=True) as answer:
        # One byte more than expected is enough to see a difference.
        return next(answer.iter_content(len(image.manifest) + 1), b"")


@contextmanager
def _registry(reference: str, host: str) -> Iterator[_Registry]:
    """A client for the registry, which asks in its first answer for a token, or for a name and a password."""
    insecure = _is_loopback(host)
    with new_session() as asking:
        answer = asking.get(f"{'http' if insecure else 'https'}://{host}/v2/", timeout=_TIMEOUT)
    wants_password = answer.headers.get("WWW-Authenticate", "").lower().startswith("basic")
    # It would print the registry's output without masking it.
    oras_logger.log_handler.clear()
    registry = _Registry(
        hostname=host, insecure=insecure, auth_backend="basic" if wants_password else "token"
    )
    with registry.session as session:
        session.verify = certificates()
        for scheme in ("http://", "https://"):
            session.mount(scheme, _AdapterWithTimeout())
        try:
            registry.auth.load_configs(registry.get_container(reference), _credentials())
        except (AttributeError, TypeError, OSError) as error:
            raise ValueError(f"the credentials of `docker login` cannot be read: {error}") from error
        if wants_password and not vars(registry.auth).get("_basic_auth"):
            raise ValueError("it asks for a user name and a password, but `docker login` has none for it")
        yield registry


def _credentials() -> list[str]:
    """The file of `docker login`, if it is not in the default folder."""
    named = os.environ.get("DOCKER_CONFIG")
    return [os.path.join(named, "config.json")] if named else []


class _Registry(Registry):
    """A registry that is asked once: the base class tries again for minutes, whatever the answer was."""

    def do_request(self, *arguments: Any, **options: Any) -> requests.Response:
        once = cast(Callable[..., requests.Response], vars(Registry.do_request)["__wrapped__"])
        return once(self, *arguments, **options)


class _AdapterWithTimeout(HTTPAdapter):
    """Sets a timeout for every request."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        return super().send(request, *arguments, **{**options, "timeout": (_TIMEOUT, _LONG_TIMEOUT)})


def _is_loopback(host: str) -> bool:
    name = host.partition(":")[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
