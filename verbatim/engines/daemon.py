"""The Docker daemon that the user's environment names, and what its errors mean."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import docker
import requests
from docker.context import ContextAPI
from docker.context.config import get_current_context_name
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.images import Image as Loaded
from docker.utils.config import find_config_file

from verbatim import console
from verbatim.addresses import masked, showable
from verbatim.data import read_small_file
from verbatim.environments.image import REPOSITORY, Image, laid_out
from verbatim.environments.rootfs import Root
from verbatim.errors import CapabilityError, IntegrityError

#: Seconds for the first answer, and for each later one: unpacking an image on a slow disk takes long.
_FIRST_TIMEOUT, _TIMEOUT = 20, 600


def connect() -> docker.DockerClient:
    """The daemon of ``DOCKER_HOST``, else of the current context, else of this machine.

    Raises CapabilityError if it does not answer, or if its address or context is not valid.
    """
    try:
        _check_context()
        client = docker.from_env(timeout=_FIRST_TIMEOUT, use_ssh_client=True)
    except CapabilityError:
        raise
    except Exception as error:
        # For a damaged context Docker's client raises Exception itself, for a damaged address ValueError.
        raise _refusal(error) from error
    client.api.timeout = _TIMEOUT
    return client


def daemon_address() -> str:
    """The daemon's address or context; it may hold secrets."""
    host = os.environ.get("DOCKER_HOST")
    if host:
        return host
    context = ContextAPI.get_context(_context_name())
    return f"context {_context_name()} {context.Host if context else ''}"


def _check_context() -> None:
    """Raise CapabilityError for a context that does not exist, or is not the user's.

    Docker's client would ask this machine's daemon, or look for contexts in the current folder.
    """
    if os.environ.get("DOCKER_HOST"):
        return
    path = find_config_file()
    if path is not None:
        _check_configuration(Path(cast(str, path)))
    name = _context_name()
    if name != "default" and (path is None or ContextAPI.get_context(name) is None):
        raise CapabilityError(
            f"there is no Docker context {name!r}{'' if path else ', since there is no config.json'}",
            "see `docker context ls`, DOCKER_CONTEXT and DOCKER_CONFIG",
        )


def _check_configuration(path: Path) -> None:
    remedy = "correct it, or set DOCKER_CONFIG"
    try:
        is_sound = isinstance(json.loads(read_small_file(path, remedy)), dict)
    except (OSError, ValueError, RecursionError, IntegrityError):
        is_sound = False
    if not is_sound:
        raise CapabilityError(f"{path} is not Docker's configuration", remedy)


def _context_name() -> str:
    return os.environ.get("DOCKER_CONTEXT") or get_current_context_name()


@contextmanager
def refusals() -> Iterator[None]:
    """Raise CapabilityError, with a remedy, for what the daemon refuses, or if it is gone."""
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> CapabilityError:
    host = os.environ.get("DOCKER_HOST", "")
    daemon = (
        f"the Docker daemon at {showable(host)}"
        if host
        else f"the Docker daemon of context {_context_name()!r}"
    )
    complaint = masked(str(error.explanation if isinstance(error, APIError) else error), host)
    complaint = " ".join(complaint.split())
    if "no space left on device" in complaint.lower():
        return CapabilityError(
            f"the Docker daemon's disk is full: {complaint}", "free some space there: docker system prune"
        )
    number = _system_error(error)
    if number in (errno.EACCES, errno.EPERM):
        return CapabilityError(
            f"{daemon} may not be used: permission denied",
            "join the group `docker`, use a rootless daemon, or build with --engine sandbox",
        )
    if isinstance(error, APIError):
        return CapabilityError(f"the Docker daemon refused: {complaint}", "check the daemon and its log")
    return CapabilityError(
        f"{daemon} does not answer: {complaint}",
        "start it, or check DOCKER_HOST and `docker context ls`, or build with --engine sandbox",
    )


def _system_error(error: BaseException) -> int | None:
    """The errno of the system's error that is wrapped in several exceptions; None if there is none."""
    chain: list[object] = [error]
    for item in chain:
        if isinstance(item, OSError) and item.errno is not None:
            return item.errno
        if isinstance(item, BaseException) and len(chain) < 20:
            chain += [*item.args, item.__cause__, item.__context__, getattr(item, "reason", None)]
    return None


def ensure_image(client: docker.DockerClient, root: Root) -> str:
    """The id of the environment's image in the daemon; loads it if need be.

    It is identified by its content, not by its name. Raises IntegrityError if another image has its name.
    """
    image = Image.of(root.environment)
    _refuse_other(client, image)
    identity = _find(client, image)
    if identity is None:
        _load(client, image, root)
        identity = _find(client, image)
    if identity is None:
        raise IntegrityError(
            f"the Docker daemon accepted {image.name}, but does not have the image {image.config_digest} now",
            "check the daemon and its log",
        )
    return identity


def remove_images(days: int = 0) -> list[str]:
    """Remove the environments' images from the daemon, but those that a container uses; give their names, sorted.

    With ``days``, only those that were loaded longer ago. Raises CapabilityError if no daemon answers.
    """
    client = connect()
    before = datetime.now(UTC) - timedelta(days=days)
    removed = []
    with refusals():
        for image in client.images.list(filters={"reference": f"{REPOSITORY}/*"}):
            if days and _loaded(image) > before:
                continue
            for name in image.tags:
                try:
                    client.images.remove(name)
                except APIError as error:
                    console.note(f"{name} stays: {error.explanation}")
                else:
                    removed.append(name)
    return sorted(removed)


def _loaded(image: Loaded) -> datetime:
    """When an image got its name in the daemon, or now if that is not known; it bears itself its environment's time."""
    text = image.attrs.get("Metadata", {}).get("LastTagTime", "")
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    # What was never named since it was loaded has the year 1.
    return named if named.year > 1 else datetime.now(UTC)


def _load(client: docker.DockerClient, image: Image, root: Root) -> None:
    with (
        laid_out(image, root) as layout,
        tempfile.TemporaryFile(dir=layout.parent) as archive,
        console.progress("loading it into Docker", unit="things"),
    ):
        image.write_archive(layout, archive)
        archive.seek(0)
        client.images.load(cast(bytes, archive))
        # The daemon notes the time of this alone, and by that time an old image is known.
        client.images.get(image.name).tag(*image.name.rsplit(":", 1))


def _refuse_other(client: docker.DockerClient, image: Image) -> None:
    """Raise IntegrityError if the image's name already means something else in the daemon."""
    try:
        named = client.images.get(image.name)
    except ImageNotFound:
        return
    if named.id not in (image.config_digest, image.digest):
        raise IntegrityError(
            f"{image.name} is {named.id} in the Docker daemon, expected {image.config_digest}",
            f"find out where it came from, and then remove it: docker image rm {image.name}",
        )


def _find(client: docker.DockerClient, image: Image) -> str | None:
    """The image's digest in the daemon: Docker's own store uses the configuration's, containerd's the manifest's."""
    for digest in (image.config_digest, image.digest):
        try:
            found = client.images.get(digest)
        except ImageNotFound:
            continue
        _check_layers(found, image)
        return digest
    return None


def _check_layers(found: Loaded, image: Image) -> None:
    layers = found.attrs.get("RootFS", {}).get("Layers")
    expected = [f"sha256:{image.environment.lock.root_sha256}"]
    if layers != expected:
        raise IntegrityError(
            f"{image.name} has the layers {layers} in the Docker daemon, expected {expected}",
            f"remove it: docker image rm {image.name}",
        )
