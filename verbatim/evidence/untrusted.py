"""What strangers wrote, taken in with care: regular files that are small, and JSON that is not deep, says nothing twice and has no numbers.

What is to be signed must moreover be of a known shape, and written in just one way.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import rfc8785
from pydantic import AfterValidator, BaseModel, StringConstraints, ValidationError

from verbatim.data import read_small_file
from verbatim.errors import IntegrityError
from verbatim.files import open_regular

#: In bytes; the statement of a release with every artifact takes some ten thousand.
LARGEST = 1 << 20

_REMEDY = "do not use it; ask whoever made it for another"

Model = TypeVar("Model", bound=BaseModel)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a character in it cannot be printed")
    return text


#: A text that is a line: no control character or line feed in it acts on a terminal, or hides what comes after it.
Line = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_printable)]
Text = Annotated[Line, StringConstraints(min_length=1)]


class Payload(Protocol):
    """A model that knows the bytes that are signed."""

    def encode(self) -> bytes: ...


def read_file(path: Path, largest: int = LARGEST) -> bytes:
    """The bytes of a regular file; raises IntegrityError for a link, a device, a folder, and for more than ``largest`` bytes.

    A missing file raises what the system raises.
    """
    return read_small_file(path, _REMEDY, largest=largest, follows_links=False)


def hash_file(path: Path) -> str:
    """The SHA-256 of a regular file of any size; raises as `read_file` does."""
    with open_regular(path, _REMEDY) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parse_json(data: bytes, name: str) -> Any:
    """What JSON says (RFC 8259, in UTF-8, without numbers).

    Raises IntegrityError if it is none, is nested too deeply, has a number, or says a name twice in one object.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_int=_refuse_number,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except RecursionError as error:
        raise IntegrityError(f"{name} is nested too deeply", _REMEDY) from error
    except ValueError as error:
        raise IntegrityError(f"{name} is not the JSON that it should be: {error}", _REMEDY) from error


def check_shape(content: object, model: type[Model], what: str) -> Model:
    """What JSON said, as a model; raises IntegrityError with the first thing that is wrong, such as ``what`` is not."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise IntegrityError(f"{what}: {place}: {first['msg']}", _REMEDY) from error
    # Half a character, which JSON can escape, and UTF-8 cannot hold.
    except UnicodeEncodeError as error:
        raise IntegrityError(f"{what}: {error}", _REMEDY) from error


def check_canonical(payload: Payload, data: bytes, name: str) -> None:
    """Raise IntegrityError if some bytes are not those that we would have written for what they say (RFC 8785)."""
    try:
        is_canonical = payload.encode() == data
    except rfc8785.CanonicalizationError:
        # Half a character, say, which JSON can escape, and UTF-8 cannot hold.
        is_canonical = False
    if not is_canonical:
        raise IntegrityError(f"{name} is not in canonical JSON", _REMEDY)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:40]!r} comes twice in one object")
    return found


def _refuse_number(text: str) -> None:
    raise ValueError(f"the number {text[:40]} has no place in it")
