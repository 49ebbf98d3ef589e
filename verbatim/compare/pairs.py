"""The artifacts of two builds, paired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verbatim.compare.archives import archive_kind, uncompressed_name
from verbatim.compare.comparison import File, compare_files
from verbatim.compare.verdict import Verdict
from verbatim.errors import IntegrityError


@dataclass(frozen=True)
class ArtifactSet:
    """The artifacts of one build, by name."""

    files: Mapping[str, File]
    #: Whether it is one file that was named, which may have any name.
    is_single: bool = False

    def partner(self, name: str) -> File | None:
        """The file of that name, or the same archive in another compression if its bytes are available."""
        return self.files.get(name) or next(iter(self.siblings(name)), None)

    def siblings(self, name: str) -> list[File]:
        """The same archive in other compressions, where the bytes are available; sorted by name."""
        return [
            file
            for other, file in sorted(self.files.items())
            if file.path is not None
            and other != name
            and archive_kind(other) == archive_kind(name) == "tar"
            and uncompressed_name(other) == uncompressed_name(name)
        ]


@dataclass(frozen=True)
class Given:
    """What a user has downloaded."""

    #: By the name of the artifact that they stand for; several files may stand for one.
    files: Mapping[str, Sequence[File]]
    #: Whether one file was named, so that nothing else is asked about.
    is_single: bool = False


@dataclass(frozen=True)
class Pair:
    """An artifact of two builds, and the verdict on it."""

    name: str
    #: None where only the other build has it.
    first: File | None
    second: File | None
    verdict: Verdict


def compare_sets(ours: ArtifactSet, theirs: ArtifactSet) -> list[Pair]:
    """Pair and compare artifacts, sorted by name; two single files are a pair, whatever their names."""
    if ours.is_single and theirs.is_single:
        [one], [other] = ours.files.values(), theirs.files.values()
        return [_pair(one.name, one, other)]
    return [_pair(name, *pair) for name, pair in sorted(_paired(ours, theirs).items())]


def _paired(ours: ArtifactSet, theirs: ArtifactSet) -> dict[str, tuple[File | None, File | None]]:
    """By name; then the same archive in another compression; then those that only one has.

    One file beside a whole build is only compared with its partner there.
    """
    pairs: dict[str, tuple[File | None, File | None]] = {}
    taken: set[str] = set()
    for name, file in ours.files.items():
        partner = theirs.partner(name) if file.path is not None else theirs.files.get(name)
        pairs[name] = (file, partner)
        taken.update({partner.name} if partner else ())
    if theirs.is_single and taken:
        return {name: pair for name, pair in pairs.items() if pair[1] is not None}
    for name, file in theirs.files.items():
        if name not in taken and not ours.is_single:
            pairs[name] = (ours.partner(name) if file.path is not None else None, file)
    return pairs


def _pair(name: str, first: File | None, second: File | None) -> Pair:
    if first is None or second is None:
        lonely = f"only in {'the first' if first else 'the second'}"
        return Pair(name, first, second, Verdict("different", lonely))
    try:
        comparison = compare_files(first, second)
    except IntegrityError as error:
        return Pair(name, first, second, Verdict("different", f"different: {error.message}"))
    return Pair(name, first, second, Verdict.of(comparison))
