"""What git says that a commit's files are: contents, executable bits, links, and the line ends that are asked for."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archives import Repository
from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError
from verbatim.release import Release
from verbatim.sources.git import git_source
from verbatim.sources.tree import TreeFile, read_tree, with_crlf
from verbatim.store import Store

RELEASE = Release.parse("3.99.0")

#: As in CPython's own, with its macros and the exceptions from them.
ATTRIBUTES = (
    b"*.exe binary\n[attr]noeol -text\n[attr]dos text eol=crlf\n"
    b"*.bat dos\nPC/readme.txt dos\nPC/data/* noeol\n*.sh text eol=lf\n*.c diff=cpp\n"
)
#: Line ends of every kind, and in every order.
TEXT = b"\n\na\r\nb\rc\n\r\n\r\r\n\n\rd"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def tree_of(repository: Repository, store: Store) -> dict[str, TreeFile]:
    return read_tree(git_source(RELEASE, store, url=repository.url))


def commit(repository: Repository, attributes: bytes) -> None:
    inner = repository.tree({b"readme.txt": TEXT, b"other.txt": TEXT})
    repository.commit(
        {b".gitattributes": attributes, b"a.bat": TEXT, b"a.exe": TEXT, b"PC": ("040000", inner)},
        tag=RELEASE.tag,
    )


def file(content: bytes, *, is_executable: bool = False, has_crlf: bool = False) -> TreeFile:
    return TreeFile("file", is_executable, sha256_bytes(content), has_crlf)


def test_files_links_and_executables_are_told_apart(repository: Repository, store: Store) -> None:
    inner = repository.tree({"Grüße".encode(): b"", b"two words": b"x" * 600_000})
    repository.commit(
        {
            b"README": TEXT,
            b"configure": ("100755", b"#!/bin/sh\n"),
            b"folder": ("040000", inner),
            b"link": ("120000", "folder/Grüße".encode()),
        },
        tag=RELEASE.tag,
    )
    assert tree_of(repository, store) == {
        "README": file(TEXT),
        "configure": file(b"#!/bin/sh\n", is_executable=True),
        "folder/Grüße": file(b""),
        "folder/two words": file(b"x" * 600_000),
        "link": TreeFile("link", False, "folder/Grüße"),
    }


def test_line_ends_are_as_git_itself_archives_them(repository: Repository, store: Store) -> None:
    names = ["a.bat", "a.exe", "a.sh", "PC/readme.txt", "PC/other.txt", "PC/data/a.bat", "PC/quiet/a.bat"]
    contents = {".gitattributes": ATTRIBUTES, "PC/quiet/.gitattributes": b"*.bat -text\n"}
    for name, content in {**dict.fromkeys(names, TEXT), **contents}.items():
        path = repository.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        # As it stands, with line ends that git would not have let in.
        identity = repository.git("hash-object", "-w", "--no-filters", name)
        repository.git("update-index", "--add", "--cacheinfo", f"100644,{identity},{name}")
    repository.commit(repository.git("write-tree"), tag=RELEASE.tag)
    archived = subprocess.run(
        ["git", "-C", str(repository.path), "archive", "--format=tar", RELEASE.tag],
        capture_output=True,
        check=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archived)) as tar:
        expected = {
            member.name: sha256_bytes(opened.read())
            for member in tar
            if (opened := tar.extractfile(member)) is not None
        }
    tree = tree_of(repository, store)
    assert {name: found.body for name, found in tree.items()} == expected
    assert {name for name, found in tree.items() if found.has_crlf} == {"a.bat", "PC/readme.txt"}
    assert tree["a.bat"].body != sha256_bytes(TEXT)


@given(st.lists(st.text("a\r\n", max_size=5).map(str.encode), max_size=5))
def test_line_ends_do_not_depend_on_the_pieces(pieces: list[bytes]) -> None:
    made = b"".join(with_crlf(pieces))
    assert made == b"".join(with_crlf([b"".join(pieces)]))
    assert made.replace(b"\r\n", b"").count(b"\n") == 0
    assert made.replace(b"\r", b"") == b"".join(pieces).replace(b"\r", b"")


@pytest.mark.parametrize(
    ("attributes", "asked"),
    [
        (b"*.bat ident\n", "ident"),
        (b"*.bat filter=lfs\n", "filter"),
        (b"*.bat export-subst\n", "export-subst"),
        (b"*.bat working-tree-encoding=UTF-16\n", "working-tree-encoding"),
        (b"*.bat crlf\n", "crlf"),
        (b"*.bat text=auto eol=crlf\n", "text=auto"),
    ],
)
def test_a_conversion_that_no_release_has_is_refused(
    repository: Repository, store: Store, attributes: bytes, asked: str
) -> None:
    commit(repository, attributes)
    with pytest.raises(IntegrityError, match=f"a.bat: .gitattributes asks for {asked}"):
        tree_of(repository, store)


def test_the_users_attributes_have_no_effect(
    tmp_path: Path, repository: Repository, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repository, b"*.bat -diff\n")
    for folder in (tmp_path / "home" / ".config", tmp_path / "xdg"):
        (folder / "git").mkdir(parents=True)
        (folder / "git" / "attributes").write_text("* text eol=crlf\n")
    (repository.path / ".git" / "info").mkdir(exist_ok=True)
    (repository.path / ".git" / "info" / "attributes").write_text("* text eol=crlf\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    without = tree_of(repository, store)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert tree_of(repository, store) == without
    assert without["a.bat"] == file(TEXT)
