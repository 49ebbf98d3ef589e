"""What a human reads before anything is signed. All of it has been checked."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from verbatim_sign.check import Checked
from verbatim_sign.errors import UsageError

_RED, _BOLD, _PLAIN = "\033[1;31m", "\033[1m", "\033[0m"


def say(text: str = "", style: str = "") -> None:
    """Print a line; in colour only on a terminal."""
    sys.stdout.write(f"{style}{text}{_PLAIN}\n" if style and sys.stdout.isatty() else f"{text}\n")
    sys.stdout.flush()


def show(checked: Checked, signers: Iterable[str] = ()) -> None:
    """Print all that matters, on one screen; what is unusual is red."""
    say(f"CPython {checked.version}", _BOLD)
    say(f"  commit    {checked.signing.commit}")
    say(f"  policy    {checked.policy.sha256} (met)")
    for name, sha256 in checked.hashes.items():
        quorum = checked.quorums[name]
        count = f"{quorum.voices} of {quorum.needed}: {', '.join(quorum.confirming)}"
        say(f"  {sha256[:16]}  {name}  ({count})")
    for file in checked.files:
        if file.name not in checked.hashes:
            say(f"  {file.sha256[:16]}  {file.name}  (the list of these)")
    for signer in signers:
        say(f"  to be signed {signer}")
    for what in checked.unusual:
        say(f"  unusual: {what}", _RED)


def confirm(version: str) -> None:
    """Let a human type the version; raises UsageError if it is not typed, or there is no terminal."""
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to confirm on", "run it in a terminal")
    say(f"Type {version} to sign:", _BOLD)
    typed = sys.stdin.readline().strip()
    if typed != version:
        raise UsageError(
            f"you typed {ascii(typed)[:40]}, expected {version}: nothing was signed", "run it again to sign"
        )
