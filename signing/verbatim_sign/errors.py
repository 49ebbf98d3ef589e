"""Why nothing is signed: one class per exit status. Status 0 is success, and 130 an interrupt, as in shells."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - it is what this program is for
    """The base of all of them: what was found, what was expected, and what the reader can do."""

    status: ClassVar[int]

    def __init__(self, message: str, remedy: str = "do not sign; find out how that happened") -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message


class QuorumError(Refusal):
    """Too few confirm an artifact, or somebody objects."""

    status = 1


class UsageError(Refusal):
    """The request is wrong: a version, an option, a file that was named."""

    status = 2


class HostError(Refusal):
    """This machine lacks something that is needed."""

    status = 3


class SigstoreError(Refusal):
    """Sigstore did not answer, or answered with something invalid."""

    status = 4


class CredentialError(Refusal):
    """The token or the key to sign with is not the one that the policy names, or is not valid."""

    status = 5


class IntegrityError(Refusal):
    """Files are not as expected."""

    status = 6


class PolicyError(Refusal):
    """The policy does not allow it, or cannot be trusted itself."""

    status = 7
