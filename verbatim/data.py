"""Reading small files safely, and the project's data as TOML of a known shape."""

from __future__ import annotations

import re
import reprlib
from pathlib import Path
from typing import Any, TypeVar

import tomli
from pydantic import BaseModel, ValidationError

from verbatim.errors import IntegrityError
from verbatim.files import open_regular

Model = TypeVar("Model", bound=BaseModel)

#: In bytes, of a small file. The largest lock has some hundred thousand.
LARGEST = 4 << 20

#: The name of a folder with data: of an environment, or of a target.
FOLDER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def load_model(path: Path, model: type[Model], remedy: str) -> Model:
    """Read a TOML file of a known shape; raises IntegrityError with the first thing that is wrong."""
    return checked_model(path, read_toml(path, remedy), model, remedy)


def load_model_like(path: Path, model: type[Model], remedy: str, bases: Path) -> Model:
    """As `load_model`, for a file that may name, as ``like``, a base for the keys that it lacks.

    A base is a file ``NAME.toml`` in the folder ``bases``; it may name a base as well.
    """
    return checked_model(path, _with_base(path, remedy, bases, ()), model, remedy)


def _with_base(path: Path, remedy: str, bases: Path, followers: tuple[str, ...]) -> dict[str, Any]:
    """The keys of a file, completed from its base."""
    own = read_toml(path, remedy)
    like = own.pop("like", None)
    if like is None:
        return own
    if not isinstance(like, str) or not FOLDER_NAME.fullmatch(like):
        raise IntegrityError(f"{path}: like: {like!r} is not a valid base name", remedy)
    if like in followers:
        raise IntegrityError(f"{path}: like: {like} is its own base", remedy)
    return {**_with_base(bases / f"{like}.toml", remedy, bases, (*followers, like)), **own}


def read_small_file(path: Path, remedy: str, *, largest: int = LARGEST, follows_links: bool = True) -> bytes:
    """The bytes of a regular file of at most ``largest`` bytes, which anyone may have made.

    Nothing else is read: a device never ends, a FIFO never begins. Raises IntegrityError for those, for a folder, for a
    larger file, and for a link if links are not followed. A missing file raises what the system raises.
    """
    with open_regular(path, remedy, largest=largest, follows_links=follows_links) as file:
        # Files that the kernel generates have a size of 0.
        data = file.read(largest + 1)
    if len(data) > largest:
        raise IntegrityError(f"{path} has more than {largest:,} bytes", remedy)
    return data


def read_toml(path: Path, remedy: str) -> dict[str, Any]:
    """Read a TOML file of any shape; raises IntegrityError if it is missing or not TOML."""
    try:
        data = read_small_file(path, remedy)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IntegrityError(f"{path} is missing", remedy) from error
    return parse_toml(data, path, remedy)


def parse_toml(data: bytes, path: Path, remedy: str) -> dict[str, Any]:
    """Parse a file's bytes; raises IntegrityError if they are not TOML, or are nested too deeply."""
    try:
        return tomli.loads(data.decode("utf-8"))
    except RecursionError as error:
        raise IntegrityError(f"{path} is not TOML: it is nested too deeply", remedy) from error
    except ValueError as error:
        # Bad grammar, bad UTF-8, or an integer with thousands of digits.
        raise IntegrityError(f"{path} is not TOML: {error}", remedy) from error


def checked_model(path: Path, content: dict[str, Any], model: type[Model], remedy: str) -> Model:
    """Validate a file's content as a model; raises IntegrityError with the first thing that is wrong."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        got = "" if first["type"] == "missing" else f", got {reprlib.repr(first['input'])}"
        raise IntegrityError(f"{path}: {field}: {first['msg']}{got}", remedy) from error
