"""``invoke image``: an environment as an image, in a file, in Docker, or in a registry."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verbatim.engines.daemon import connect, ensure_image, refusals
from verbatim.environments.image import Image, laid_out
from verbatim.environments.lock import Environment
from verbatim.environments.registry import check_reference, push
from verbatim.environments.rootfs import ensure_root
from verbatim.fetch import Fetcher
from verbatim.scratch import scratch


@dataclass(frozen=True)
class Provided:
    """A destination that now has the image."""

    destination: Literal["docker", "file", "registry"]
    #: What it is called there: a tag, a path, a name with its digest.
    name: str


def provide_image(
    image: Image,
    environment: Environment,
    fetcher: Fetcher,
    *,
    load: bool,
    output: Path | None,
    reference: str | None,
) -> Iterator[Provided]:
    """Put the image of an environment wherever it is wanted; yields each destination once it has it.

    Raises UsageError at once for a reference that is not valid. While iterated, it raises MismatchError if the image does not
    come out as the lock says, and what each destination raises.
    """
    if reference is not None:
        check_reference(reference)
    return _provide(image, environment, fetcher, load=load, output=output, reference=reference)


def _provide(
    image: Image,
    environment: Environment,
    fetcher: Fetcher,
    *,
    load: bool,
    output: Path | None,
    reference: str | None,
) -> Iterator[Provided]:
    if load:
        root = ensure_root(environment, fetcher)
        with refusals(), closing(connect()) as client:
            name = ensure_image(client, root)
        yield Provided("docker", name)
    if output is None and reference is None:
        return
    with laid_out(image, ensure_root(environment, fetcher)) as layout:
        if output is not None:
            with scratch(output.absolute().parent) as beside:
                with (beside / "image.tar").open("wb") as archive:
                    image.write_archive(layout, archive)
                os.replace(beside / "image.tar", output)
            yield Provided("file", str(output))
        if reference is not None:
            yield Provided("registry", push(image, layout, reference))
