"""In which order the members are packed."""

from __future__ import annotations

from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers.stabilizer import Stabilizer


def _is_needed(first: Inventory, second: Inventory) -> bool:
    return first.order != second.order


ORDER = Stabilizer("order", _is_needed)
