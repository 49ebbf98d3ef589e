"""Two files of one release: identical, equivalent, or different, and in what.

A *stabilizer* removes what two packers do differently with the same contents; a comparison names those
that were needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verbatim.compare.archives import form_of, read_inventory
from verbatim.compare.inventory import Inventory
from verbatim.compare.stabilizers import needed
from verbatim.errors import IntegrityError

#: ``undecided``: the hashes differ, and the bytes of one are not available. ``unpublished``: there is nothing to compare with.
Judgement = Literal["identical", "equivalent", "different", "undecided", "unpublished"]


@dataclass(frozen=True)
class MemberChange:
    """A member that both have, and that differs."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name} differs ({self.what})"


@dataclass(frozen=True)
class Comparison:
    """How a second file differs from a first one."""

    judgement: Judgement
    stabilizers: tuple[str, ...] = ()
    #: Members that only the second has, and that only the first has, sorted.
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[MemberChange, ...] = ()
    #: Why it is undecided.
    reason: str = ""

    def differences(self, first: str, second: str) -> list[str]:
        """A short line for each, in which the two files are called ``first`` and ``second``."""
        return [
            *(f"{name} is only in {first}" for name in self.removed),
            *(f"{name} is only in {second}" for name in self.added),
            *map(str, self.changed),
        ]


@dataclass(frozen=True)
class File:
    """A file that is compared, or only its hash."""

    name: str
    sha256: str
    #: Where its bytes are; None where only its hash is known.
    path: Path | None = None


def inventory_of(file: File) -> Inventory:
    """The inventory of a file whose bytes are available; raises IntegrityError if they have changed meanwhile."""
    if file.path is None:
        raise ValueError(f"the bytes of {file.name} are not available")
    inventory = read_inventory(file.path, file.name)
    if inventory.sha256 != file.sha256:
        raise IntegrityError(
            f"{file.name} has SHA-256 {inventory.sha256}, expected {file.sha256}",
            "let nothing write to it during the comparison",
        )
    return inventory


def compare_files(first: File, second: File) -> Comparison:
    """Compare by hash; if that differs and both are available archives, member by member."""
    if first.sha256 == second.sha256:
        return Comparison("identical")
    away = [file.name for file in (first, second) if file.path is None]
    if away:
        names = " and ".join(dict.fromkeys(away))
        return Comparison(
            "undecided", reason=f"the hashes differ, and the bytes of {names} are not available"
        )
    kinds = {form_of(file.path, file.name).kind for file in (first, second) if file.path is not None}
    if None in kinds:
        return Comparison("different")
    if len(kinds) > 1:
        return Comparison("undecided", reason="one is a tar archive and the other a zip archive")
    return compare_inventories(inventory_of(first), inventory_of(second))


def compare_inventories(first: Inventory, second: Inventory) -> Comparison:
    """Compare two archives of one kind, member by member."""
    ours, theirs = first.contents, second.contents
    added, removed = theirs.keys() - ours.keys(), ours.keys() - theirs.keys()
    changed = sorted(name for name in ours.keys() & theirs.keys() if not ours[name].is_same(theirs[name]))
    changes = {name: MemberChange(name, _what(first, second, name)) for name in changed}
    for name, what in (*first.odd.items(), *second.odd.items()):
        changes.setdefault(name, MemberChange(name, f"the member {name} {what}"))
    if added or removed or changes:
        return Comparison(
            "different",
            (),
            tuple(sorted(added)),
            tuple(sorted(removed)),
            tuple(change for _, change in sorted(changes.items())),
        )
    if first.sha256 == second.sha256:
        return Comparison("identical")
    return Comparison("equivalent", needed(first, second))


def _what(first: Inventory, second: Inventory, name: str) -> str:
    """The first of kind, content or mode in which a member differs, in words."""
    one, other = first.contents[name], second.contents[name]
    if one.kind != other.kind:
        return f"a {one.kind} and a {other.kind}"
    if one.body != other.body:
        return "its content" if one.kind == "file" else f"to {one.body!r} and to {other.body!r}"
    return f"mode {_mode(first, name)} and {_mode(second, name)}"


def _mode(inventory: Inventory, name: str) -> str:
    return f"{inventory.packings[name].mode & 0o7777:03o}"


def some(items: Iterable[str], most: int = 3) -> str:
    """The first ``most``, and how many more there are."""
    items = list(items)
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
