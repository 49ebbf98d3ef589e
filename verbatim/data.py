"""Reading the project's data: TOML files, each of a known shape."""

from __future__ import annotations

import re
import reprlib
from pathlib import Path
from typing import Any, TypeVar

import tomli
from pydantic import BaseModel, ValidationError

from verbatim.errors import IntegrityError

Model = TypeVar("Model", bound=BaseModel)

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
        raise IntegrityError(f"{path}: like: {like!r} is no {kind}'s name", remedy)
    if like in (folder.name, *followers):
        raise IntegrityError(f"{path}: like: {like} is like {folder.name} itself", remedy)
    other = folder.parent / like / path.name
    taken = _load_like(other, model, remedy, kind, (*followers, folder.name)).model_dump()
    return checked_model(path, {**taken, **said}, model, remedy)


def read_toml(path: Path, remedy: str) -> dict[str, Any]:
    """Read a TOML file of any shape; raises IntegrityError if it is missing or none."""
    try:
        return tomli.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IntegrityError(f"{path} is missing", remedy) from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
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
