"""The statement: an in-toto Statement v1 with a SLSA Provenance v1 predicate, in canonical JSON.

It names inputs and outputs, and neither time, place nor builder, so that two honest
rebuilders write the same bytes. See https://in-toto.io/Statement/v1, https://slsa.dev/provenance/v1
and, for the canonical form, RFC 8785.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from verbatim.digest import Sha256
from verbatim.errors import IntegrityError
from verbatim.evidence.untrusted import Text, check_canonical, check_shape, parse_json, read_file
from verbatim.sources.source import Identity, SourceKind
from verbatim.stages.plan import Artifact, Plan, Stage
from verbatim.stages.target import Optimize

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
#: docs/reference/statement.md describes the parameters.
BUILD_TYPE: Final = "urn:verbatim:build-type:v1"
BUILDER: Final = "urn:verbatim:builder:v1"

#: A stage's name, which is a part of file names, between dots.
STAGE_PATTERN = r"[a-z0-9][a-z0-9_-]{0,99}"
StageName = Annotated[str, StringConstraints(pattern=rf"^{STAGE_PATTERN}$")]

#: Without any character that is special to a shell, a terminal or a path.
ArtifactName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$")]

#: Hexadecimal digits, by in-toto's names of digests.
_DIGITS = {"sha256": 64, "gitCommit": 40, "gitTree": 40}
#: The digests that identify each kind of source.
_IDENTIFIES = {"git": {"gitCommit", "gitTree"}, "tarball": {"sha256"}}


def file_name(stage: str) -> str:
    """The name of a stage's statement."""
    return f"{stage}.intoto.json"


def inputs_of(stage: Stage) -> dict[str, str]:
    """The SHA-256 of each input of a stage's build besides the source, by its name in a statement."""
    environment, recipe, target = stage.environment, stage.recipe, stage.target
    inputs = {
        f"environment/{environment.name}/lock.toml": environment.lock_sha256,
        f"environment/{environment.name}/root.tar": environment.lock.root_sha256,
        f"recipe/{recipe.name}": recipe.sha256,
    }
    return inputs if target is None else {**inputs, f"target/{target.name}": target.sha256}


class InTotoModel(BaseModel):
    """A part of a statement; other fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Sha256Digest(InTotoModel):
    """An in-toto DigestSet with SHA-256 alone."""

    sha256: Sha256


class Subject(InTotoModel):
    """An artifact, by name and hash."""

    name: ArtifactName
    digest: Sha256Digest


class Dependency(InTotoModel):
    """An input, by its digests; without an address, since its origin makes no difference."""

    name: Text
    digest: Annotated[dict[str, str], Field(min_length=1)]

    @field_validator("digest")
    @classmethod
    def _digest_is_known(cls, digest: dict[str, str]) -> dict[str, str]:
        for algorithm, value in digest.items():
            digits = _DIGITS.get(algorithm)
            if digits is None or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
                raise ValueError(f"not a {algorithm}: {value!r}")
        return digest


class _SourceParameters(InTotoModel):
    kind: SourceKind


class _ExternalParameters(InTotoModel):
    artifacts: StageName
    #: Only for the documentation.
    formats: Annotated[list[StageName] | None, Field(min_length=1)] = None
    #: Only for an interpreter that can be optimised.
    optimize: Optimize | None = None
    source: _SourceParameters
    version: Text


class BuildDefinition(InTotoModel):
    """Everything that the artifacts are a function of."""

    build_type: Annotated[Literal["urn:verbatim:build-type:v1"], Field(alias="buildType")] = BUILD_TYPE
    external_parameters: Annotated[_ExternalParameters, Field(alias="externalParameters")]
    resolved_dependencies: Annotated[list[Dependency], Field(alias="resolvedDependencies")]

    @classmethod
    def of(cls, plan: Plan) -> BuildDefinition:
        """The definition of a plan's build."""
        dependencies = [Dependency(name=plan.source.name, digest=dict(plan.source.digest))]
        dependencies += [
            Dependency(name=name, digest={"sha256": sha256}) for name, sha256 in inputs_of(plan.stage).items()
        ]
        return cls(
            external_parameters=_ExternalParameters.model_validate(
                {
                    "artifacts": plan.stage.name,
                    "source": {"kind": plan.source.kind},
                    "version": plan.release.version,
                    **plan.stage.choices,
                }
            ),
            resolved_dependencies=dependencies,
        )

    @model_validator(mode="after")
    def _source_is_identified(self) -> Self:
        digests = self.resolved_dependencies[0].digest.keys() if self.resolved_dependencies else set()
        if digests != _IDENTIFIES[self.external_parameters.source.kind]:
            raise ValueError("the source comes first, with its digests")
        names = [dependency.name for dependency in self.resolved_dependencies]
        if len(set(names)) < len(names):
            raise ValueError("a dependency appears twice")
        return self

    @property
    def source(self) -> Identity:
        """The source that the build was made from."""
        first = self.resolved_dependencies[0]
        return Identity(self.external_parameters.source.kind, first.name, first.digest)


class _Builder(InTotoModel):
    id: Literal["urn:verbatim:builder:v1"] = BUILDER


class _RunDetails(InTotoModel):
    builder: _Builder = _Builder()


class _Predicate(InTotoModel):
    build_definition: Annotated[BuildDefinition, Field(alias="buildDefinition")]
    run_details: Annotated[_RunDetails, Field(alias="runDetails")] = _RunDetails()


class Statement(InTotoModel):
    """The whole statement, which a rebuilder signs."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")] = STATEMENT_TYPE
    subject: Annotated[list[Subject], Field(min_length=1)]
    predicate_type: Annotated[Literal["https://slsa.dev/provenance/v1"], Field(alias="predicateType")] = (
        PREDICATE_TYPE
    )
    predicate: _Predicate

    @field_validator("subject")
    @classmethod
    def _subjects_are_sorted(cls, subjects: list[Subject]) -> list[Subject]:
        names = [subject.name for subject in subjects]
        if names != sorted(set(names)):
            raise ValueError("the subjects' names are not sorted, or one appears twice")
        return subjects

    @classmethod
    def of(cls, definition: BuildDefinition, artifacts: Sequence[Artifact]) -> Statement:
        """The statement of a build with these results."""
        subjects = [
            Subject(name=artifact.name, digest=Sha256Digest(sha256=artifact.sha256))
            for artifact in sorted(artifacts, key=lambda artifact: artifact.name)
        ]
        return cls(subject=subjects, predicate=_Predicate(build_definition=definition))

    @property
    def definition(self) -> BuildDefinition:
        return self.predicate.build_definition

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 by the artifact's name."""
        return {subject.name: subject.digest.sha256 for subject in self.subject}

    def encode(self) -> bytes:
        """The bytes that are signed: RFC 8785's canonical JSON."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True, exclude_none=True))

    @classmethod
    def parse(cls, data: bytes, name: str) -> Statement:
        """Parse a statement, called ``name`` in messages.

        Raises IntegrityError unless it is valid and canonical.
        """
        statement = check_shape(parse_json(data, name), cls, f"{name} is not a build statement")
        check_canonical(statement, data, name)
        return statement

    @classmethod
    def read(cls, path: Path) -> Statement | None:
        """The statement in a file; None if it is missing, invalid or not canonical."""
        try:
            return cls.parse(read_file(path), str(path))
        except (OSError, IntegrityError):
            return None
