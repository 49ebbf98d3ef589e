"""What Verbatim accepts, every reader of tar in use unpacks to the same tree.

GNU tar, libarchive's bsdtar, BusyBox, Python's tarfile and 7-Zip unpack each archive that Verbatim accepts, and what
comes out is held against what Verbatim says is in it: names, kinds, modes, targets of links, contents.

Where the readers differ by design, and not in what they read:

- 7-Zip sets no set-id and sticky bits, and lets the owner into each folder.
- bsdtar sets no set-id bits where it does not set the owner.
- 7-Zip makes no link to another link unless it is told to (-snld20); BusyBox is told how an archive is compressed.
- Folders that no member names come out with whatever mode each reader gives them.
- Times and owners are not compared: not every reader sets them, and none of them is needed to build.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, event, given, settings

from tests.forged_tarballs import forged
from tests.honest_release import TOP
from tests.odd_tars import odd_archives
from tests.refused_tars import ODD
from verbatim.archive.unpack import unpack_file
from verbatim.compare.archives import read_inventory
from verbatim.compare.inventory import Inventory
from verbatim.errors import IntegrityError


@dataclass(frozen=True)
class Seen:
    """What is at a place: a file's SHA-256, or a link's target."""

    kind: str
    #: None where nobody says it: of links, and of folders that no member names.
    mode: int | None
    body: str = ""


Tree = dict[str, Seen]


def _run(command: list[str], folder: Path, *, output: Path | None = None) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    with open(output or os.devnull, "wb") as out:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.PIPE, umask=0, check=False
        )
    assert done.returncode == 0, (command, done.stderr.decode(errors="replace"))


def _gnu_tar(archive: Path, folder: Path) -> None:
    _run(["tar", "--preserve-permissions", "--no-same-owner", "-xf", str(archive)], folder)


def _bsdtar(archive: Path, folder: Path) -> None:
    _run(["bsdtar", "-p", "--no-same-owner", "-xf", str(archive)], folder)


def _busybox(archive: Path, folder: Path) -> None:
    # It is told the compression: it does not see one in a file of less than a block.
    how = {".gz": ["-z"], ".xz": ["-J"], ".bz2": ["-j"]}.get(archive.suffix, [])
    _run(["busybox", "tar", "-p", "-o", *how, "-x", "-f", str(archive)], folder)


def _python(archive: Path, folder: Path) -> None:
    def checked(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        # Nothing is unpacked outside, but modes are as they are.
        tarfile.tar_filter(member, path)
        return member.replace(uid=os.getuid(), gid=os.getgid(), uname="", gname="", deep=False)

    with tarfile.open(archive, encoding="utf-8", errorlevel=2) as opened:
        opened.extractall(folder, filter=checked)


def _seven_zip(archive: Path, folder: Path) -> None:
    """What it unpacks of a compressed archive is the archive."""
    plain = archive
    if archive.suffix != ".tar":
        plain = archive.with_name("plain.tar")
        _run(["7zz", "x", "-so", "-bd", str(archive)], folder, output=plain)
    _run(["7zz", "x", "-ttar", "-y", "-bd", "-snld20", str(plain)], folder)


READERS: Mapping[str, Callable[[Path, Path], None]] = {
    "GNU tar": _gnu_tar,
    "bsdtar": _bsdtar,
    "BusyBox": _busybox,
    "Python": _python,
    "7-Zip": _seven_zip,
}
#: The bits of modes of files, and of folders, that a reader does not set as they are.
_UNSET = {"7-Zip": (0o7000, 0o7700), "bsdtar": (0o6000, 0o6000)}


def expected(inventory: Inventory) -> Tree:
    """What Verbatim says is in an archive, with the folders that go without saying."""
    named = {
        name: Seen(
            content.kind,
            None if content.kind == "link" else inventory.packings[name].mode,
            content.body,
        )
        for name, content in inventory.contents.items()
        if name != "."
    }
    # A hard link has the mode of its file; the inventory says that of each.
    above = {str(folder) for name in named for folder in PurePosixPath(name).parents} - {"."}
    return {**dict.fromkeys(above, Seen("folder", None)), **named}


def seen(folder: Path) -> Tree:
    """What is in a folder. All may be read afterwards, whatever its mode was."""
    tree: Tree = {}
    for where, folders, files in os.walk(os.fsencode(folder)):
        for name in [*folders, *files]:
            path = os.path.join(where, name)
            status = os.lstat(path)
            place, mode = (
                os.fsdecode(os.path.relpath(path, os.fsencode(folder))),
                stat.S_IMODE(status.st_mode),
            )
            if stat.S_ISLNK(status.st_mode):
                tree[place] = Seen("link", None, os.fsdecode(os.readlink(path)))
            elif stat.S_ISDIR(status.st_mode):
                tree[place] = Seen("folder", mode)
                os.chmod(path, mode | 0o700)
            elif stat.S_ISREG(status.st_mode):
                os.chmod(path, mode | 0o400)
                with open(path, "rb") as file:
                    tree[place] = Seen("file", mode, hashlib.sha256(file.read()).hexdigest())
            else:
                tree[place] = Seen("special", mode)
    return tree


def differences(found: Tree, wanted: Tree, of_files: int = 0, of_folders: int = 0) -> Iterator[str]:
    """What is not as it should be; these bits of the modes of files and folders count for nothing."""
    for name in sorted(found.keys() | wanted.keys()):
        one, other = found.get(name), wanted.get(name)
        if one is None or other is None or (one.kind, one.body) != (other.kind, other.body):
            yield f"{name}: {one}, expected {other}"
            continue
        unset = of_folders if one.kind == "folder" else of_files
        if one.mode is not None and other.mode is not None and (one.mode ^ other.mode) & ~unset:
            yield f"{name}: mode {one.mode:o}, expected {other.mode:o}"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory, where there is such."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    with tempfile.TemporaryDirectory(dir=memory if usable else None) as temporary:
        yield Path(temporary)


def read(archive: Path) -> Inventory | None:
    """What Verbatim says is in an archive; None if it refuses it, or says that it is not to be had in one way."""
    try:
        inventory = read_inventory(archive, archive.name)
    except IntegrityError:
        return None
    is_special = any(content.kind == "special" for content in inventory.contents.values())
    return None if inventory.odd or is_special else inventory


def unpacked(archive: Path, folder: Path) -> bool:
    """Whether Verbatim unpacks it as well: links may lead elsewhere in what is only compared."""
    try:
        unpack_file(archive, folder)
    except IntegrityError:
        return False
    return True


#: In each run.
FEW = 500


def hold(examples: int) -> Counter[str]:
    """Hold that many archives against all readers; give how many were accepted, unpacked here, and refused."""
    counted: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        # The few of each run are always the same: a change is judged by itself, and many others are tried apart.
        derandomize=examples <= FEW,
        deadline=None,
        database=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.large_base_example,
            HealthCheck.data_too_large,
        ],
    )
    @given(odd_archives)
    def see(given_: tuple[bytes, str]) -> None:
        content, end = given_
        with scratch() as work:
            archive = work / f"archive{end}"
            archive.write_bytes(content)
            inventory = read(archive)
            event("refused" if inventory is None else "accepted")
            counted["refused" if inventory is None else "accepted"] += 1
            if inventory is not None:
                counted["unpacked"] += _compare(archive, inventory, work)

    see()
    return counted


def _compare(archive: Path, inventory: Inventory, work: Path) -> bool:
    wanted = expected(inventory)
    for name, unpack in READERS.items():
        folder = work / name / "deep" / "enough"
        folder.mkdir(parents=True)
        unpack(archive, folder)
        assert list(differences(seen(folder), wanted, *_UNSET.get(name, (0, 0)))) == [], name
    own = work / "own"
    own.mkdir()
    if not unpacked(archive, own):
        return False
    # The owner may always read what Verbatim unpacks, and set-id bits are left out.
    readable = {
        place: Seen(
            entry.kind, entry.mode and entry.mode | (0o700 if entry.kind == "folder" else 0o400), entry.body
        )
        for place, entry in wanted.items()
    }
    assert list(differences(seen(own), readable, 0o7000, 0o7000)) == []
    return True


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No progress is shown of so many small files."""
    monkeypatch.setattr("verbatim.console.progress", lambda *_args, **_options: _still())


