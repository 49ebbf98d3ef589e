"""Releases to build from: a made-up one of a few files, and CPython's repository as it was at a real one."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.archives import COMPRESSIONS, Repository, file, tar
from tests.integration.news import split_news

#: A version that does not exist, for which nothing is published, and which is built in a second.
SMALL = "3.13.99"

#: What CPython's repository holds, and its releases do not.
DROPPED: Mapping[str, str] = {
    # Git stores these files with plain newlines, and archives them with those of DOS.
    ".gitattributes": "".join(
        f"{pattern} text eol=crlf\n"
        for pattern in (
            *("*.bat", "*.proj", "*.props", "*.ps1", "*.sln", "*.vcxproj*"),
            *("PC/readme.txt", "PCbuild/readme.txt"),
        )
    ),
    ".gitignore": "*.py[co]\n__pycache__/\n/Doc/build/\n",
    ".azure-pipelines/ci.yml": "trigger: none\n",
    ".github/CODEOWNERS": "* @example\n",
    ".github/workflows/build.yml": "on: push\n",
    "Lib/__pycache__/os.cpython-313.pyc": "stale",
    "Lib/stray.pyc": "stale",
    "Lib/stray.pyo": "stale",
    "Misc/NEWS.d/next/Library/README.rst": "Put news entries here.\n",
    "Misc/mypy/README.md": "Links, for mypy.\n",
}
_LINKS: Mapping[str, str] = {
    "Misc/mypy/_colorize.py": "../../Lib/_colorize.py",
    "Misc/mypy/tomllib": "../../Lib/tomllib",
}


def small_files(version: str = SMALL) -> dict[str, str]:
    """A tree that passes for CPython's, as far as our recipe and ``blurb`` look at it."""
    return {
        "Include/Python.h": "",
        "Include/patchlevel.h": f'#define PY_VERSION      \t"{version}"\n',
        "LICENSE": "A. HISTORY OF THE SOFTWARE\n",
        "Lib/os.py": "# A module.\n",
        "Python/ceval.c": "",
        "README.rst": "This is Python version 3.13.99\n",
    }


def small_tarball(path: Path, version: str = SMALL, *, says: str | None = None) -> Path:
    """A source tarball (.tgz) of the made-up release; ``says`` is the version that its header file says."""
    members = [
        file(f"Python-{version}/{name}", content.encode())
        for name, content in sorted(small_files(says or version).items())
    ]
    path.write_bytes(COMPRESSIONS["gz"](tar(*members)))
    return path


def small_repository(path: Path, version: str = SMALL, *, says: str | None = None) -> Repository:
    """A git repository with the made-up release, under the tag of its version."""
    repository = Repository(path)
    news = f".. bpo: 0\n.. release date: 2025-06-11\n.. section: Library\n\nMade up {version}.\n"
    add_files(repository, {**small_files(says or version), f"Misc/NEWS.d/{version}.rst": news, **DROPPED})
    commit_release(repository, version, 1_749_656_217)
    return repository


def python_repository(tarball: Path, path: Path, version: str) -> Repository:
    """CPython's repository as it was when a release was made, with only that commit, out of its tarball."""
    unpacked = path.with_name(f"{path.name} unpacked")
    with tarfile.open(tarball) as archive:
        archive.extractall(unpacked, filter="tar")
        newest = max(int(member.mtime) for member in archive)
    repository = Repository(path)
    for entry in (unpacked / f"Python-{version}").iterdir():
        shutil.move(entry, path)
    unpacked.joinpath(f"Python-{version}").rmdir()
    unpacked.rmdir()
    news = path / "Misc" / "NEWS"
    files = split_news(news.read_text(encoding="utf-8"))
    news.unlink()
    add_files(repository, {**{f"Misc/NEWS.d/{name}": text for name, text in files.items()}, **DROPPED})
    commit_release(repository, version, newest)
    return repository


def add_files(repository: Repository, files: Mapping[str, str]) -> None:
    """Write files and the links, and stage all that is there."""
    for name, content in files.items():
        path = repository.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    for name, target in _LINKS.items():
        (repository.path / name).symlink_to(target)
    fast = ("-c", "core.looseCompression=1", "-c", "core.safecrlf=false")
    repository.git(*fast, "add", "--all", "--force")


def commit_release(repository: Repository, version: str, time: int) -> str:
    """Commit what is staged at that time (it was written an hour earlier), and put the annotated tag on it."""
    who = "A <a@example.org>"
    tree = repository.git("write-tree")
    commit = (
        f"tree {tree}\nauthor {who} {time - 3600} +0300\ncommitter {who} {time} +0300\n\nPython {version}\n"
    )
    commit = repository.git("hash-object", "-t", "commit", "-w", "--stdin", given=commit.encode())
    tag = (
        f"object {commit}\ntype commit\ntag v{version}\ntagger {who} {time + 60} +0300\n\nPython {version}\n"
    )
    repository.git("update-ref", f"refs/tags/v{version}", repository.git("mktag", given=tag.encode()))
    repository.git("update-ref", "refs/heads/main", commit)
    return commit
