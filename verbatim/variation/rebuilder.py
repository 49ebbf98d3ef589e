"""Rebuild with the conditions varied; if the result differs, find out which condition causes that."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from verbatim import console
from verbatim.caches import WORK
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root
from verbatim.errors import BuildError, CapabilityError
from verbatim.scratch import scratch
from verbatim.sources.source import Prepared
from verbatim.stages.plan import Artifact, Plan
from verbatim.stages.run import run
from verbatim.variation.tools import varying
from verbatim.variation.variations import Value, ValuePair, conditions_of


@dataclass(frozen=True)
class Difference:
    """How a rebuild differs from the first build."""

    #: The artifacts that differ, sorted; none if the recipe failed.
    artifacts: tuple[str, ...]
    #: Why the recipe failed; empty if it did not.
    failure: str = ""

    def __str__(self) -> str:
        return self.failure or f"{', '.join(self.artifacts)}: different"


#: Rebuilds with these values, under a name; gives None if all artifacts are the same.
Attempt = Callable[[str, Mapping[str, Value]], Difference | None]


@dataclass(frozen=True)
class Findings:
    """What differed when everything was varied, and which variation causes it."""

    #: The differences with all the first values, and with all the second ones.
    together: Sequence[Difference] = ()
    #: The difference with nothing varied; if there is one, no variation is the cause.
    unvaried: Difference | None = None
    #: By variation, the differences with that one alone.
    alone: Mapping[str, Difference] = field(default_factory=dict)

    @property
    def is_identical(self) -> bool:
        return not self.together


def find(pairs: Mapping[str, ValuePair], attempt: Attempt) -> Findings:
    """Rebuild with all the first values and all the second ones; look for the cause of a difference."""
    sides = [{name: pair[0] for name, pair in pairs.items()}, {name: pair[1] for name, pair in pairs.items()}]
    if sides[0] == sides[1]:
        sides.pop()
    results = [attempt(f"all-{number}", side) for number, side in enumerate(sides, 1)]
    together = [result for result in results if result is not None]
    if not together:
        return Findings()
    unvaried = attempt("nothing", {})
    if unvaried is not None:
        return Findings(together, unvaried)
    different = [side for side, result in zip(sides, results, strict=True) if result is not None]
    return Findings(together, None, _find_alone(different, attempt))


def _find_alone(sides: Sequence[Mapping[str, Value]], attempt: Attempt) -> dict[str, Difference]:
    alone: dict[str, Difference] = {}
    attempted: list[tuple[str, Value]] = []
    for name, value in (item for side in sides for item in side.items()):
        if name in alone or (name, value) in attempted:
            continue
        attempted.append((name, value))
        difference = attempt(name, {name: value})
        if difference is not None:
            alone[name] = difference
    return alone


# The warnings of the loader and bash, which then continue with the clock or the locale unchanged.
_NOT_IN_FORCE = ("cannot be preloaded", "setlocale: LC_ALL: cannot change locale")


def _check_in_force(log: Path, environment: Environment) -> None:
    """Raise CapabilityError if a library or a locale that varies something could not be used."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if any(sign in line for sign in _NOT_IN_FORCE):
                raise CapabilityError(
                    f"a variation did not take effect: {line.strip()}",
                    f"a maintainer can run: ./invoke lock --environment {varying(environment)}",
                )


@dataclass(frozen=True)
class VariedRebuilder:
    """Builds a plan repeatedly, and compares the artifacts with the first ones."""

    plan: Plan
    prepared: Prepared
    root: Root
    first: Sequence[Artifact]
    #: The folder for artifacts that differ, with a folder for each rebuild.
    kept: Path

    def attempt(self, name: str, values: Mapping[str, Value]) -> Difference | None:
        """See `Attempt`."""
        console.note(f"rebuilding with {', '.join(values) or 'nothing'} varied")
        with scratch(WORK.folder) as work:
            output = work / "output"
            output.mkdir()
            engine = Sandbox(conditions_of(values.values()))
            try:
                artifacts = run(
                    self.plan, self.prepared, self.root, engine, work=work, output=output, log=work / "log"
                )
            except BuildError as error:
                return Difference((), str(error))
            _check_in_force(work / "log", self.root.environment)
            return self._compare(name, artifacts)

    def _compare(self, name: str, artifacts: Sequence[Artifact]) -> Difference | None:
        expected = {artifact.name: artifact.sha256 for artifact in self.first}
        different = [artifact for artifact in artifacts if artifact.sha256 != expected[artifact.name]]
        if not different:
            return None
        folder = self.kept / name
        folder.mkdir(parents=True, exist_ok=True)
        for artifact in different:
            os.replace(artifact.path, folder / artifact.name)
        return Difference(tuple(artifact.name for artifact in different))
