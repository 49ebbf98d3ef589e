"""Collects the commands for Invoke; ``./invoke --list`` shows them all. They stand in ``verbatim/cli/``."""

from __future__ import annotations

from invoke.collection import Collection

from verbatim.cli.building import build, rebuild, test_artifact
from verbatim.cli.developing import benchmark, lint, mutants, reference, test
from verbatim.cli.environments import environments, image, lock
from verbatim.cli.machine import clean, doctor
from verbatim.cli.rebuilders import attest, check, keygen, withdraw
from verbatim.cli.signing import sign
from verbatim.cli.verifying import compare, verify

namespace = Collection(
    *(build, rebuild, test_artifact),
    *(verify, compare),
    *(keygen, attest, withdraw, check),
    sign,
    *(environments, lock, image),
    *(doctor, clean),
    *(test, mutants, lint, reference, benchmark),
)
