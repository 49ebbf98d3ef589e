"""A small release: its commit, its honest tarball, and an engine that makes it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.archives import Member, Repository, file, folder, link, tar
from tests.integration.releases import DROPPED, SMALL, commit_release
from verbatim.capabilities import Check
from verbatim.compare.archives import read_inventory
from verbatim.compare.inventory import Inventory
from verbatim.digest import sha256_bytes
from verbatim.engines.protocol import Job
from verbatim.published.against_git import Expected
from verbatim.published.declared import Declared
from verbatim.release import Release
from verbatim.sources.tree import TreeFile

RELEASE = Release.parse(SMALL)
TOP = RELEASE.folder
NEWS = b"What's new\n"

#: What is in git and in the release.
FILES: Mapping[str, bytes] = {
    "Include/patchlevel.h": f'#define PY_VERSION "{SMALL}"\n'.encode(),
    "LICENSE": b"A. HISTORY OF THE SOFTWARE\n",
    "Lib/.gitignore": b"stays, since it is not at the top\n",
    "Lib/os.py": b"# A module.\n",
    "PC/readme.txt": b"Two\nlines\n",
    "README.rst": b"This is Python\n",
    "configure": b"#!/bin/sh\n",
}
EXECUTABLE = "configure"
LINK, TARGET = "Lib/link.py", "os.py"
ENTRY = f"Misc/NEWS.d/{SMALL}.rst"
SECOND = 1_749_656_217


def release_members() -> list[Member]:
    """The honest tarball."""
    contents = {**FILES, "PC/readme.txt": b"Two\r\nlines\r\n", "Misc/NEWS": NEWS}
    members = [
        file(f"{TOP}/{name}", content, mode=0o755 if name == EXECUTABLE else 0o644)
        for name, content in contents.items()
    ]
    folders = [folder(f"{TOP}{name}") for name in ("", "/Include", "/Lib", "/Misc", "/PC")]
    return sorted([*folders, *members, link(f"{TOP}/{LINK}", TARGET)], key=lambda member: member.name)


MEMBERS = release_members()


#: What the tree is, as git says it.
EXPECTED_TREE = {
    **{name: TreeFile("file", name == EXECUTABLE, sha256_bytes(content)) for name, content in FILES.items()},
    "PC/readme.txt": TreeFile("file", False, sha256_bytes(b"Two\r\nlines\r\n"), True),
    LINK: TreeFile("link", False, TARGET),
    **{name: TreeFile("file", False, sha256_bytes(text.encode())) for name, text in DROPPED.items()},
    ENTRY: TreeFile("file", False, sha256_bytes(b"an entry\n")),
}


def inventory(members: Sequence[Member]) -> Inventory:
    with tempfile.TemporaryDirectory() as folder_:
        path = Path(folder_, "a.tar")
        path.write_bytes(tar(*members))
        return read_inventory(path, path.name)


EXPECTED = Expected(TOP, EXPECTED_TREE, Declared.load(), inventory(MEMBERS), has_plain_modes=True)


def git_repository(path: Path, *, time: int = SECOND) -> Repository:
    """The commit that it is made from, under its tag."""
    repository = Repository(path)
    entries: Mapping[str, bytes] = {
        **FILES,
        **{name: text.encode() for name, text in DROPPED.items()},
        ENTRY: b"an entry\n",
    }
    lines = [
        f"{'100755' if name == EXECUTABLE else '100644'} {repository.blob(content)}\t{name}\n"
        for name, content in entries.items()
    ]
    lines.append(f"120000 {repository.blob(TARGET.encode())}\t{LINK}\n")
    repository.git("update-index", "--index-info", given="".join(lines).encode())
    commit_release(repository, SMALL, time)
    return repository


@dataclass
class Maker:
    """An engine that makes a tar of these members of any commit."""

    members: Sequence[Member] = field(default_factory=lambda: MEMBERS)
    status: int = 0
    lacks: str = ""
    name: str = "made up"
    location: str = ""
    told: Sequence[str] = ()

    def checks(self) -> list[Check]:
        return [Check("a made-up engine", not self.lacks, self.lacks, "find it")]

    def run(self, job: Job) -> int:
        self.told = job.argv
        job.log.write_text("the recipe said this\n", encoding="ascii")
        (job.output / f"{TOP}.tar").write_bytes(tar(*self.members))
        return self.status


def changed(name: str, /, **how: object) -> list[Member]:
    """The honest members with one of them changed."""
    return [
        replace(member, **how) if member.name == f"{TOP}/{name}" else member  # type: ignore[arg-type]
        for member in MEMBERS
    ]


def without(name: str) -> list[Member]:
    return [member for member in MEMBERS if member.name != f"{TOP}/{name}"]
