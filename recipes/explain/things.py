"""Objects that `marshal` wrote, by digests of what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Thing:
    """An object that was written."""

    type: str
    digest: bytes
    #: How it is shown, in a line.
    text: str = ""
    items: tuple[Thing, ...] = ()
    #: Of code.
    fields: Mapping[str, Thing] = field(default_factory=dict)

    @classmethod
    def of(cls, type_: str, content: bytes, text: str) -> Thing:
        return cls(type_, hashlib.sha256(type_.encode() + b":" + content).digest(), text)

    @classmethod
    def holding(cls, type_: str, items: Sequence[Thing]) -> Thing:
        digests = [item.digest for item in items]
        content = b"".join(sorted(digests) if type_.endswith("set") else digests)
        digest = hashlib.sha256(type_.encode() + b"(" + content).digest()
        return cls(type_, digest, f"{type_} of {len(items)}", tuple(items))


def name_of(fields: Mapping[str, Thing]) -> str:
    """What code with these fields is called."""
    return bare(fields.get("qualname", fields["name"]))


def bare(text: Thing) -> str:
    """A text without its quotation marks; what cannot be printed is escaped."""
    return text.text[1:-1]