@contextmanager
def _still() -> Iterator[Callable[[int], None]]:
    yield lambda _: None


def _see_both_sides(counted: Counter[str], examples: int) -> None:
    sys.stdout.write(f"{examples} archives: {dict(counted)}\n")
    assert counted["accepted"] + counted["refused"] >= examples
    assert counted["accepted"] > examples // 4, counted
    assert counted["refused"] > examples // 4, counted
    assert counted["unpacked"] > examples // 8, counted


SPLITTING: Mapping[str, bytes] = {
    "a forged release": forged(),
    **{
        name: ODD[name][0]
        for name in (
            "two extended headers",
            "an extended header and a long name",
            "a prefix in GNU's format",
            "a file named as a folder",
            "a link with a size",
            "a global header",
        )
    },
}


@pytest.mark.integration
@pytest.mark.parametrize("archive", SPLITTING.values(), ids=SPLITTING.keys())
def test_what_is_refused_splits_the_readers_and_that_is_seen_here(tmp_path: Path, archive: bytes) -> None:
    path = tmp_path / "archive.tar"
    path.write_bytes(archive)
    trees = []
    for name, unpack in READERS.items():
        folder = tmp_path / name
        folder.mkdir()
        with suppress(AssertionError, tarfile.TarError):
            unpack(path, folder)
            trees.append({place: (entry.kind, entry.body) for place, entry in seen(folder).items()})
    assert any(tree != trees[0] for tree in trees)
    assert read(path) is None


@pytest.mark.integration
def test_gnu_tar_unpacks_the_back_door_of_a_forged_release(tmp_path: Path) -> None:
    """The others see the honest tree, which `tests/unit/published/test_forged_tarballs.py` holds against git."""
    path, folder = tmp_path / "archive.tar", tmp_path / "unpacked"
    path.write_bytes(forged())
    folder.mkdir()
    _gnu_tar(path, folder)
    assert b"import subprocess" in (folder / TOP / "Lib/os.py").read_bytes()
    assert (folder / TOP / "Lib/sitecustomize.py").exists()


@pytest.mark.integration
def test_all_readers_see_what_verbatim_sees() -> None:
    _see_both_sides(hold(FEW), FEW)


@pytest.mark.slow
def test_all_readers_see_what_verbatim_sees_in_many_archives() -> None:
    _see_both_sides(hold(50_000), 50_000)
