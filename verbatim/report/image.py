"""What an environment's image is called, and where it is."""

from __future__ import annotations

from collections.abc import Iterable

from verbatim import console
from verbatim.commands.image import Provided
from verbatim.environments.image import Image

_PLACES = {
    "docker": "loaded into Docker as {0}",
    "file": "written to {0}: docker load --input {0}",
    "registry": "pushed: {0}",
}


def show_image(image: Image, provided: Iterable[Provided]) -> None:
    """Print what it is, and then each place as soon as it is there."""
    console.result(image.name)
    console.result(f"  digest {image.digest}")
    console.result(f"  configuration {image.config_digest}")
    for each in provided:
        console.result(f"  {_PLACES[each.place].format(each.name)}")
