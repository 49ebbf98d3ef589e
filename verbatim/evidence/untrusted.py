"""Reading untrusted input: small regular files, and JSON without deep nesting, repeated names or numbers.

What is signed must also have a known shape and be canonical.
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
        raise ValueError("it has a character that is not printable")
    return text


#: A text of one line: a control character or line feed could act on a terminal, or hide what follows.
Line = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_printable)]
Text = Annotated[Line, StringConstraints(min_length=1)]


class Payload(Protocol):
    """A model with a canonical encoding, which is signed."""

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
    """Parse JSON (RFC 8259, in UTF-8, without numbers).

    Raises IntegrityError if it is invalid, is nested too deeply, has a number, or has a name twice in one object.
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
        raise IntegrityError(f"{name} is not the expected JSON: {error}", _REMEDY) from error


def check_shape(content: object, model: type[Model], what: str) -> Model:
    """Validate parsed JSON as a model; raises IntegrityError with ``what`` and the first thing that is wrong."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        raise IntegrityError(f"{what}: {field}: {first['msg']}", _REMEDY) from error
    # Half a surrogate pair, which JSON can escape but UTF-8 cannot encode.
    except UnicodeEncodeError as error:
        raise IntegrityError(f"{what}: {error}", _REMEDY) from error


def check_canonical(payload: Payload, data: bytes, name: str) -> None:
    """Raise IntegrityError if some bytes are not the canonical JSON (RFC 8785) of their content."""
    try:
        is_canonical = payload.encode() == data
    except rfc8785.CanonicalizationError:
        # Half a surrogate pair, for instance, which JSON can escape but UTF-8 cannot encode.
        is_canonical = False
    if not is_canonical:
        raise IntegrityError(f"{name} is not in canonical JSON", _REMEDY)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:40]!r} appears twice in one object")
    return found


def _refuse_number(text: str) -> None:
    raise ValueError(f"it has the number {text[:40]}, expected none")
