"""Statements of builds by rebuilders, in in-toto's format (https://in-toto.io/Statement/v1, https://slsa.dev/provenance/v1).

The main program writes them, and its docs/reference/statement.md describes them. Here they are read: anything that is not
exactly as it would be written there is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from verbatim_sign.errors import IntegrityError
from verbatim_sign.files import NAME_PATTERN
from verbatim_sign.policy import COMMIT_PATTERN, STAGE_PATTERN, Signing
from verbatim_sign.strict import SHA256_PATTERN, Shape, check_canonical, parse_json

_DIGITS = {"sha256": SHA256_PATTERN, "gitCommit": COMMIT_PATTERN, "gitTree": COMMIT_PATTERN}


@dataclass(frozen=True)
class Statement:
    """The outputs of a build, and its inputs."""

    sha256: str
    version: str
    stage: str
    #: ``git`` or ``tarball``.
    kind: str
    #: Of the source: by in-toto's names of digests.
    source: Mapping[str, str]
    #: The digests of the other inputs, by name.
    inputs: Mapping[str, Mapping[str, str]]
    #: SHA-256 by the artifact's name.
    hashes: Mapping[str, str]

    @classmethod
    def parse(cls, data: bytes, name: str) -> Statement:
        """Parse a statement, called ``name`` in messages; raises IntegrityError if it is not valid."""
        content = parse_json(data, name)
        shape = Shape(name, IntegrityError)
        _, predicate = _in_toto(shape, content, r"https://slsa\.dev/provenance/v1")
        shape.table(predicate, "predicate", ("buildDefinition", "runDetails"))
        if predicate["runDetails"] != {"builder": {"id": "urn:verbatim:builder:v1"}}:
            raise shape.refused("runDetails", predicate["runDetails"], "urn:verbatim:builder:v1 alone")
        parts = ("buildType", "externalParameters", "resolvedDependencies")
        build = shape.table(predicate["buildDefinition"], "buildDefinition", parts)
        shape.text(build["buildType"], "buildType", "urn:verbatim:build-type:v1")
        needed, optional = ("artifacts", "source", "version"), ("formats", "optimize")
        parameters = shape.table(build["externalParameters"], "externalParameters", needed, optional)
        if "formats" in parameters:
            shape.texts(parameters["formats"], "formats", STAGE_PATTERN)
        shape.text(parameters.get("optimize", "none"), "optimize", "pgo|none")
        kind = shape.table(parameters["source"], "source", ("kind",))["kind"]
        shape.text(kind, "source.kind", "git|tarball")
        (first, source), *others = _dependencies(shape, build["resolvedDependencies"])
        if len({name for name, _ in others} - {first}) < len(others):
            raise shape.refused("resolvedDependencies", [name for name, _ in others], "each once")
        expected = {"gitCommit", "gitTree"} if kind == "git" else {"sha256"}
        if source.keys() != expected:
            raise shape.refused("source", list(source), " and ".join(sorted(expected)))
        check_canonical(content, data, name)
        return cls(
            hashlib.sha256(data).hexdigest(),
            shape.text(parameters["version"], "version"),
            shape.text(parameters["artifacts"], "artifacts", STAGE_PATTERN),
            kind,
            source,
            dict(others),
            _subjects(shape, content),
        )

    def unfit(self, signing: Signing, made: Collection[str]) -> str | None:
        """Why the policy does not allow the build's inputs; None if it does.

        A tarball that is also signed is allowed: ``made`` has the SHA-256 of what earlier stages made.
        """
        if self.kind == "tarball" and self.source["sha256"] not in made:
            return f"it was built from the tarball {self.source['sha256']}, expected git, or a tarball that an earlier stage made"
        if self.kind == "git" and self.source["gitCommit"] != signing.commit:
            return f"it was built from the commit {self.source['gitCommit']}, expected {signing.commit}"
        for name, digests in self.inputs.items():
            if digests != {"sha256": (allowed := signing.inputs.get(name))}:
                return f"it was built with {name} {' '.join(digests.values())}, the policy allows {allowed or 'no such input'}"
        for what in ("environment", "recipe"):
            if not any(name.startswith(f"{what}/") for name in self.inputs):
                return f"it does not say which {what} was used"
        return None


@dataclass(frozen=True)
class Withdrawal:
    """A statement is withdrawn, by its SHA-256."""

    sha256: str
    reason: str

    @classmethod
    def parse(cls, data: bytes, name: str) -> Withdrawal:
        """Parse a withdrawal, called ``name`` in messages; raises IntegrityError if it is not valid."""
        content = parse_json(data, name)
        shape = Shape(name, IntegrityError)
        subjects, predicate = _in_toto(shape, content, "urn:verbatim:withdrawal:v1")
        hashes = _subjects(shape, content)
        if list(hashes) != ["statement"]:
            raise shape.refused("subject", subjects, "one, called statement")
        reason = shape.text(shape.table(predicate, "predicate", ("reason",))["reason"], "reason")
        check_canonical(content, data, name)
        return cls(hashes["statement"], reason)


def _in_toto(shape: Shape, content: object, predicate_type: str) -> tuple[list[Any], dict[str, Any]]:
    """The subjects and the predicate of a statement of that type."""
    statement = shape.table(content, "statement", ("_type", "subject", "predicateType", "predicate"))
    shape.text(statement["_type"], "_type", r"https://in-toto\.io/Statement/v1")
    shape.text(statement["predicateType"], "predicateType", predicate_type)
    return shape.items(statement["subject"], "subject"), statement["predicate"]


def _subjects(shape: Shape, content: Any) -> dict[str, str]:
    hashes: dict[str, str] = {}
    for value in content["subject"]:
        subject = shape.table(value, "subject", ("name", "digest"))
        name = shape.text(subject["name"], "subject.name", NAME_PATTERN)
        digest = shape.table(subject["digest"], f"subject.{name}", ("sha256",))
        hashes[name] = shape.text(digest["sha256"], f"subject.{name}", SHA256_PATTERN)
    names = [value["name"] for value in content["subject"]]
    if not names or names != sorted(hashes):
        raise shape.refused("subject", names, "sorted names, each once")
    return hashes


def _dependencies(shape: Shape, value: object) -> list[tuple[str, dict[str, str]]]:
    """The dependencies' names and digests, in their order; the source comes first."""
    found = []
    for each in shape.items(value, "resolvedDependencies"):
        entry = shape.table(each, "resolvedDependencies", ("name", "digest"))
        name = shape.text(entry["name"], "resolvedDependencies")
        digests = shape.named(entry["digest"], name)
        for algorithm, digest in digests.items():
            shape.text(digest, name, _DIGITS[shape.text(algorithm, name, "|".join(_DIGITS))])
        found.append((name, digests))
    if not found:
        raise shape.refused("resolvedDependencies", value, "the source, and the other inputs")
    return found
