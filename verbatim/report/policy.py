"""The entry of a policy as TOML with comments for people, and where a policy differs from this checkout."""

from __future__ import annotations

from pathlib import Path

from verbatim import console
from verbatim.commands.policy import PolicyCompared
from verbatim.errors import UsageError
from verbatim.evidence.signing_entry import SigningEntry
from verbatim.release import Release
from verbatim.report.pages import plain_text

#: The first series without OpenPGP signatures: https://peps.python.org/pep-0761/
_WITHOUT_GPG = "3.14"


def entry_text(release: Release, entry: SigningEntry, commit: str) -> str:
    """The entry as TOML; what a checkout cannot know is left empty, which the signing stage refuses."""
    return plain_text(
        "signing-entry.toml",
        version=release.version,
        tag=release.tag,
        commit=commit,
        has_gpg=not release.is_since(_WITHOUT_GPG),
        entry=entry,
    )


def write_entry(path: Path, text: str) -> None:
    """Write an entry to a new file; raises UsageError if there is one."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(
            f"{path} already exists", "name a new file, and copy the entry into your policy"
        ) from error
    console.result(str(path))


def show_policy_compared(compared: PolicyCompared) -> None:
    """Print the differences of each version, and what was not compared."""
    for version, deviations in compared.deviations.items():
        for deviation in deviations:
            console.result(f"{version}: {deviation}")
        if not deviations:
            console.result(f"{version}: the same as this checkout")
    console.note("only artifacts and inputs are compared: a checkout does not know the commit and who signs")
