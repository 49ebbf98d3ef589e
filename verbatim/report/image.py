"""Shows an environment's image: its name, and where it is."""

from __future__ import annotations

from collections.abc import Iterable

from verbatim import console
from verbatim.commands.image import Provided
from verbatim.environments.image import Image

_DESTINATIONS = {
    "docker": "loaded into Docker as {0}",
    "file": "written to {0}: docker load --input {0}",
    "registry": "pushed: {0}",
}


def show_image(image: Image, provided: Iterable[Provided]) -> None:
    """Print its name and digests, then each destination as soon as it has the image."""
    console.result(image.name)
    console.result(f"  digest {image.digest}")
    console.result(f"  configuration {image.config_digest}")
    for each in provided:
        console.result(f"  {_DESTINATIONS[each.destination].format(each.name)}")
