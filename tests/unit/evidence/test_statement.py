"""The statement: the same bytes for the same build, and nothing else is taken for one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.statements import GIT, HASHES, RELEASE, TARBALL, statement_of
from verbatim.digest import sha256_file
from verbatim.evidence.statement import Statement, file_name
from verbatim.paths import CONTAINERS
from verbatim.sources.source import Identity
from verbatim.stages.choose import source_stage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / file_name("source")


@pytest.mark.parametrize(
    ("source", "dependency"),
    [
        (GIT, {"name": "cpython", "digest": {"gitCommit": "1" * 40, "gitTree": "2" * 40}}),
        (TARBALL, {"name": "Python-3.99.0.tgz", "digest": {"sha256": "3" * 64}}),
    ],
    ids=["git", "tarball"],
)
def test_it_says_what_went_in_and_what_came_out_and_nothing_else(
    source: Identity, dependency: dict[str, Any]
) -> None:
    """All of it: there is no place for a time, a host, a user or a path."""
    stage = source_stage(RELEASE)
    assert json.loads(statement_of(source).encode()) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "Python-3.99.0.tar.xz", "digest": {"sha256": "b" * 64}},
            {"name": "Python-3.99.0.tgz", "digest": {"sha256": "a" * 64}},
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:verbatim:build-type:v1",
                "externalParameters": {
                    "artifacts": "source",
                    "source": {"kind": source.kind},
                    "version": "3.99.0",
                },
                "resolvedDependencies": [
                    dependency,
                    {
                        "name": "environment/source/lock.toml",
                        "digest": {"sha256": sha256_file(CONTAINERS / "build" / "source" / "lock.toml")},
                    },
                    {
                        "name": "environment/source/root.tar",
                        "digest": {"sha256": stage.environment.lock.root_sha256},
                    },
                    {"name": "recipe/source", "digest": {"sha256": stage.recipe.sha256}},
                ],
            },
            "runDetails": {"builder": {"id": "urn:verbatim:builder:v1"}},
        },
    }


def test_it_has_what_in_toto_and_slsa_require() -> None:
    """The fields that https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1 demand, and their kinds."""
    said = json.loads(statement_of().encode())
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://slsa.dev/provenance/v1"
    assert said["subject"]
    assert len({subject["name"] for subject in said["subject"]}) == len(said["subject"])
    definition, details = said["predicate"]["buildDefinition"], said["predicate"]["runDetails"]
    uri = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
    assert uri.fullmatch(definition["buildType"])
    assert uri.fullmatch(details["builder"]["id"])
    assert isinstance(definition["externalParameters"], dict)
    lengths = {"sha256": 64, "gitCommit": 40, "gitTree": 40}
    for described in [*said["subject"], *definition["resolvedDependencies"]]:
        # A resource descriptor has a name, an address or a digest; ours have no address.
        assert described.keys() == {"name", "digest"}
        assert described["digest"]
        for algorithm, value in described["digest"].items():
            assert re.fullmatch(f"[0-9a-f]{{{lengths[algorithm]}}}", value)


def test_it_is_canonical_json() -> None:
    encoded = statement_of().encode()
    # RFC 8785, for texts of ASCII without numbers: sorted, no spaces, no newline.
    assert encoded == json.dumps(json.loads(encoded), sort_keys=True, separators=(",", ":")).encode()
    assert encoded.isascii()


def test_the_same_plan_gives_the_same_bytes_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = statement_of().encode()
    for name, value in {
        "TZ": "Asia/Tokyo",
        "USER": "somebody",
        "HOSTNAME": "elsewhere",
        "LC_ALL": "C",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    turned = replace(GIT, digest=dict(reversed(list(GIT.digest.items()))))
    assert statement_of(turned, tmp_path).encode() == expected


@pytest.mark.parametrize("source", [GIT, TARBALL], ids=["git", "tarball"])
def test_what_was_written_is_read_again(path: Path, source: Identity) -> None:
    statement = statement_of(source)
    path.write_bytes(statement.encode())
    read = Statement.read(path)
    assert read == statement
    assert read.hashes == HASHES
    assert read.definition.source == source


Json = dict[str, Any]


def dependency(said: Json, number: int = 0) -> Json:
    found: Json = said["predicate"]["buildDefinition"]["resolvedDependencies"][number]
    return found


ALTERATIONS: dict[str, Callable[[Json], object]] = {
    "another type": lambda said: said.update(_type="https://in-toto.io/Statement/v0.1"),
    "another predicate": lambda said: said.update(predicateType="https://slsa.dev/provenance/v0.2"),
    "no subject": lambda said: said.pop("subject"),
    "a key more": lambda said: said.update(more=1),
    "a key more in the predicate": lambda said: said["predicate"].update(metadata={}),
    "a key more in a digest": lambda said: said["subject"][0]["digest"].update(md5="0" * 32),
    "a time": lambda said: said["predicate"]["runDetails"].update(
        metadata={"startedOn": "2025-06-12T00:00:00Z"}
    ),
    "a name in Python's spelling": lambda said: said.update(predicate_type=said.pop("predicateType")),
    "a hash too short": lambda said: said["subject"][0]["digest"].update(sha256="a" * 63),
    "a hash too long": lambda said: said["subject"][0]["digest"].update(sha256="a" * 65),
    "a hash in upper case": lambda said: said["subject"][0]["digest"].update(sha256="A" * 64),
    "a hash with a newline": lambda said: said["subject"][0]["digest"].update(sha256="a" * 64 + "\n"),
    "a hash that is a number": lambda said: said["subject"][0]["digest"].update(sha256=1),
    "no digest": lambda said: said["subject"][0].pop("digest"),
    "a name that is no text": lambda said: said["subject"][0].update(name=["a"]),
    "another kind of source": lambda said: said["predicate"]["buildDefinition"]["externalParameters"].update(
        source={"kind": "floppy"}
    ),
    "no dependency": lambda said: said["predicate"]["buildDefinition"].update(resolvedDependencies=[]),
    "no commit": lambda said: dependency(said)["digest"].pop("gitCommit"),
    "a commit too short": lambda said: dependency(said)["digest"].update(gitCommit="1" * 39),
    "a dependency's hash in upper case": lambda said: dependency(said, 1)["digest"].update(sha256="A" * 64),
    "half a character": lambda said: dependency(said).update(name="\ud800"),
}


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS.keys())
def test_a_statement_that_we_would_not_have_written_is_none(
    path: Path, alter: Callable[[Json], object]
) -> None:
    said = json.loads(statement_of().encode())
    alter(said)
    path.write_text(json.dumps(said, sort_keys=True, separators=(",", ":")))
    assert Statement.read(path) is None


NESTED = b'{"_type":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
MISSPELT: dict[str, Callable[[bytes], bytes]] = {
    "a newline behind": lambda data: data + b"\n",
    "a space within": lambda data: data.replace(b":", b": ", 1),
    "indented": lambda data: json.dumps(json.loads(data), indent=2, sort_keys=True).encode(),
    "unsorted": lambda data: json.dumps(
        dict(reversed(json.loads(data).items())), separators=(",", ":")
    ).encode(),
    "escaped without need": lambda data: data.replace(b"cpython", b"\\u0063python"),
    "a key twice": lambda data: data.replace(
        b'{"_type"', b'{"_type":"https://in-toto.io/Statement/v1","_type"'
    ),
    "another key first, then the right one": lambda data: data.replace(
        b'"kind":', b'"kind":"tarball","kind":'
    ),
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "not UTF-8": lambda data: data.replace(b"cpython", b"\xff"),
    "cut off": lambda data: data[:-1],
    "twice": lambda data: data * 2,
    "empty": lambda data: data[:0],
    "null": lambda _: b"null",
    "a list": lambda data: b"[" + data + b"]",
    "not a number": lambda data: data.replace(b'"3.99.0"', b"NaN"),
    "a number of too many digits": lambda data: data.replace(b'"3.99.0"', b"9" * 10_000),
    "too deep": lambda _: NESTED,
    "too large": lambda data: data.replace(b"3.99.0", b"3.99.0" + b"0" * (1 << 20), 1),
    "padded": lambda data: data + b" " * (1 << 21),
}


@pytest.mark.parametrize("misspell", MISSPELT.values(), ids=MISSPELT.keys())
def test_bytes_that_are_not_the_canonical_ones_are_none(
    path: Path, misspell: Callable[[bytes], bytes]
) -> None:
    encoded = statement_of().encode()
    misspelt = misspell(encoded)
    assert misspelt != encoded
    path.write_bytes(misspelt)
    assert Statement.read(path) is None


def test_where_there_is_no_file_there_is_no_statement(tmp_path: Path, path: Path) -> None:
    assert Statement.read(path) is None
    assert Statement.read(tmp_path) is None
