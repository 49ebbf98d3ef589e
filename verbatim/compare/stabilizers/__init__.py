"""What packers do differently with the same contents: one file each, and the registry of all.

To add one, write its file, and name it in the registry where it is to come in a verdict.
"""

from __future__ import annotations

from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers.compression import COMPRESSION
from verbatim.compare.stabilizers.hard_links import HARD_LINKS
from verbatim.compare.stabilizers.headers import HEADERS
from verbatim.compare.stabilizers.modes import MODES
from verbatim.compare.stabilizers.order import ORDER
from verbatim.compare.stabilizers.owners import OWNERS
from verbatim.compare.stabilizers.stabilizer import Stabilizer
from verbatim.compare.stabilizers.times import TIMES

#: In the order in which a verdict names them.
STABILIZERS: tuple[Stabilizer, ...] = (ORDER, TIMES, OWNERS, MODES, HEADERS, HARD_LINKS, COMPRESSION)


def needed(first: Inventory, second: Inventory) -> tuple[str, ...]:
    """The names of those without which two archives of the same contents would not be the same bytes."""
    found = {each for each in STABILIZERS if each.is_needed(first, second)}
    # A tar's compression is around its stream, so it explains no difference inside.
    inside = found - {COMPRESSION} if first.kind == "tar" else found
    if first.stream_sha256 != second.stream_sha256 and not inside:
        # Fill bytes, or whatever else nobody unpacks.
        found.add(HEADERS)
    return tuple(each.name for each in STABILIZERS if each in found)
