"""Whose the members are: names and numbers."""

from __future__ import annotations

from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers.stabilizer import Stabilizer, packings


def _is_needed(first: Inventory, second: Inventory) -> bool:
    return any(one.owners != other.owners for one, other in packings(first, second))


OWNERS = Stabilizer("owners", _is_needed)
