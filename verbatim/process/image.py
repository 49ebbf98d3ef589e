"""``invoke image``: an environment as an image, in a file, in Docker, or in a registry."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from verbatim import console
from verbatim.engines.daemon import connect, ensure_image, refusals
from verbatim.environments.image import Image, laid_out
from verbatim.environments.lock import Environment
from verbatim.environments.registry import check_reference, push
from verbatim.environments.rootfs import ensure_root
from verbatim.fetch import Fetcher
from verbatim.scratch import scratch


def provide_image(
    environment: Environment, fetcher: Fetcher, *, load: bool, output: Path | None, reference: str | None
) -> None:
    """Make the image and put it wherever it is wanted; if nowhere, only say what it is.

    Raises MismatchError if it does not come out as the lock says, and what each place refuses.
    """
    image = Image.of(environment)
    if reference is not None:
        check_reference(reference)
    console.result(f"{image.name}")
    console.result(f"  digest {image.digest}")
    console.result(f"  configuration {image.config_digest}")
    if load:
        root = ensure_root(environment, fetcher)
        with refusals(), closing(connect()) as client:
            console.result(f"  loaded into Docker as {ensure_image(client, root)}")
    if output is not None or reference is not None:
        _write(image, environment, fetcher, output, reference)


def _write(
    image: Image, environment: Environment, fetcher: Fetcher, output: Path | None, reference: str | None
) -> None:
    root = ensure_root(environment, fetcher)
    with laid_out(image, root) as layout:
        if output is not None:
            with scratch(output.absolute().parent) as beside:
                with (beside / "image.tar").open("wb") as archive:
                    image.write_archive(layout, archive)
                os.replace(beside / "image.tar", output)
            console.result(f"  written to {output}: docker load --input {output}")
        if reference is not None:
            console.result(f"  pushed: {push(image, layout, reference)}")
