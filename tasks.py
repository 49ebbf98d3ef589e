"""Collects the commands for Invoke; ``./invoke --list`` shows them all. They stand in ``verbatim/cli/``."""

from __future__ import annotations

import os
import sys

# An Invoke of another environment lacks what the commands need, or has other versions of it: ./invoke, which sets itself
# up, gets the same arguments. Whatever Python that Invoke runs on must understand this.
if not os.path.exists(os.path.join(sys.prefix, "requirements.sha256")):
    own = os.path.join(os.path.dirname(os.path.realpath(__file__)), "invoke")
    os.execv(sys.executable, [sys.executable, own] + sys.argv[1:])  # noqa: RUF005, S606

from invoke.collection import Collection

from verbatim.cli.building import build, rebuild, test_artifact
from verbatim.cli.developing import benchmark, docs, lint, mutants, reference, test
from verbatim.cli.environments import environments, image, lock
from verbatim.cli.machine import clean, doctor, version
from verbatim.cli.policies import attestations_init, policy
from verbatim.cli.rebuilders import attest, check, keygen, withdraw
from verbatim.cli.signing import sign
from verbatim.cli.verifying import compare, verify

namespace = Collection(
    *(build, rebuild, test_artifact),
    *(verify, compare),
    *(keygen, attest, withdraw, check, attestations_init),
    *(policy, sign),
    *(environments, lock, image),
    *(doctor, clean, version),
    *(test, mutants, lint, reference, docs, benchmark),
)
