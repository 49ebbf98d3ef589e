"""The bits of the members' modes that are their packer's; or that only one of the two archives says any."""

from __future__ import annotations

from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers.stabilizer import Stabilizer, packings


def _is_needed(first: Inventory, second: Inventory) -> bool:
    return any(one.mode != other.mode for one, other in packings(first, second)) or any(
        content != second.contents[name] for name, content in first.contents.items()
    )


MODES = Stabilizer("modes", _is_needed)
