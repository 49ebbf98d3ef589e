"""The members' times, all that the archive has of them."""

from __future__ import annotations

from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers.stabilizer import Stabilizer, packings


def _is_needed(first: Inventory, second: Inventory) -> bool:
    return any((one.time, one.times) != (other.time, other.times) for one, other in packings(first, second))


TIMES = Stabilizer("times", _is_needed)
