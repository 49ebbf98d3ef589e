"""A git repository elsewhere: how git is told of it, and what it means when git cannot get what is asked for.

An address may hold a password. Git gets it by neither an argument nor the address, both of which others on this machine
could see, but from a file of git-credential-store(1).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from verbatim.addresses import WEB, checked, is_scp_like, masked, showable
from verbatim.errors import IntegrityError, NetworkError, UsageError, VerbatimError

#: What git fetches by here.
SCHEMES = (*WEB, "file", "git", "ssh")
#: What git calls it here.
NAME = "source"

_CHECK_NETWORK = "check the address and the network"
#: What git says, what it means, and what is to be done. The server answered: to ask again would not help.
_ANSWERS: tuple[tuple[Sequence[str], str, str], ...] = (
    (
        ("promisor remote", "lazy fetching disabled", "missing blob object"),
        "is a partial clone",
        "fetch what it lacks, in it: git fetch --refetch --no-filter",
    ),
    (
        ("mismatched algorithms",),
        "is a SHA-256 repository, and releases are named by SHA-1 commits",
        "give a repository with SHA-1 commits, as CPython's own is",
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
    """Where a repository is."""

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
            credentials = f"{address.scheme}://{user}@{address.place}\n"
        return cls(address.shown, text, address.without_user, credentials)

    @property
    def is_local(self) -> bool:
        """Whether it can be read without a network."""
        return self._url.startswith("file:")

    def settings(self, folder: Path) -> dict[str, str]:
        """The variables that tell git of it (git-config(1), GIT_CONFIG_COUNT); what is secret goes into ``folder``."""
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

    def refusal(self, what: str, said: bytes) -> VerbatimError:
        """Why git could not do ``what``: IntegrityError, UsageError, or NetworkError if it may do so the next time."""
        complaint = " ".join(masked(said.decode("utf-8", "replace"), self._text).split())
        failed = f"git {what} failed: {complaint}"
        for signs, meaning, remedy in _ANSWERS:
            if any(sign in complaint for sign in signs):
                return UsageError(f"{self.shown} {meaning}" if meaning else failed, remedy)
        if "fsck error" in complaint:
            return IntegrityError(failed)
        if "certificate" in complaint:
            return NetworkError(
                failed,
                "where an authority of your own signs, name the file of its certificate in GIT_SSL_CAINFO",
            )
        return NetworkError(failed, _CHECK_NETWORK)

    def silence(self, what: str, seconds: int) -> NetworkError:
        """That git got no answer."""
        return NetworkError(f"git {what}: no answer from {self.shown} in {seconds} s", _CHECK_NETWORK)

    def check_commit(self, commit: str) -> str:
        """A commit that it named; raises UsageError if it is not one of SHA-1."""
        if len(commit) != 40:
            raise self.refusal("ls-remote", b"mismatched algorithms")
        return commit
