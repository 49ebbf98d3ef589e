"""Reading small files: any of them with care, and the project's data as TOML of a known shape."""

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

#: In bytes: what a small file may have. The largest lock takes some hundred thousand.
LARGEST = 4 << 20

#: What a folder with data is called: an environment, or a target.
FOLDER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def load_model(path: Path, model: type[Model], remedy: str) -> Model:
    """Read a TOML file of a known shape; raises IntegrityError with the first thing that is wrong."""
    return checked_model(path, read_toml(path, remedy), model, remedy)


def load_model_like(path: Path, model: type[Model], remedy: str, kind: str) -> Model:
    """As `load_model`, of a file that may say, by ``like``, from which folder beside its own it takes what it does not say.

    There, the file has the same name. ``kind`` is what such folders are called in messages.
    """
    return _load_like(path, model, remedy, kind, ())


def _load_like(path: Path, model: type[Model], remedy: str, kind: str, followers: tuple[str, ...]) -> Model:
    folder = path.parent
    said = read_toml(path, remedy)
    like = said.pop("like", None)
    if like is None:
        return checked_model(path, said, model, remedy)
    if not isinstance(like, str) or not FOLDER_NAME.fullmatch(like):
        raise IntegrityError(f"{path}: like: {like!r} is not a valid {kind} name", remedy)
    if like in (folder.name, *followers):
        raise IntegrityError(f"{path}: like: {like} is like {folder.name} itself", remedy)
    other = folder.parent / like / path.name
    taken = _load_like(other, model, remedy, kind, (*followers, folder.name)).model_dump()
    return checked_model(path, {**taken, **said}, model, remedy)


def read_small_file(path: Path, remedy: str, *, largest: int = LARGEST, follows_links: bool = True) -> bytes:
    """The bytes of a regular file of at most ``largest`` bytes, which may be anybody's.

    Nothing else is read: a device never ends, a FIFO never begins. Raises IntegrityError for those, for a folder, for a
    larger file, and for a link if links are not followed. A missing file raises what the system raises.
    """
    with open_regular(path, remedy, largest=largest, follows_links=follows_links) as file:
        # What the kernel makes as it is read has a size of 0.
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
    """What the bytes of a file say; raises IntegrityError if they are not TOML, or are nested too deeply."""
    try:
        return tomli.loads(data.decode("utf-8"))
    except RecursionError as error:
        raise IntegrityError(f"{path} is not TOML: it is nested too deeply", remedy) from error
    except ValueError as error:
        # Of the grammar, of UTF-8, and of integers with thousands of digits.
        raise IntegrityError(f"{path} is not TOML: {error}", remedy) from error


def checked_model(path: Path, content: dict[str, Any], model: type[Model], remedy: str) -> Model:
    """What a file said, as a model; raises IntegrityError with the first thing that is wrong."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        got = "" if first["type"] == "missing" else f", got {reprlib.repr(first['input'])}"
        raise IntegrityError(f"{path}: {place}: {first['msg']}{got}", remedy) from error
