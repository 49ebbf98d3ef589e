"""Whatever zip archive Verbatim accepts, every other reader sees in it what Verbatim sees.

What the tools do otherwise with an archive that can only be read in one way is not a difference, and is left out here:

- Modes are compared where the archive says them: it was made on Unix, and its modes are not zero. Set-id and sticky bits
  are left out: unzip and 7-Zip drop them unless they are asked to keep them.
- 7-Zip sets a mode only if it says the kind, too, and lets the owner into each folder.
- Python's ``extractall`` sets no modes, and makes a file of a link, with the target in it. Its modes are compared as
  `zipfile.ZipInfo` has them.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.zips import archives
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.zip import ZipMember, ZipReader
from verbatim.environments.lock import Environment
from verbatim.environments.wheels import fetch_wheels
from verbatim.errors import IntegrityError
from verbatim.paths import PROJECT
from verbatim.store import Store

pytestmark = pytest.mark.integration

_SETTINGS = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True)
class Seen:
    """What a reader makes of a member."""

    kind: str
    #: None if it says nothing of it.
    mode: int | None
    #: A file's content or a link's target.
    body: bytes = b""


Tree = Mapping[str, Seen]


def by_verbatim(path: Path) -> dict[str, tuple[ZipMember, bytes]]:
    """Members with their contents; raises IntegrityError if it is not accepted."""
    found = {}
    with path.open("rb") as file:
        archive = ZipReader(path.name, file, ArchiveLimits(path.name))
        for member, content in archive.contents():
            is_link = member.kind == "link"
            body = (
                archive.link_target(member, content).encode()
                if is_link
                else b"".join(iter(content.read, b""))
            )
            found["/".join(member.parts)] = (member, body)
    return found


def expected(members: Mapping[str, tuple[ZipMember, bytes]]) -> dict[str, Seen]:
    """What there has to be: the members, and the folders above them, of which nothing is said."""
    above = {
        "/".join(member.parts[:length]): Seen("folder", None)
        for member, _ in members.values()
        for length in range(1, len(member.parts))
    }
    told = {
        name: Seen(
            member.kind,
            member.mode and member.mode & 0o777 if member.kind != "link" else None,
            body,
        )
        for name, (member, body) in members.items()
    }
    return above | told


def in_folder(top: Path) -> dict[str, Seen]:
    found = {}
    for where, folders, files in os.walk(top):
        for name in [*folders, *files]:
            path = Path(where, name)
            mode = path.lstat().st_mode
            bits = stat.S_IMODE(mode) & 0o777
            if stat.S_ISLNK(mode):
                seen = Seen("link", None, os.fsencode(path.readlink()))
            elif stat.S_ISDIR(mode):
                seen = Seen("folder", bits)
            else:
                seen = Seen("file", bits, path.read_bytes())
            found[str(path.relative_to(top))] = seen
    return found


def unpacked_by(*command: str) -> Callable[[Path, Path], dict[str, Seen]]:
    """A reader that unpacks into the current folder."""

    def read(path: Path, folder: Path) -> dict[str, Seen]:
        argv = [each.replace("ARCHIVE", str(path)) for each in command]
        done = subprocess.run(argv, cwd=folder, env=_SETTINGS, capture_output=True, check=False, umask=0)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return in_folder(folder)

    return read


def by_python(path: Path, folder: Path) -> dict[str, Seen]:
    found = {}
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
        modes = {info.filename.rstrip("/"): info.external_attr >> 16 for info in archive.infolist()}
    for name, seen in in_folder(folder).items():
        mode = modes.get(name, 0)
        is_link = stat.S_ISLNK(mode)
        found[name] = Seen("link" if is_link else seen.kind, None if is_link else mode & 0o777, seen.body)
    return found


READERS = {
    "unzip": unpacked_by("unzip", "-q", "-o", "ARCHIVE"),
    "bsdtar": unpacked_by("bsdtar", "-x", "-p", "-f", "ARCHIVE"),
    "7-Zip": unpacked_by("7zz", "x", "-y", "-snl", "ARCHIVE"),
    "Python": by_python,
}


def see_the_same(path: Path, parent: Path) -> None:
    """Raise IntegrityError if Verbatim does not accept it; else see that all readers see the same."""
    members = by_verbatim(path)
    for reader, read in READERS.items():
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            found = read(path, Path(folder))
        wanted = {
            name: replace(seen, mode=found[name].mode) if is_free(reader, seen, members.get(name)) else seen
            for name, seen in expected(members).items()
            if name in found
        }
        if reader == "7-Zip":
            wanted = {name: let_in(seen) for name, seen in wanted.items()}
        assert found == wanted, f"{reader} sees something else"
        assert found.keys() == expected(members).keys(), f"{reader} sees others"


def is_free(reader: str, seen: Seen, member: tuple[ZipMember, bytes] | None) -> bool:
    """Whether a reader may choose the mode."""
    says_kind = member is not None and stat.S_IFMT(member[0].central.attributes >> 16)
    return seen.mode is None or (reader == "7-Zip" and not says_kind)


def let_in(seen: Seen) -> Seen:
    if seen.kind == "folder" and seen.mode is not None:
        return replace(seen, mode=seen.mode | 0o700)
    return seen


#: In each run.
FEW = 500


def differ_nowhere(examples: int) -> Counter[str]:
    """Try so many archives; how many were accepted, and how many refused."""
    counts: Counter[str] = Counter()
    for tool in ("unzip", "bsdtar", "7zz"):
        assert shutil.which(tool), f"{tool} is not installed"

    @settings(
        max_examples=examples,
        # The few of each run are always the same: a change is judged by itself, and many others are tried apart.
        derandomize=examples <= FEW,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(archives())
    def differ(archive: bytes) -> None:
        with tempfile.TemporaryDirectory() as parent:
            path = Path(parent, "a.zip")
            path.write_bytes(archive)
            try:
                see_the_same(path, Path(parent))
            except IntegrityError:
                counts["refused"] += 1
            else:
                counts["accepted"] += 1

    differ()
    sys.stdout.write(f"{examples} archives: {dict(counts)}\n")
    return counts


def test_every_reader_sees_what_verbatim_sees() -> None:
    counts = differ_nowhere(FEW)
    assert counts["accepted"] > 100
    assert counts["refused"] > 100


@pytest.mark.slow
def test_every_reader_sees_what_verbatim_sees_in_very_many() -> None:
    counts = differ_nowhere(50_000)
    assert counts["accepted"] > 10_000
    assert counts["refused"] > 10_000


PACKERS = {
    "bsdtar": ("bsdtar", "-c", "--format=zip", "-f", "ARCHIVE", "d"),
    "7-Zip": ("7zz", "a", "-snl", "ARCHIVE", "d"),
}


@pytest.mark.parametrize("packer", PACKERS)
def test_what_others_pack_is_read(packer: str, tmp_path: Path) -> None:
    within = tmp_path / "d" / "e"
    within.mkdir(parents=True)
    (within / "é").write_bytes(b"content\n" * 500)
    (within / "program").touch(0o755)
    (tmp_path / "d" / "link").symlink_to("e")
    archive = tmp_path / "a.zip"
    argv = [each.replace("ARCHIVE", str(archive)) for each in PACKERS[packer]]
    subprocess.run(argv, cwd=tmp_path, env=_SETTINGS, capture_output=True, check=True)
    members = by_verbatim(archive)
    assert {name: body for name, (_, body) in members.items()} == {
        "d": b"",
        "d/e": b"",
        "d/e/program": b"",
        "d/e/é": b"content\n" * 500,
        "d/link": b"e",
    }
    see_the_same(archive, tmp_path)


def test_every_wheel_of_the_locks_is_read(cache: Path) -> None:
    read = 0
    for definition in sorted((PROJECT / "containers").glob("*/*/environment.toml")):
        lock = Environment(definition.parent).lock
        for path in fetch_wheels(lock, Store(cache), offline=False):
            assert by_verbatim(path)
            read += 1
    assert read > 50
