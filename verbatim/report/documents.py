"""What ``--json`` prints: one document a command, all of one version, described in docs/reference/json.md.

Programs may rely on every field. A new field does not change ``schema``; any other change gives it a new number.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from verbatim import console
from verbatim.compare.comparison import Judgement

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Record(BaseModel):
    """A part of a document."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, populate_by_name=True)


class Document(Record):
    """The common part of all documents: the version of their schema."""

    schema_number: Literal[1] = Field(default=1, alias="schema", description="always 1")


class Judged(Record):
    """The common part of every artifact's record."""

    name: str
    verdict: Judgement
    summary: str = Field(description="the verdict in words")


def show(document: Document) -> None:
    """Print a document to standard output."""
    console.result_json(document.model_dump(mode="json"))


def written(record: Record) -> str:
    """The JSON of a record, as it is kept in a file."""
    return json.dumps(record.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
