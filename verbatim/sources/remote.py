"""A git repository elsewhere: how it is configured for git, and what git's errors mean.

An address may hold a password. Git gets it neither as an argument nor in the address, which other users of this machine
could see, but in a file of git-credential-store(1).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from verbatim.addresses import WEB, checked, is_scp_like, masked, showable
from verbatim.errors import IntegrityError, NetworkError, UsageError, VerbatimError

#: The schemes that git may fetch with.
SCHEMES = (*WEB, "file", "git", "ssh")
#: The remote's name in git.
NAME = "source"

_CHECK_NETWORK = "check the address and the network; VERBATIM_GIT_URL or --source names another repository"
#: Git's messages, what they mean, and the remedy. The server has answered, so asking again would not help.
_ANSWERS: tuple[tuple[Sequence[str], str, str], ...] = (
    (
        ("promisor remote", "lazy fetching disabled", "missing blob object"),
        "is a partial clone",
        "fetch what it lacks, in it: git fetch --refetch --no-filter",
    ),
    (
        ("mismatched algorithms",),
        "is a SHA-256 repository, but releases are named by SHA-1 commits",
        "give a repository with SHA-1 commits, such as CPython's own",
    ),
    (
        (
            "not our ref",
            "couldn't find remote ref",
            "does not appear to be a git repository",
            "not allowed",
            "strange hostname",
        ),
        "",
        "check the address and the commit",
    ),
)


@dataclass(frozen=True)
class Remote:
    """The address of a repository."""

    shown: str
    _text: str = field(repr=False)
    _url: str = field(repr=False)
    #: A line of git-credential-store(1).
    _credentials: str | None = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address, or the ``user@host:path`` of ssh; raises UsageError for anything else."""
        if is_scp_like(text):
            return cls(showable(text), text, text, None)
        address = checked(text, "the git repository", SCHEMES)
        if address.scheme not in WEB:
            if address.user is not None and (address.scheme != "ssh" or ":" in address.user):
                raise UsageError(
                    f"{address.shown}: an address of {address.scheme} cannot hold a password",
                    "leave it out; for ssh, use a key",
                )
            return cls(address.shown, text, text, None)
        credentials = None
        if address.user is not None:
            user = address.user if ":" in address.user else f"{address.user}:"
            credentials = f"{address.scheme}://{user}@{address.host_and_port}\n"
        return cls(address.shown, text, address.without_user, credentials)

    @property
    def is_local(self) -> bool:
        """Whether it can be read without a network."""
        return self._url.startswith("file:")

    def settings(self, folder: Path) -> dict[str, str]:
        """The variables that configure it for git (git-config(1), GIT_CONFIG_COUNT); secrets go into a file in ``folder``."""
        values = [(f"remote.{NAME}.url", self._url)]
        if self._credentials is not None:
            file = folder / "credentials"
            file.touch(mode=0o600)
            file.write_text(self._credentials, encoding="ascii")
            values.append(("credential.helper", f"store --file={shlex.quote(str(file))}"))
        variables = {"GIT_CONFIG_COUNT": str(len(values))}
        for number, (key, value) in enumerate(values):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return variables

    def refusal(self, what: str, errors: bytes) -> VerbatimError:
        """The error to raise if git could not do ``what``: NetworkError if it may succeed the next time."""
        complaint = " ".join(masked(errors.decode("utf-8", "replace"), self._text).split())
        failed = f"git {what} failed: {complaint}"
        for signs, meaning, remedy in _ANSWERS:
            if any(sign in complaint for sign in signs):
                return UsageError(f"{self.shown} {meaning}" if meaning else failed, remedy)
        if "fsck error" in complaint:
            return IntegrityError(failed)
        if "certificate" in complaint:
            return NetworkError(
                failed,
                "if you use a certificate authority of your own, name its certificate file in GIT_SSL_CAINFO",
            )
        return NetworkError(failed, _CHECK_NETWORK)

    def silence(self, what: str, seconds: int) -> NetworkError:
        """The error to raise if git got no answer."""
        return NetworkError(f"git {what}: no answer from {self.shown} in {seconds} s", _CHECK_NETWORK)

    def check_commit(self, commit: str) -> str:
        """Give a commit that the remote named; raises UsageError if it is not a SHA-1."""
        if len(commit) != 40:
            raise self.refusal("ls-remote", b"mismatched algorithms")
        return commit
