"""Which engines a build uses."""

from __future__ import annotations

import os
from collections.abc import Sequence

from verbatim import console
from verbatim.capabilities import Check
from verbatim.engines.protocol import Engine
from verbatim.engines.sandbox import Sandbox
from verbatim.errors import CapabilityError, UsageError

NAMES = ("sandbox", "docker", "nix")
#: The variable with the engines that must not be skipped.
REQUIRED = "VERBATIM_REQUIRE_ENGINES"


def engine(name: str, *, builders: str = "") -> Engine:
    """The engine with that name; ``builders`` is for Nix. Raises UsageError if there is none."""
    # Docker's client takes a third of a second to import: only for whoever wants it.
    if name == "docker":
        from verbatim.engines.docker import Docker  # noqa: PLC0415

        return Docker()
    if name == "nix":
        from verbatim.engines.nix import Nix  # noqa: PLC0415

        return Nix(builders)
    if name == "sandbox":
        return Sandbox()
    raise UsageError(f"there is no engine {name!r}", f"there are: {', '.join(NAMES)}; and all, alone")


def choose_engines(text: str, *, builders: str = "") -> list[Engine]:
    """The engines that ``--engine`` names, with commas between them; ``all`` are those that this machine has.

    Raises UsageError for an unknown or repeated name, or for builders without Nix; CapabilityError
    if ``all`` lacks one that ``VERBATIM_REQUIRE_ENGINES`` names, or has none.
    """
    required = _required()
    names = list(NAMES) if text == "all" else text.split(",")
    if len(set(names)) < len(names):
        raise UsageError(f"--engine {text} names an engine twice", "name each once")
    engines = [engine(name, builders=builders) for name in names]
    if builders and "nix" not in names:
        raise UsageError("--builders is for the engine nix", "add --engine nix")
    if text != "all":
        return engines
    usable = [found for found in engines if not _is_skipped(found, required)]
    if not usable:
        raise CapabilityError("this machine has no engine", "run ./invoke doctor to see what it lacks")
    if len(usable) == 1:
        console.warn(f"there is only the engine {usable[0].name}, so nothing confirms its result")
    return usable


def lacking(candidate: Engine) -> Check | None:
    """The first failed check of an engine on this machine; None if it lacks nothing."""
    return next((check for check in candidate.checks() if not check.passed), None)


def _required() -> list[str]:
    """The engines in ``VERBATIM_REQUIRE_ENGINES``; raises UsageError for an unknown one."""
    names = [name.strip() for name in os.environ.get(REQUIRED, "sandbox").split(",") if name.strip()]
    for name in names:
        if name not in NAMES:
            raise UsageError(f"{REQUIRED}: there is no engine {name!r}", f"there are: {', '.join(NAMES)}")
    return names


def _is_skipped(candidate: Engine, required: Sequence[str]) -> bool:
    lack = lacking(candidate)
    if lack is None:
        return False
    if candidate.name in required:
        raise CapabilityError(f"{lack.what}: {lack.found}", lack.remedy)
    console.warn(f"not built with {candidate.name}: {lack.what}: {lack.found}; {lack.remedy}")
    return True
