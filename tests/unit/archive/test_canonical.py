"""The canonical tar: it depends on what is in a folder, and on nothing else."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives import TIME
from verbatim.archive.canonical import write_tree
from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError
from verbatim.paths import PROJECT

#: Paths and contents. In byte order, "a-b" comes before what is in "a".
FILES = {"a/b": b"1", "a/c/d": b"22" * 5000, "a-b": b"", "Z": b"z", "ä/日本": b"3", "Grüße": b"4"}


def lay_out(top: Path, names: list[str]) -> Path:
    for name in names:
        path = top / name
        for parent in reversed(path.relative_to(top).parents):
            (top / parent).mkdir(parents=True, exist_ok=True)
            (top / parent).chmod(0o755)
        path.write_bytes(FILES[name])
        path.chmod(0o755 if name == "Z" else 0o644)
    (top / "link").symlink_to("a/b")
    return top


def digest(top: Path) -> str:
    return write_tree(top, TIME).sha256


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    yield
    os.umask(before)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "tree", list(FILES))


def test_it_is_an_ordinary_tar_with_nothing_particular_in_it(tree: Path) -> None:
    archive = io.BytesIO()
    written = write_tree(tree, TIME, archive)
    assert written.sha256 == sha256_bytes(archive.getvalue())
    assert written.size == len(archive.getvalue())
    archive.seek(0)
    with tarfile.open(fileobj=archive, encoding="utf-8") as tar:
        members = tar.getmembers()
    names = ["Grüße", "Z", "a", "a/b", "a/c", "a/c/d", "a-b", "link", "ä", "ä/日本"]
    assert [member.name for member in members] == names
    for member in members:
        assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", TIME)
        assert member.mode == 0o777 if member.issym() else member.mode in (0o644, 0o755)
        assert set(member.pax_headers) <= {"path"}


def test_the_same_tree_elsewhere_has_the_same_digest(tree: Path, tmp_path: Path) -> None:
    expected = digest(tree)
    with umask(0o077):
        other = lay_out(tmp_path / "another folder" / "Grüße", list(reversed(FILES)))
        assert digest(other) == expected
    for path in other.rglob("*"):
        os.utime(path, (1, 2), follow_symlinks=False)
    assert digest(other) == expected


def test_hard_links_are_files_of_their_own(tree: Path) -> None:
    (tree / "again").write_bytes(FILES["a/b"])
    (tree / "again").chmod(0o644)
    copied = digest(tree)
    (tree / "again").unlink()
    (tree / "again").hardlink_to(tree / "a/b")
    assert digest(tree) == copied


def test_the_time_is_part_of_it(tree: Path) -> None:
    assert write_tree(tree, TIME).sha256 != write_tree(tree, TIME + 1).sha256


def test_a_locale_without_unicode_makes_no_difference(tree: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from verbatim.archive.canonical import write_tree;"
        f"print(sys.getfilesystemencoding(), write_tree(Path(sys.argv[1]), {TIME}).sha256)"
    )
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tree)], env=environment, capture_output=True, text=True, check=True
    )
    encoding, found = done.stdout.split()
    assert encoding != "utf-8"
    assert found == digest(tree)


def test_names_that_are_not_utf_8_are_told_apart(tmp_path: Path) -> None:
    digests = set()
    for number, name in enumerate([b"\xe4", b"\xe5", "ä".encode()]):
        top = os.path.join(os.fsencode(tmp_path), b"%d" % number)
        os.mkdir(top)
        os.symlink(name, os.path.join(top, name))
        digests.add(digest(Path(os.fsdecode(top))))
    assert len(digests) == 3


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))


@pytest.mark.parametrize("make", [os.mkfifo, make_socket])
def test_what_has_no_place_in_an_artifact_is_refused(
    tree: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    make(tree / "special")
    with pytest.raises(IntegrityError, match="special is neither"):
        write_tree(tree, TIME)


names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=4).filter(
    lambda name: name not in (".", "..")
)
modes = st.integers(0, 0o7777).map(lambda mode: mode | 0o400)
#: A folder's mode, a file's content and mode, or a link's target.
Entry = int | tuple[bytes, int] | str
entries: st.SearchStrategy[Entry] = (
    modes.map(lambda mode: mode | 0o700) | st.tuples(st.binary(max_size=3), modes) | names
)
trees = st.dictionaries(names, entries, max_size=3)


def digest_of(tree: dict[str, Entry], *, backwards: bool = False) -> str:
    with tempfile.TemporaryDirectory() as temporary:
        for name, entry in sorted(tree.items(), reverse=backwards):
            path = Path(temporary) / name
            if isinstance(entry, str):
                path.symlink_to(entry)
            elif isinstance(entry, tuple):
                path.write_bytes(entry[0])
                path.chmod(entry[1])
            else:
                path.mkdir()
                path.chmod(entry)
        return digest(Path(temporary))


@given(trees, trees)
@settings(deadline=None)
def test_digests_are_equal_exactly_where_trees_are(one: dict[str, Entry], other: dict[str, Entry]) -> None:
    assert digest_of(one) == digest_of(one, backwards=True)
    assert (digest_of(one) == digest_of(other)) == (one == other)


@given(trees, names, entries, entries)
@settings(deadline=None)
def test_any_change_of_a_member_changes_the_digest(
    tree: dict[str, Entry], name: str, before: Entry, after: Entry
) -> None:
    without = {key: value for key, value in tree.items() if key != name}
    digests = {digest_of(without), digest_of({**without, name: before}), digest_of({**without, name: after})}
    assert len(digests) == (2 if before == after else 3)
