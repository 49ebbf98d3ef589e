"""The statements of a release that is to be signed: each that the policy does not allow is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from release_maker import (
    COMMIT,
    INPUTS,
    TARBALL,
    MadeRelease,
    canonical,
    statement,
)

Output = pytest.CaptureFixture[str]
Check = Callable[..., str]


def _with(place: str, value: object) -> dict[str, Any]:
    """A statement, with another value at a place."""
    said = statement()
    *path, last = place.split("/")
    at: Any = said
    for step in path:
        at = at[int(step) if step.isdigit() else step]
    at[int(last) if last.isdigit() else last] = value
    return said


_BUILD = "predicate/buildDefinition"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (statement(version="3.13.98"), "is a statement of source of 3.13.98, expected source of 3.13.99"),
        (statement(stage="docs"), "is a statement of docs of 3.13.99, expected source of 3.13.99"),
        (statement(commit="3" * 40), f"it was built from the commit {'3' * 40}, expected {COMMIT}"),
        (
            statement(kind="tarball"),
            f"it was built from the tarball {'d' * 64}, expected git, or a tarball that an earlier stage made",
        ),
        (
            statement(kind="tarball", tarball=TARBALL),
            f"it was built from the tarball {TARBALL}, expected git",
        ),
        (
            statement(inputs=INPUTS | {"environment/source/lock.toml": "e" * 64}),
            f"it was built with environment/source/lock.toml {'e' * 64}, the policy allows {'a' * 64}",
        ),
        (statement(inputs=INPUTS | {"recipe/odd": "e" * 64}), "the policy allows no such input"),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/digest", {"sha256": "a" * 64, "gitCommit": "1" * 40}),
            f"it was built with environment/source/lock.toml {'1' * 40} {'a' * 64}, the policy allows {'a' * 64}",
        ),
        (statement(inputs={"recipe/source": "c" * 64}), "it does not say which environment was used"),
        (
            statement(inputs={"environment/source/root.tar": "b" * 64}),
            "it does not say which recipe was used",
        ),
        (
            statement({"Python-3.13.99.tgz": b"made"}),
            "lists Python-3.13.99.tgz; the policy allows Python-3.13.99.tar.xz, Python-3.13.99.tgz for source",
        ),
    ],
)
def test_a_statement_that_the_policy_does_not_allow_is_refused(
    said: object, why: str, made: MadeRelease, check: Check
) -> None:
    made.put(said)
    assert why in check(7)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([], "statement: expected a table"),
        (_with("more", 1.0), "it has the number 1.0, expected none"),
        (_with("more", float("nan")), "it has the number NaN"),
        (_with("more", "x"), "expected the entries _type, subject, predicateType, predicate, got"),
        (_with("predicate/more", "x"), "predicate: expected the entries buildDefinition, runDetails, got"),
        (_with(f"{_BUILD}/more", "x"), "buildDefinition: expected the entries buildType"),
        (_with(f"{_BUILD}/externalParameters/more", "x"), "externalParameters: expected the entries"),
        (_with(f"{_BUILD}/externalParameters/source/more", "x"), "source: expected the entries kind"),
        (_with(f"{_BUILD}/externalParameters/formats", "x"), "formats: expected a list"),
        (_with(f"{_BUILD}/externalParameters/version", ""), "version: expected 1 to 1000 printable"),
        (_with(f"{_BUILD}/externalParameters/artifacts", "../x"), "artifacts: expected a text"),
        (_with(f"{_BUILD}/resolvedDependencies", "x"), "resolvedDependencies: expected a list"),
        (_with(f"{_BUILD}/resolvedDependencies/0/more", "x"), "resolvedDependencies: expected the entries"),
        (_with(f"{_BUILD}/resolvedDependencies/0/digest/gitCommit", "A" * 40), "cpython: expected a text"),
        (_with("subject/0/more", "x"), "subject: expected the entries name, digest"),
        (_with("_type", "x"), "_type: expected a text like"),
        (_with("predicateType", "x"), "predicateType: expected a text like https://slsa"),
        (_with("predicate/runDetails", {}), "runDetails: expected urn:verbatim:builder:v1 alone"),
        (_with(f"{_BUILD}/buildType", "x"), "buildType: expected"),
        (_with(f"{_BUILD}/externalParameters/source/kind", "svn"), "source.kind: expected"),
        (_with(f"{_BUILD}/externalParameters/formats", ["../x"]), "formats: expected"),
        (_with(f"{_BUILD}/externalParameters/optimize", "fast"), "optimize: expected a text like pgo|none"),
        (_with(f"{_BUILD}/resolvedDependencies", []), "expected the source, and the other inputs"),
        (
            _with(f"{_BUILD}/resolvedDependencies/0/digest", {"sha256": "a" * 64}),
            "expected gitCommit and gitTree",
        ),
        (_with(f"{_BUILD}/resolvedDependencies/0/digest", {}), "cpython: expected a table with entries"),
        (
            _with(f"{_BUILD}/resolvedDependencies/0/digest", {"md5": "a"}),
            "cpython: expected a text like sha256|gitCommit",
        ),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/digest/sha256", "A" * 64),
            "lock.toml: expected 64 hexadecimal digits",
        ),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/name", "recipe/source"),
            "resolvedDependencies: expected each once",
        ),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/name", "cpython"),
            "resolvedDependencies: expected each once",
        ),
        (
            _with(f"{_BUILD}/resolvedDependencies/1/name", "a\x1b[2J"),
            "resolvedDependencies: expected 1 to 1000",
        ),
        (_with("subject", "x"), "subject: expected a list"),
        (_with("subject", []), "subject: expected sorted names, each once"),
        (_with("subject/0/name", "Python-3.13.99.tgz"), "expected sorted names, each once"),
        (_with("subject/0/name", "zzz"), "expected sorted names, each once"),
        (_with("subject/0/name", "../../etc/passwd"), "subject.name: expected a text like"),
        (_with("subject/0/name", "Python\n"), "subject.name: expected a text like"),
        (
            _with("subject/0/digest/sha256", "a" * 63),
            "subject.Python-3.13.99.tar.xz: expected 64 hexadecimal digits",
        ),
        (_with("subject/0/digest/sha512", "a" * 128), "expected the entries sha256"),
    ],
)
@pytest.mark.parametrize("where", ["dist", "attestations"])
def test_a_statement_of_another_shape_is_refused(
    said: object, why: str, where: str, made: MadeRelease, check: Check
) -> None:
    if where == "dist":
        made.put(said)
    else:
        made.attest("carol", said)
    assert why in check(6)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is not the expected JSON"),
        (b"\xff", "is not the expected JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"b":"","a":"","a":""}', "the name 'a' appears twice in one object"),
        (b'{"a":1}', "it has the number 1, expected none"),
        (canonical(statement()) + b"\n", "is not in canonical JSON"),
        (json.dumps(statement()).encode(), "is not in canonical JSON"),
        (json.dumps(statement(), separators=(",", ":")).encode(), "is not in canonical JSON"),
        (
            canonical(_with(f"{_BUILD}/externalParameters/formats", [])).replace(b"[]", b'["\\u0078"]', 1),
            "is not in canonical JSON",
        ),
        (b'{"\\ud800":""}', "expected the entries"),
    ],
)
@pytest.mark.parametrize("where", ["dist", "attestations"])
def test_a_statement_in_another_form_is_refused(
    data: bytes, why: str, where: str, made: MadeRelease, check: Check
) -> None:
    if where == "dist":
        (made.dist / "source.intoto.json").write_bytes(data)
    else:
        made.add("carol.source", data, "carol") if data else (
            made.attestations / "carol.source.dsse.json"
        ).touch()
    assert why in check(6)
