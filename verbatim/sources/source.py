"""The interface of sources of all kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

SourceKind = Literal["git", "tarball"]


@dataclass(frozen=True)
class Prepared:
    """A source as inputs for a recipe."""

    #: Files and folders, by their names below ``/in``.
    inputs: Mapping[str, Path]
    #: Seconds since 1970: the commit's time, or that of the tarball's newest member.
    epoch: int


@dataclass(frozen=True)
class Identity:
    """What identifies a source, as in a statement."""

    kind: SourceKind
    name: str
    #: By in-toto's names of digests: ``gitCommit`` and ``gitTree``, or ``sha256``.
    digest: Mapping[str, str]


class Source(Protocol):
    """Code whose every byte is known by its hash."""

    @property
    def identity(self) -> Identity: ...

    def prepare(self, work: Path) -> Prepared:
        """Lay it out below ``work``; raises IntegrityError or UsageError if it holds what no release does."""
