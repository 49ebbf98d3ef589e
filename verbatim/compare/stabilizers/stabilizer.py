"""What a stabilizer is: it takes away one thing that packers do differently with the same contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from verbatim.compare.inventory import Inventory, Packing


@dataclass(frozen=True)
class Stabilizer:
    """One of them."""

    #: As a verdict names it.
    name: str
    #: Whether two archives of the same contents differ in what it takes away.
    is_needed: Callable[[Inventory, Inventory], bool]


def packings(first: Inventory, second: Inventory) -> Iterator[tuple[Packing, Packing]]:
    """How each member is packed in both; both have the same members."""
    return ((packing, second.packings[name]) for name, packing in first.packings.items())
