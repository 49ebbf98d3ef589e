"""Reading the project's data: TOML files, each of a known shape."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import TypeVar

import tomli
from pydantic import BaseModel, ValidationError

from verbatim.errors import IntegrityError

Model = TypeVar("Model", bound=BaseModel)


def load_model(path: Path, model: type[Model], remedy: str) -> Model:
    """Read a TOML file of a known shape; raises IntegrityError with the first thing that is wrong."""
    try:
        return model.model_validate(tomli.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise IntegrityError(f"{path} is missing", remedy) from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{path} is not TOML: {error}", remedy) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        got = "" if first["type"] == "missing" else f", got {reprlib.repr(first['input'])}"
        raise IntegrityError(f"{path}: {place}: {first['msg']}{got}", remedy) from error
