"""Which files are packed as hard links to others of the same content."""

from __future__ import annotations

from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers.stabilizer import Stabilizer, packings


def _is_needed(first: Inventory, second: Inventory) -> bool:
    return any(one.hard_link != other.hard_link for one, other in packings(first, second))


HARD_LINKS = Stabilizer("hard links", _is_needed)
