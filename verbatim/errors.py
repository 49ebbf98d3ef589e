"""The errors that users see, one class per exit status.

A message says what was found and what was expected; the remedy says what the reader can do.
Status 0 is success and 130 an interrupt, as in shells.
"""

from __future__ import annotations

from typing import ClassVar


class VerbatimError(Exception):
    """The base of every error that a user may see."""

    status: ClassVar[int]

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class MismatchError(VerbatimError):
    """A result (an artifact, or an environment's root) differs from what others got, or fails its own tests."""

    status = 1


class UsageError(VerbatimError):
    """The request is wrong (a version, an option, a file that was named), or cannot be answered offline."""

    status = 2


class CapabilityError(VerbatimError):
    """This machine lacks something that is needed: a program, a kernel feature, disk space."""

    status = 3


class NetworkError(VerbatimError):
    """No mirror or git server could be reached, or none had the file."""

    status = 4


class BuildError(VerbatimError):
    """A recipe failed inside its environment."""

    status = 5


class IntegrityError(VerbatimError):
    """Bytes were refused: they are not the pinned ones, or not safe to use."""

    status = 6


class UndecidedError(VerbatimError):
    """It could not be determined whether two builds are the same: the bytes to compare are not available."""

    status = 7
