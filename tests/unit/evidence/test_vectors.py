"""The golden vectors, as the main program takes them; signing/tests/test_signing_vectors.py has the same for the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest

from tests.vectors.make import FOLDER, vectors
from verbatim.errors import IntegrityError
from verbatim.evidence.attestation import parse_withdrawal, read_attestations
from verbatim.evidence.envelope import Envelope
from verbatim.evidence.identity import verify_with_identity
from verbatim.evidence.policy import Policy, Rebuilder
from verbatim.evidence.quorum import count
from verbatim.evidence.statement import Statement
from verbatim.release import Release

#: What is no vector.
_BESIDE = {"README.md", "keys.json", "__init__.py", "make.py", "policies.py", "quorums.py"}
FILES = sorted(
    str(path.relative_to(FOLDER))
    for path in FOLDER.rglob("*")
    if path.is_file() and path.name not in _BESIDE and path.suffix != ".pyc"
)
_KEYS: Mapping[str, str] = json.loads((FOLDER / "keys.json").read_text())
_DORA = Rebuilder.model_validate({"kind": "own", "identities": [{"subject": "x", "issuer": "y"}]})


def _statement(path: Path, _: Path) -> None:
    Statement.parse(path.read_bytes(), "x")


def _withdrawal(path: Path, _: Path) -> None:
    parse_withdrawal(path.read_bytes(), "x")


def _envelope(path: Path, _: Path) -> None:
    payload = Envelope.parse(path.read_bytes(), "x").verify(_KEYS.values())[1]
    Statement.parse(payload, "x")


def _bundle(path: Path, _: Path) -> None:
    verify_with_identity(path.read_bytes(), "x", _DORA, Path("/nowhere"))


def _policy(path: Path, _: Path) -> None:
    Policy.load(path)


def _quorum(path: Path, folder: Path) -> str:
    content = json.loads(path.read_bytes())
    (folder / "policy.toml").write_text(content["policy"], encoding="utf-8")
    for name, data in content["attestations"].items():
        (folder / name).write_text(data, encoding="utf-8")
    policy = Policy.load(folder / "policy.toml")[0]
    (folder / "policy.toml").unlink()
    release = Release.parse(content["version"])
    found = read_attestations(folder, release, policy, _no_bundles)
    if found.refused:
        return "refused"
    matrix = count(release, policy, found, {}, today=date.fromisoformat(content["today"]))
    [row] = [row for row in matrix.rows if row.artifact == content["artifact"]]
    if row.result == "quorum":
        assert row.sha256 == content["hashes"][row.artifact]
    return row.result


def _no_bundles(*_: object) -> NoReturn:
    raise AssertionError("there is no bundle in a quorum's vector")


_READERS: Mapping[str, Callable[[Path, Path], str | None]] = {
    "statement": _statement,
    "withdrawal": _withdrawal,
    "envelope": _envelope,
    "bundle": _bundle,
    "policy": _policy,
    "quorum": _quorum,
}
#: What a refusal says of each kind.
_SAYS = {
    "json": ("is not the expected JSON", "is nested too deeply"),
    "toml": ("is not TOML", "is nested too deeply"),
    "signature": ("is not signed by any key",),
}


def _result(kind: str, path: Path, folder: Path) -> str:
    try:
        return _READERS[kind](path, folder) or "accepted"
    except IntegrityError as error:
        kinds = [name for name, texts in _SAYS.items() if any(text in error.message for text in texts)]
        return kinds[0 if path.suffix != ".toml" else -1] if kinds else "form"


@pytest.mark.parametrize("folder", sorted({name.rpartition("/")[0] for name in FILES}))
def test_a_vector_is_what_its_folder_says(folder: str, tmp_path: Path) -> None:
    kind, result = folder.split("/")
    expected = "accepted" if result == "only-check" else result
    got = {}
    for path in sorted((FOLDER / folder).iterdir()):
        (tmp_path / path.stem).mkdir()
        got[path.name] = _result(kind, path, tmp_path / path.stem)
    assert {name: said for name, said in got.items() if said != expected} == {}


def test_the_vectors_are_those_that_are_made() -> None:
    made = vectors()
    assert set(FILES) == made.keys() - {"keys.json"}
    assert {name for name, data in made.items() if (FOLDER / name).read_bytes() != data} == set()
