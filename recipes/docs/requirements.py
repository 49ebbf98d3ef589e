"""Refuses to go on unless what is installed is what a branch asks for: requirements.py Doc/requirements.txt.

Environments are made per branch, and branches change what they ask for from one release to the next.
"""

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement


def main() -> None:
    """Say everything that is not met; what is asked for by an address must be there in some version."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]
    unmet = [said for requirement in asked if (said := complaint(requirement))]
    if not asked:
        unmet = ["it names none"]
    if unmet:
        sys.exit(f"Doc/requirements.txt is not met by this environment: {'; '.join(unmet)}")


def complaint(requirement: Requirement) -> str:
    """What is wrong with what is installed; empty if nothing is."""
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement}, but there is none"
    if requirement.specifier.contains(installed, prereleases=True):
        return ""
    return f"{requirement}, but there is {installed}"


if __name__ == "__main__":
    main()
