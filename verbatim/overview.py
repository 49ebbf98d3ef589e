"""What bare ``./invoke`` shows: the commands, by who needs them, and three examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

#: By role, the names of the commands. A new command needs a line here.
GROUPS: Mapping[str, Sequence[str]] = {
    "I downloaded Python": ("verify", "compare"),
    "I rebuild releases": (
        *("build", "rebuild", "test-artifact"),
        *("keygen", "attest", "attestations-init", "withdraw"),
    ),
    "I manage a release": ("check", "policy", "sign"),
    "I look after this machine": ("doctor", "environments", "image", "clean", "version"),
    "I maintain Verbatim": ("test", "lint", "mutants", "lock", "reference", "docs", "benchmark"),
}

#: Each with what it does.
EXAMPLES: Mapping[str, str] = {
    "./invoke verify Python-3.13.5.tgz": "Is the file that I downloaded genuine?",
    "./invoke build --version 3.13.5": "Rebuild a release, into dist/3.13.5/.",
    "./invoke check --version 3.13.5": "Did enough rebuilders confirm a release?",
}


def grouped(commands: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each role with its commands and their first sentences; ``commands`` has these by name.

    Raises ValueError for a command that no group has.
    """
    if strays := sorted(commands.keys() - {name for names in GROUPS.values() for name in names}):
        raise ValueError(f"no group has {', '.join(strays)}: add a line to verbatim/overview.py")
    for role, names in GROUPS.items():
        yield role, [(name, commands[name]) for name in names if name in commands]
