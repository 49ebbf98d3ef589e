"""How headers are written, the members' and the archive's own."""

from __future__ import annotations

from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers.stabilizer import Stabilizer, packings


def _is_needed(first: Inventory, second: Inventory) -> bool:
    return first.headers != second.headers or any(
        one.headers != other.headers for one, other in packings(first, second)
    )


HEADERS = Stabilizer("headers", _is_needed)
