"""The entry ``[signing."VERSION"]`` of a policy: what the signing stage may sign, and from which inputs it must be built.

`sign` decides by it, with its own code. Here it is written from a checkout, and compared with one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from verbatim.data import checked_model
from verbatim.digest import Sha256
from verbatim.evidence.policy import Policy
from verbatim.evidence.statement import ArtifactName, StageName, Statement, inputs_of
from verbatim.evidence.untrusted import Text
from verbatim.stages.plan import Stage

_REMEDY = "write it again: ./invoke policy --version VERSION"

#: Whose artifacts may be some of those that the stage can make: the user chooses formats.
_CHOOSABLE = "docs"


class SigningEntry(BaseModel):
    """The parts of an entry that follow from a checkout. The others name people, and are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    artifacts: Annotated[dict[StageName, tuple[ArtifactName, ...]], Field(min_length=1)]
    #: The SHA-256 of each input but the source, by its name in a statement.
    inputs: Annotated[dict[Text, Sha256], Field(min_length=1)]

    @classmethod
    def of(cls, stages: Iterable[Stage]) -> Self:
        """The entry for what these stages make, as this checkout would build it."""
        chosen = list(stages)
        return cls(
            artifacts={stage.name: stage.artifacts for stage in chosen},
            inputs={name: sha256 for stage in chosen for name, sha256 in inputs_of(stage).items()},
        )

    @classmethod
    def read(cls, policy: Policy, version: str, path: Path) -> Self:
        """A policy's entry for a version; raises IntegrityError if it is not valid. A missing one raises KeyError."""
        return checked_model(path, policy.signing[version], cls, _REMEDY)

    def other_inputs(self, statement: Statement) -> list[str]:
        """In what a statement's inputs differ from this entry: the signing stage does not count it, but it can object."""
        _, *dependencies = statement.definition.resolved_dependencies
        used = {each.name: each.digest.get("sha256", "") for each in dependencies}
        return [
            f"{name}: it was built with {sha256}, the policy allows {self.inputs.get(name, 'no such input')}"
            for name, sha256 in used.items()
            if self.inputs.get(name) != sha256
        ]

    def deviations(self, expected: SigningEntry) -> Iterator[str]:
        """In what this entry differs from one for the same stages: a sentence for each artifact and each input."""
        for stage, made in expected.artifacts.items():
            listed = set(self.artifacts[stage])
            for name in sorted(listed - set(made)):
                yield f"artifacts.{stage} has {name}, which {stage} does not make"
            for name in sorted(set(made) - listed) if stage != _CHOOSABLE else ():
                yield f"artifacts.{stage} lacks {name}"
        yield from _compared(self.inputs, expected.inputs)


def _compared(listed: Mapping[str, str], here: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*listed, *here}):
        if name not in here:
            yield f"inputs has {name}, which no build of these artifacts uses here"
        elif name not in listed:
            yield f"inputs lacks {name}, which is {here[name]} here"
        elif listed[name] != here[name]:
            yield f"inputs has {name} {listed[name]}, but it is {here[name]} here"
