"""Archives and git repositories that tests make: honest ones, and such as no honest tool makes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import subprocess
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TIME = 1_749_686_400

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "gz": lambda data: gzip.compress(data, mtime=0),
    "xz": lzma.compress,
    "bz2": bz2.compress,
}


@dataclass(frozen=True)
class Member:
    """One member of a tar archive, whatever it may claim to be."""

    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644
    time: float = TIME
    #: The maker's name; without one the owner is 0:0, as in an archive packed the modern way.
    owner: str = ""
    #: Extended headers, which win over what is said above.
    pax: Mapping[str, str] = field(default_factory=dict)


def file(name: str, content: bytes = b"content\n", *, mode: int = 0o644) -> Member:
    return Member(name, content, mode=mode)


def folder(name: str, *, mode: int = 0o755) -> Member:
    return Member(name, kind=tarfile.DIRTYPE, mode=mode)


def link(name: str, target: str) -> Member:
    return Member(name, kind=tarfile.SYMTYPE, target=target, mode=0o777)


def hard_link(name: str, target: str) -> Member:
    return Member(name, kind=tarfile.LNKTYPE, target=target)


def tar(*members: Member, format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002
    """A tar archive of just these members, in this order."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=format, encoding="utf-8") as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type = member.kind
            info.linkname = member.target
            info.mode = member.mode
            info.mtime = member.time
            info.size = len(member.content)
            info.uname = info.gname = member.owner
            info.uid = info.gid = 1000 if member.owner else 0
            info.pax_headers = dict(member.pax)
            archive.addfile(info, io.BytesIO(member.content))
    return made.getvalue()


def wheel(path: Path, *entries: str | zipfile.ZipInfo) -> Path:
    """A wheel with these entries, all files of the same content."""
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # About two entries of one name, which is what some tests are about.
        for entry in entries:
            is_folder = isinstance(entry, str) and entry.endswith("/")
            archive.writestr(entry, b"" if is_folder else b"content\n")
    return path


def contents(top: Path) -> dict[bytes, tuple[int, bytes]]:
    """All that is below a folder: modes with their kinds, and contents or links' targets."""
    found = {}
    for where, folders, files in os.walk(os.fsencode(top)):
        for name in [*folders, *files]:
            path = os.path.join(where, name)
            mode = os.lstat(path).st_mode
            body = b""
            if stat.S_ISLNK(mode):
                body = os.readlink(path)
            elif stat.S_ISREG(mode):
                with open(path, "rb") as opened:
                    body = opened.read()
            found[os.path.relpath(path, os.fsencode(top))] = (mode, body)
    return found


class Repository:
    """A git repository, made with the host's git but not with the user's configuration."""

    def __init__(self, path: Path, *, bare: bool = False) -> None:
        """Open the one that is at the path, or make it."""
        self.path = path
        if not path.exists():
            path.mkdir()
            self.git("init", "--quiet", "--template=", *(["--bare"] if bare else []))

    @property
    def url(self) -> str:
        return self.path.as_uri()

    def git(self, *arguments: str, given: bytes = b"") -> str:
        """What git answers, without the newline at the end."""
        people = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in {"NAME": "A", "EMAIL": "a@example.org", "DATE": f"{TIME} +0200"}.items()
        }
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            **people,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            input=given,
            stdout=subprocess.PIPE,
            env=environment,
            check=True,
        )
        return done.stdout.decode().strip()

    def tree(self, entries: Mapping[bytes, bytes | tuple[str, bytes | str]]) -> str:
        """The id of a new tree. An entry is a file's content, or a mode with a content or an object's id."""
        lines = []
        for name, entry in entries.items():
            mode, body = entry if isinstance(entry, tuple) else ("100644", entry)
            kind = {"040000": "tree", "160000": "commit"}.get(mode, "blob")
            identity = body if isinstance(body, str) else self.blob(body)
            lines.append(f"{mode} {kind} {identity}\t".encode() + name + b"\0")
        return self.git("mktree", "-z", "--missing", given=b"".join(lines))

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", given=content)

    def commit(
        self, entries: Mapping[bytes, bytes | tuple[str, bytes | str]] | str, *parents: str, tag: str = ""
    ) -> str:
        """The id of a new commit of a tree, with a lightweight tag if one is named."""
        tree = entries if isinstance(entries, str) else self.tree(entries)
        ancestry = [part for parent in parents for part in ("-p", parent)]
        commit = self.git("commit-tree", *ancestry, "-m", "A commit", tree)
        # Servers give what a branch or a tag leads to.
        self.git("update-ref", f"refs/heads/branch-{commit[:12]}", commit)
        if tag:
            self.git("update-ref", f"refs/tags/{tag}", commit)
        return commit
