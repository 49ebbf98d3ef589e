"""Compares a release tarball with its commit's tree: every member must be a file of the tree, or declared and made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Literal

from verbatim.compare.comparison import Judgement
from verbatim.compare.inventory import Content, Inventory
from verbatim.published.declared import Declared
from verbatim.sources.tree import TreeFile

#: ``added``: not in the tree. ``missing``: in the tree, and not declared as left out.
TreeDifferenceKind = Literal["added", "missing", "changed"]

_FOLDER = Content("folder", 0o755, "")


@dataclass(frozen=True)
class TreeDifference:
    """A member of the tarball that differs from what is expected, or is missing."""

    kind: TreeDifferenceKind
    member: str
    #: The difference in words.
    what: str


@dataclass(frozen=True)
class TreeComparison:
    """The differences between a tarball and a tree, and the numbers of files that agree."""

    #: Sorted by member.
    differences: tuple[TreeDifference, ...]
    #: The number of files and links that are the tree's, and how many of those have CRLF where git has LF.
    files: int
    with_crlf: int
    #: Names of the files that were generated again, and are the same as in the tarball.
    generated: tuple[str, ...]
    #: How many files of the tree are left out.
    left_out: int
    #: Files that are packed as hard links to others of the same content.
    hard_links: tuple[str, ...] = ()

    @property
    def judgement(self) -> Judgement:
        """Never ``identical``: a tarball has other files than git, as declared."""
        return "different" if self.differences else "equivalent"


@dataclass(frozen=True)
class Expected:
    """What a tarball of a commit must contain."""

    #: The folder at the tarball's top.
    top: str
    tree: Mapping[str, TreeFile]
    declared: Declared
    #: The tar that the recipe makes of the commit; only the declared files are taken from it.
    made: Inventory
    #: Whether modes are exactly 755 and 644; in older releases only the owner's bits and write access for everyone count.
    has_plain_modes: bool

    def compare(self, tarball: Inventory) -> TreeComparison:
        """Compare a tarball with it, member by member."""
        differences = sorted(self._differences(tarball), key=lambda difference: difference.member)
        different = {difference.member for difference in differences}
        good = [
            file
            for name, file in self._plain_files.items()
            if name in tarball.contents and name not in different
        ]
        generated = [name for name in self._generated if name in tarball.contents and name not in different]
        return TreeComparison(
            tuple(differences),
            len(good),
            sum(file.has_crlf for file in good),
            tuple(generated),
            sum(name not in tarball.contents and name not in different for name in self._plain_files),
            tuple(
                name
                for name, packing in sorted(tarball.packings.items())
                if packing.hard_link and name not in different
            ),
        )

    @cached_property
    def _generated(self) -> list[str]:
        return [self._member(rule.path) for rule in self.declared.generated]

    @cached_property
    def _plain_files(self) -> dict[str, TreeFile]:
        """The tree's files by member's name, without those that are generated instead."""
        generated = self._generated
        files = {self._member(name): file for name, file in self.tree.items()}
        return {name: file for name, file in files.items() if name not in generated}

    def _member(self, name: str) -> str:
        return f"{self.top}/{name}"

    def _differences(self, tarball: Inventory) -> Iterator[TreeDifference]:
        generated = self._generated
        required = {self._member(name) for name in self.tree if not self.declared.may_be_missing(name)}.union(
            name for name in generated if name in self.made.contents
        )
        files = {name: _content(file) for name, file in self._plain_files.items()}
        folders = dict.fromkeys(_folders_above({*files, *required}), _FOLDER)
        expected = {**folders, **files}
        for name in sorted({*required, *_folders_above(required)} - tarball.contents.keys()):
            yield TreeDifference("missing", name, "is not in the tarball")
        for name in tarball.contents:
            if name in generated:
                yield from self._generated_difference(name, tarball)
            elif name not in expected:
                yield TreeDifference("added", name, "is not in the commit's tree")
            else:
                wrong = self._wrong(name, tarball, expected[name])
                if wrong:
                    yield TreeDifference("changed", name, wrong)

    def _generated_difference(self, name: str, tarball: Inventory) -> Iterator[TreeDifference]:
        made = self.made.contents.get(name)
        if made is None:
            yield TreeDifference("added", name, "is declared as generated, but could not be generated again")
            return
        exact = Content(made.kind, self.made.packings[name].mode, made.body)
        wrong = self._wrong(name, tarball, exact)
        if wrong:
            yield TreeDifference("changed", name, f"{wrong}, as generated again")

    def _wrong(self, name: str, tarball: Inventory, expected: Content) -> str:
        """How a member differs from what is expected; empty if it does not."""
        content, mode = tarball.contents[name], tarball.packings[name].mode
        if content.kind != expected.kind:
            return f"kind {content.kind}, expected {expected.kind}"
        if name in tarball.odd:
            return tarball.odd[name]
        wrong = []
        if content.body != expected.body:
            what = "target" if content.kind == "link" else "SHA-256"
            wrong.append(f"{what} {content.body}, expected {expected.body}")
        if (mode ^ expected.mode) & self._telling(content.kind):
            wrong.append(f"mode {mode:o}, expected {expected.mode:o}")
        return "; ".join(wrong)

    def _telling(self, kind: str) -> int:
        """The bits of a mode that are compared: of a link, only those that no link has."""
        if kind == "link":
            return 0o7000
        return 0o7777 if self.has_plain_modes else 0o7702


def _content(file: TreeFile) -> Content:
    return Content(file.kind, 0o755 if file.is_executable else 0o644, file.body)


def _folders_above(names: set[str]) -> set[str]:
    return {str(folder) for name in names for folder in PurePosixPath(name).parents} - {"."}
