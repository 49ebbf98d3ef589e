"""Reading untrusted input: JSON without repeated names, of a known shape, and canonical where it is signed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from verbatim_sign.errors import IntegrityError, Refusal

SHA256_PATTERN = r"[0-9a-f]{64}"
_TEXT = ".{1,1000}"
#: What the most common patterns mean.
_WORDS = {SHA256_PATTERN: "64 hexadecimal digits in lower case", _TEXT: "1 to 1000 printable characters"}


@dataclass(frozen=True)
class Shape:
    """Checks the shape of a document. Anything unexpected is refused, with the document's name and the field."""

    document: str
    error: type[Refusal]

    def table(
        self, value: object, field: str, required: Collection[str], optional: Collection[str] = ()
    ) -> dict[str, Any]:
        """A table with all of the required entries, and no others than the optional ones."""
        if not isinstance(value, dict):
            raise self.refused(field, value, "a table")
        if {*required} - value.keys() or value.keys() - {*required, *optional}:
            raise self.refused(field, list(value), f"the entries {', '.join(required)}")
        return value

    def named(self, value: object, field: str) -> dict[str, Any]:
        """A table with any names, at least one."""
        if not isinstance(value, dict) or not value:
            raise self.refused(field, value, "a table with entries")
        return value

    def items(self, value: object, field: str) -> list[Any]:
        """A list of anything."""
        if not isinstance(value, list):
            raise self.refused(field, value, "a list")
        return value

    def texts(self, value: object, field: str, pattern: str) -> list[str]:
        """A list of texts that match a pattern, at least one."""
        found = self.items(value, field)
        if not found:
            raise self.refused(field, found, "at least one")
        return [self.text(each, field, pattern) for each in found]

    def text(self, value: object, field: str, pattern: str = _TEXT) -> str:
        """A printable text that matches a pattern."""
        if not isinstance(value, str) or not value.isprintable() or not re.fullmatch(pattern, value):
            raise self.refused(field, value, _WORDS.get(pattern, f"a text like {pattern}"))
        return value

    def refused(self, field: str, got: object, expected: str) -> Refusal:
        """The error to raise for a field."""
        return self.error(f"{self.document}: {field}: expected {expected}, got {ascii(got)[:200]}")


def parse_json(data: bytes, name: str) -> object:
    """Parse JSON (RFC 8259, in UTF-8, without numbers).

    Raises IntegrityError if it is invalid, is nested too deeply, has a number or has a name twice in one object.
    """
    try:
        return json.loads(data.decode(), object_pairs_hook=_without_duplicates, **_WITHOUT_NUMBERS)
    except RecursionError as error:
        raise IntegrityError(f"{name} is nested too deeply") from error
    except ValueError as error:
        raise IntegrityError(f"{name} is not the expected JSON: {error}") from error


def check_canonical(content: object, data: bytes, name: str) -> None:
    """Raise IntegrityError if some bytes are not the canonical JSON (RFC 8785) of their content.

    Without numbers, and with names in ASCII, as in all shapes here, that is JSON without spaces and with sorted names.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    # Half a surrogate pair can only come from an escape, never from decoded UTF-8.
    if text.encode(errors="surrogatepass") != data:
        raise IntegrityError(f"{name} is not in canonical JSON")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {ascii(name)[:40]} appears twice in one object")
        found[name] = value
    return found


def _refuse(text: str) -> None:
    raise ValueError(f"it has the number {text[:40]}, expected none")


_WITHOUT_NUMBERS: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _refuse)
