"""Reading the project's data: TOML files, each of a known shape."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Any, TypeVar

import tomli
from pydantic import BaseModel, ValidationError

from verbatim.errors import IntegrityError

Model = TypeVar("Model", bound=BaseModel)


def load_model(path: Path, model: type[Model], remedy: str) -> Model:
    """Read a TOML file of a known shape; raises IntegrityError with the first thing that is wrong."""
    return checked_model(path, read_toml(path, remedy), model, remedy)


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
