"""What others wrote, taken in with care: JSON that says nothing twice, of a known shape, and where it is signed, in one form."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from verbatim_sign.errors import IntegrityError, Refusal

SHA256_PATTERN = r"[0-9a-f]{64}"


@dataclass(frozen=True)
class Shape:
    """Takes apart what a document says. What is not as expected is refused: by document, place and kind of refusal."""

    document: str
    error: type[Refusal]

    def table(
        self, value: object, place: str, required: Collection[str], optional: Collection[str] = ()
    ) -> dict[str, Any]:
        """A table with all of the required entries, and no others but the optional ones."""
        if not isinstance(value, dict):
            raise self.refused(place, value, "a table")
        if {*required} - value.keys() or value.keys() - {*required, *optional}:
            raise self.refused(place, list(value), f"the entries {', '.join(required)}")
        return value

    def named(self, value: object, place: str) -> dict[str, Any]:
        """A table with names of its own, at least one."""
        if not isinstance(value, dict) or not value:
            raise self.refused(place, value, "a table with entries")
        return value

    def items(self, value: object, place: str) -> list[Any]:
        """A list."""
        if not isinstance(value, list):
            raise self.refused(place, value, "a list")
        return value

    def texts(self, value: object, place: str, pattern: str) -> list[str]:
        """A list of such texts, at least one."""
        found = self.items(value, place)
        if not found:
            raise self.refused(place, found, "one at least")
        return [self.text(each, place, pattern) for each in found]

    def text(self, value: object, place: str, pattern: str = ".{1,1000}") -> str:
        """A text that fits a pattern, and can be printed without harm."""
        if not isinstance(value, str) or not value.isprintable() or not re.fullmatch(pattern, value):
            raise self.refused(place, value, f"a text like {pattern}")
        return value

    def refused(self, place: str, got: object, expected: str) -> Refusal:
        """What to raise."""
        return self.error(f"{self.document}: {place}: expected {expected}, got {ascii(got)[:200]}")


def parse_json(data: bytes, name: str) -> object:
    """What JSON says (RFC 8259, in UTF-8, without numbers).

    Raises IntegrityError if it is none, is nested too deeply, has a number or says a name twice in one object.
    """
    try:
        return json.loads(data.decode(), object_pairs_hook=_without_duplicates, **_WITHOUT_NUMBERS)
    except RecursionError as error:
        raise IntegrityError(f"{name} is nested too deeply") from error
    except ValueError as error:
        raise IntegrityError(f"{name} is not the JSON that it should be: {error}") from error


def check_canonical(content: object, data: bytes, name: str) -> None:
    """Raise IntegrityError if some bytes are not the canonical JSON (RFC 8785) of what they say.

    Without numbers, and with names in ASCII, as the shapes here have them, that is JSON without spaces and with sorted names.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    # Half a character, which JSON can escape and UTF-8 cannot hold, is not in what was decoded from UTF-8.
    if text.encode(errors="surrogatepass") != data:
        raise IntegrityError(f"{name} is not in canonical JSON")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {ascii(name)[:40]} comes twice in one object")
        found[name] = value
    return found


def _refuse(text: str) -> None:
    raise ValueError(f"the number {text[:40]} has no place in it")


_WITHOUT_NUMBERS: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _refuse)
