"""What Nix and the builder in ``nix/`` say when a job's command failed, or was never started: what it means.

Lines of the command's are not among these: they are marked, and handed on before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from verbatim.addresses import masked
from verbatim.errors import BuildError, CapabilityError, IntegrityError

# So the builder says it.
_ENDED = re.compile(r"verbatim: the command ended with status ([0-9]{1,3})")

# As root it warns of that, and fails when it builds.
_NO_GROUP = "specified in 'build-users-group' does not exist"

#: What Nix or the builder says, what it means, and what is to be done.
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
        "Nix handed nothing to --builders",
        "see that ssh reaches them (as root, if there is a daemon), and that `trusted-users` in nix.conf names you",
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
        "what the recipe left has no place among artifacts",
        "correct the recipe",
    ),
    (("",), CapabilityError, "Nix could not build", "check nix.conf, NIX_REMOTE and --builders"),
)


def exit_status(said: Sequence[str]) -> int:
    """The command's exit status, as the builder says it; raises what `refusal` makes of the rest, if it does not."""
    for line in said:
        if ended := _ENDED.fullmatch(line):
            return int(ended[1])
    raise refusal(said)


def lacks_users(said: Sequence[str]) -> bool:
    """Whether Nix says, if only as a warning, that there is no user to build as."""
    return any(_NO_GROUP in line for line in said)


def refusal(said: Sequence[str]) -> BuildError | CapabilityError | IntegrityError:
    """Why Nix did not build, in our terms."""
    text = "\n".join(said)
    error, meaning, remedy = next(row[1:] for row in _REFUSALS if any(sign in text for sign in row[0]))
    return error(f"{meaning}: {masked(_complaint(said))}", remedy)


def _complaint(said: Sequence[str]) -> str:
    """The most telling line: the builder's own, or Nix's first error."""
    for begin in ("verbatim: ", "error: "):
        for line in said:
            if begin in line:
                return line.partition(begin)[2].strip()
    return said[-1].strip() if said else "it said nothing"
