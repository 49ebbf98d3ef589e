"""``./invoke mutants``: try the mutants of some modules, or of all, and say which survive though they should not."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import tomli

from tests.mutation.mutants import LIST, module_of, mutants_of
from tests.mutation.trial import Laboratory

MODULES = (
    *("check", "quorum", "statement", "attestations", "strict", "files", "policy"),
    *("gpg", "log", "airgap", "verify", "run", "bundles"),
)


def main() -> int:
    """Gives 1 if some survive that are not listed, or are listed and do not survive."""
    parser = argparse.ArgumentParser(prog="./invoke mutants", description=__doc__)
    parser.add_argument("which", nargs="*", help="modules, or how mutants' names begin; all if left out")
    parser.add_argument("--within", type=float, default=float("inf"), help="seconds of tests for each mutant")
    options = parser.parse_args()
    which = tuple(options.which) or MODULES
    entries = tomli.loads(LIST.read_text(encoding="utf-8"))["survivors"]
    listed = {name for entry in entries for name in entry["mutants"] if name.startswith(which)}
    survivors: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        Laboratory(Path(folder), partial(_try_all, which, options.within, listed, survivors)).run()
    for name in sorted(listed - survivors):
        _say(f"listed, but does not survive: {json.dumps(name, ensure_ascii=False)}")
    return int(survivors != listed)


def _try_all(
    which: tuple[str, ...], within: float, listed: set[str], survivors: set[str], laboratory: Laboratory
) -> None:
    for module in dict.fromkeys(map(module_of, which)):
        start = time.monotonic()
        mutants = [mutant for mutant in mutants_of(module) if mutant.name.startswith(which)]
        left = set()
        for mutant in mutants:
            if not laboratory.try_out(mutant, within):
                left.add(mutant.name)
                if mutant.name not in listed:
                    _say(f"survives: {json.dumps(mutant.name, ensure_ascii=False)}")
        survivors |= left
        killed = len(mutants) - len(left)
        took = time.monotonic() - start
        _say(f"{module}: {len(mutants)} mutants, {killed} killed, {len(left)} survive ({took:.0f} s)")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
