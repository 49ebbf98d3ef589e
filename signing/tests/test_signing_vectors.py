"""The golden vectors, as the signing stage takes them; the project's tests/unit/evidence/test_vectors.py has the same for the main program."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
from verbatim_sign import attestations
from verbatim_sign.attestations import open_envelope, read_attestations
from verbatim_sign.errors import IntegrityError, PolicyError, QuorumError
from verbatim_sign.files import opened
from verbatim_sign.policy import Policy
from verbatim_sign.quorum import Count
from verbatim_sign.statement import Statement, Withdrawal

_FOLDER = Path(__file__).resolve().parents[2] / "tests" / "vectors"
#: What is no vector.
_BESIDE = {"README.md", "keys.json", "__init__.py", "make.py", "policies.py", "quorums.py"}
_FILES = sorted(
    path
    for path in _FOLDER.rglob("*")
    if path.is_file() and path.name not in _BESIDE and path.suffix != ".pyc"
)
_KEYS: Mapping[str, str] = json.loads((_FOLDER / "keys.json").read_text())


def _statement(path: Path, _: Path) -> None:
    Statement.parse(path.read_bytes(), "x")


def _withdrawal(path: Path, _: Path) -> None:
    Withdrawal.parse(path.read_bytes(), "x")


def _envelope(path: Path, _: Path) -> None:
    payload = open_envelope(path.read_bytes(), "x", _KEYS.values())[1]
    Statement.parse(payload, "x")


def _bundle(path: Path, _: Path) -> None:
    attestations._unverified(path.read_bytes(), "x")


def _policy(path: Path, _: Path) -> None:
    Policy.parse(path.read_bytes(), "x")


def _quorum(path: Path, folder: Path) -> str:
    content = json.loads(path.read_bytes())
    for name, data in content["attestations"].items():
        (folder / name).write_text(data, encoding="utf-8")
    version, policy = content["version"], Policy.parse(content["policy"].encode(), "x")
    signing = policy.signing(version)
    made: dict[str, list[str]] = {}
    for stage in signing.artifacts:
        before = [name for names in list(signing.artifacts.values())[: len(made)] for name in names]
        made[stage] = [content["hashes"][name] for name in before]
    try:
        with opened(folder) as held:
            found = read_attestations(held, version, policy, signing)
        artifact = content["artifact"]
        count = Count(version, policy, found, date.fromisoformat(content["today"]), made)
        count.quorum(artifact, content["hashes"][artifact])
    except IntegrityError:
        return "refused"
    except QuorumError as error:
        return "blocked" if "is blocked" in error.message else "short"
    return "quorum"


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
    "toml": ("is not TOML",),
    "signature": ("is not signed by any key",),
}


def _result(kind: str, path: Path, folder: Path) -> str:
    try:
        return _READERS[kind](path, folder) or "accepted"
    except (IntegrityError, PolicyError) as error:
        return next(
            (name for name, texts in _SAYS.items() if any(text in error.message for text in texts)), "form"
        )


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in _FILES}), ids=lambda path: "/".join(path.parts[-2:])
)
def test_a_vector_is_what_its_folder_says(folder: Path, tmp_path: Path) -> None:
    kind, result = folder.parts[-2:]
    got = {}
    for path in sorted(folder.iterdir()):
        (tmp_path / path.stem).mkdir()
        got[path.name] = _result(kind, path, tmp_path / path.stem)
    # By design, this program asks more of a policy than the main one.
    expected = {"form"} if result == "only-check" else {result}
    assert {name: said for name, said in got.items() if said not in expected} == {}


def test_there_are_vectors_of_each_kind() -> None:
    assert {path.relative_to(_FOLDER).parts[0] for path in _FILES} == _READERS.keys()
