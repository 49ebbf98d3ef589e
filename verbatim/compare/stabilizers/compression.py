"""How it is compressed: a tar as a whole, a zip member by member."""

from __future__ import annotations

from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers.stabilizer import Stabilizer, packings


def _is_needed(first: Inventory, second: Inventory) -> bool:
    return (
        first.stream_sha256 == second.stream_sha256
        or first.compression != second.compression
        or any(one.compression != other.compression for one, other in packings(first, second))
    )


COMPRESSION = Stabilizer("compression", _is_needed)
