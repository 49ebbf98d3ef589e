"""The meaning of what Nix and the builder in ``nix/`` print when a job's command failed, or was never started.

The command's own lines are not among these: they are marked, and passed on before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from verbatim.addresses import masked
from verbatim.errors import BuildError, CapabilityError, IntegrityError

# The builder's own message.
_ENDED = re.compile(r"verbatim: the command ended with status ([0-9]{1,3})")

# As root, Nix only warns of that at first, and fails when it builds.
_NO_GROUP = "specified in 'build-users-group' does not exist"

#: Messages of Nix or the builder, what they mean, and the remedy.
_REFUSALS: tuple[
    tuple[tuple[str, ...], type[BuildError | CapabilityError | IntegrityError], str, str], ...
] = (
    (
        ("verbatim: the Nix sandbox is off",),
        CapabilityError,
        "nothing was built",
        "set `sandbox = true` in /etc/nix/nix.conf and restart nix-daemon",
    ),
    (
        ("No space left on device", "Disk quota exceeded", "database or disk is full"),
        CapabilityError,
        "a disk that Nix uses is full",
        "free some space, for instance with nix-collect-garbage",
    ),
    (
        ("path mismatch in", "hash mismatch in"),
        IntegrityError,
        "the environment is not what its lock says",
        "find out what changed the cache",
    ),
    (
        ("unable to start any build",),
        CapabilityError,
        "Nix gave no work to --builders",
        "check that ssh reaches them (as root, if there is a daemon), and that `trusted-users` in nix.conf names you",
    ),
    (
        (
            "cannot connect to socket",
            "cannot open connection",
            "Nix daemon disconnected",
            "unexpected end-of-file",
        ),
        CapabilityError,
        "the Nix daemon does not answer",
        "start it (systemctl start nix-daemon), or build with --engine sandbox",
    ),
    (
        (_NO_GROUP, "build users group '"),
        CapabilityError,
        "Nix has no users to build as",
        "make them (on Debian: install nix-setup-systemd), or set `build-users-group =` in nix.conf",
    ),
    (
        ("has an unsupported type",),
        BuildError,
        "the recipe left something that cannot be an artifact",
        "correct the recipe",
    ),
    (("",), CapabilityError, "Nix could not build", "check nix.conf, NIX_REMOTE and --builders"),
)


def exit_status(messages: Sequence[str]) -> int:
    """The command's exit status as the builder prints it; if it does not, raises what `refusal` makes of the messages."""
    for line in messages:
        if ended := _ENDED.fullmatch(line):
            return int(ended[1])
    raise refusal(messages)


def lacks_users(messages: Sequence[str]) -> bool:
    """Whether Nix says, even as a warning, that there is no user to build as."""
    return any(_NO_GROUP in line for line in messages)


def refusal(messages: Sequence[str]) -> BuildError | CapabilityError | IntegrityError:
    """The error to raise if Nix did not build."""
    text = "\n".join(messages)
    error, meaning, remedy = next(row[1:] for row in _REFUSALS if any(sign in text for sign in row[0]))
    return error(f"{meaning}: {masked(_complaint(messages))}", remedy)


def _complaint(messages: Sequence[str]) -> str:
    """The most telling line: the builder's own, or Nix's first error."""
    for begin in ("verbatim: ", "error: "):
        for line in messages:
            if begin in line:
                return line.partition(begin)[2].strip()
    return messages[-1].strip() if messages else "it printed nothing"
