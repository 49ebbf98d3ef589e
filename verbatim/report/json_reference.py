"""The reference page of what ``--json`` prints, made from the documents' own types so that it cannot be wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from verbatim.report.against_git import AgainstGitDocument
from verbatim.report.attestations import CheckDocument
from verbatim.report.build import BuildDocument
from verbatim.report.comparison import CompareDocument
from verbatim.report.documents import Document
from verbatim.report.rebuild import RebuildDocument
from verbatim.report.suite import TestsDocument
from verbatim.report.verification import VerifyDocument

#: By the command that prints it.
DOCUMENTS: Mapping[str, type[Document]] = {
    "build": BuildDocument,
    "check": CheckDocument,
    "compare": CompareDocument,
    "rebuild": RebuildDocument,
    "test-artifact": TestsDocument,
    "verify": VerifyDocument,
    "verify --against-git": AgainstGitDocument,
}

_BEGINNING = """\
# What `--json` prints

Made by `./invoke reference`; not to be changed by hand.

Each command prints one document to standard output; progress and remarks go to standard error. `schema` is the version of
all documents: a field that is added leaves it as it is, and any other change raises it. The exit status is the same as
without `--json` ([commands.md](commands.md)).
"""


def json_page() -> str:
    """The page in Markdown: the document of each command, then the records that documents are made of."""
    lines = [_BEGINNING]
    records: dict[str, Any] = {}
    for command, document in DOCUMENTS.items():
        schema = document.model_json_schema(mode="serialization")
        records |= schema.pop("$defs", {})
        lines += [f"## `{command}`", "", *_described(schema)]
    lines += ["## Records", ""]
    for name, schema in sorted(records.items()):
        lines += [f"### {name}", "", *_described(schema)]
    return "\n".join(lines)


def _described(schema: Mapping[str, Any]) -> Iterator[str]:
    """A sentence, and a table of the fields; a list of values has none."""
    if "description" in schema:
        yield from (re.sub(r"\s+", " ", schema["description"]), "")
    if "enum" in schema:
        yield from (f"One of {_values(schema['enum'])}.", "")
        return
    yield from ("| field | type | meaning |", "| --- | --- | --- |")
    for name, field in schema["properties"].items():
        yield f"| `{name}` | {_type(field)} | {field.get('description', '')} |"
    yield ""


def _type(field: Mapping[str, Any]) -> str:
    """A type in words; raises ValueError for one that no document has had yet."""
    match field:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            text = f"[{name}](#{name.lower()})"
        case {"anyOf": list(choices)}:
            text = " or ".join(_type(choice) for choice in choices)
        case {"const": value}:
            text = f"`{value}`"
        case {"enum": list(values)}:
            text = _values(values)
        case {"type": "array", "items": dict(items)}:
            text = f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": dict(items)}:
            text = f"object of {_type(items)}"
        case {"type": "string", "pattern": "^[0-9a-f]{64}$"}:
            text = "SHA-256"
        case {"type": str(name)}:
            text = name
        case _:
            raise ValueError(f"the type of {field} has no name here")
    return text


def _values(values: list[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)
