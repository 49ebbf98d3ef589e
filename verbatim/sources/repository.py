"""The host's git, in a repository of its own: fetching, packing and reading commits.

It ignores the user's and the system's configuration, and runs nothing that was fetched.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from verbatim import console
from verbatim.archive.members import UnsafeMemberError, check_link, member_parts
from verbatim.caches import Cache
from verbatim.errors import CapabilityError, IntegrityError, NetworkError
from verbatim.programs import run_program
from verbatim.sources.remote import NAME, Remote
from verbatim.store import Store

#: What git works in.
GIT = Cache("git")

_MODES = {"100644", "100755", "120000"}
_MOST_FILES, _MOST_LINKS, _LONGEST_LINK = 400_000, 1_000, 1_000
_ATTEMPTS = 3
# Seconds: to list a tag, and to fetch a commit.
_SHORT, _LONG = 60, 1800


@dataclass(frozen=True)
class Entry:
    """One entry of a tree and those below it: a file or a link (or a submodule, which `check_tree` refuses)."""

    name: str
    #: As git writes it: ``100644``, ``100755``, ``120000`` for a link.
    mode: str
    kind: str
    identity: str
    #: In bytes, or ``-``.
    size: str

    @property
    def is_link(self) -> bool:
        return self.mode == "120000"


class Repository:
    """A bare repository for one commit, below the caller's folder."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._repository = work / "repository"
        configuration = work / "config"
        # A repository that the user names may be another user's (a shared mirror): only objects are
        # taken from it, and each is checked.
        configuration.write_text(
            "[safe]\n\tdirectory = *\n[transfer]\n\tfsckObjects = true\n[fetch]\n\tfsckObjects = true\n"
            "[core]\n\tattributesFile = /dev/null\n[http]\n\tlowSpeedLimit = 1000\n\tlowSpeedTime = 30\n[gc]\n\tauto = 0\n[protocol]\n\tversion = 2\n"
            "[uploadpack]\n\tallowAnySHA1InWant = true\n",
            encoding="utf-8",
        )
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GIT_") or name.startswith(("GIT_SSL_", "GIT_SSH", "GIT_PROXY"))
        }
        self._environment = {
            **kept,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
            "GIT_CONFIG_GLOBAL": str(configuration),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
        self._run("init", "--quiet", "--bare", "--template=", str(self._repository))

    def reach(self, remote: Remote, seconds: int) -> None:
        """Try once to reach a repository; raises as `fetch` does."""
        self._ask(remote, "ls-remote", NAME, "HEAD", seconds=seconds, attempts=1)

    def tagged_commit(self, remote: Remote, tag: str) -> str | None:
        """The commit that a tag names in a remote repository; None if there is no such tag."""
        console.note(f"asking {remote.shown} which commit {tag} is")
        names = (f"refs/tags/{tag}", f"refs/tags/{tag}^{{}}")
        listed = self._ask(remote, "ls-remote", NAME, *names, seconds=_SHORT)
        lines = (line.partition("\t") for line in listed.splitlines())
        found = {name: commit for commit, _, name in lines}
        # An annotated tag is listed twice, the second time peeled to its commit.
        commit = found.get(names[1]) or found.get(names[0])
        return remote.check_commit(commit) if commit else None

    def fetch(self, remote: Remote, commit: str) -> None:
        """Fetch a commit; raises NetworkError if the remote cannot be reached, UsageError if it does not have the commit."""
        with console.progress(f"fetching commit {commit[:12]}", unit="things"):
            self._ask(remote, "fetch", "--quiet", "--depth=1", "--no-tags", NAME, commit, seconds=_LONG)

    def pack(self, commit: str, store: Store) -> Path:
        """Add the commit and its tree to the store, as one pack."""
        pack = self._repository / "commit.pack"
        with pack.open("wb") as file:
            self._run("pack-objects", "--quiet", "--revs", "--stdout", given=f"{commit}\n", output=file)
        with pack.open("rb") as file:
            sha256, stored = store.add(file)
        store.remember("git", commit, sha256)
        return stored

    def take(self, commit: str, store: Store) -> Path | None:
        """Unpack what `pack` stored for the commit; None if there is nothing, or something else."""
        pack = store.recall("git", commit)
        if pack is None:
            return None
        try:
            self.unpack(commit, pack)
        except IntegrityError:
            console.warn(f"the cache has something else for commit {commit}; it is fetched again")
            (self._repository / "shallow").unlink()
            return None
        return pack

    def unpack(self, commit: str, pack: Path) -> None:
        """Unpack a commit, and compute each object's id; raises IntegrityError if the commit is not in the pack."""
        (self._repository / "shallow").write_text(f"{commit}\n", encoding="ascii")
        with pack.open("rb") as file:
            self._run("index-pack", "--stdin", standard_input=file)
        self._run("cat-file", "-e", commit)

    def tree_and_time(self, commit: str) -> tuple[str, int]:
        """The tree's id, and the committer's time in seconds since 1970."""
        kind = self._run("cat-file", "-t", commit).strip()
        if kind != "commit":
            raise IntegrityError(
                f"{commit} is a {kind}, expected a commit", "give the commit that the tag names"
            )
        tree, time = self._run("show", "--no-patch", "--format=%T %ct", commit).split()
        return tree, int(time)

    def check_tree(self, commit: str) -> None:
        """Refuse submodules, unusual names, and links that lead out: no release has them."""
        archive = f"commit {commit[:12]}"
        links = 0
        for number, entry in enumerate(self.entries(commit)):
            parts = member_parts(archive, entry.name)
            links += entry.is_link
            if number > _MOST_FILES or links > _MOST_LINKS:
                raise UnsafeMemberError(archive, entry.name, "makes the tree larger than any known one")
            if entry.kind == "commit":
                raise UnsafeMemberError(
                    archive, entry.name, "is a submodule, and would be missing from the tarball"
                )
            if entry.mode not in _MODES:
                raise UnsafeMemberError(archive, entry.name, f"has mode {entry.mode}")
            if entry.is_link:
                if int(entry.size) > _LONGEST_LINK:
                    raise UnsafeMemberError(archive, entry.name, f"is a link of {entry.size} bytes")
                target = self._run("cat-file", "blob", entry.identity, errors="surrogateescape")
                check_link(archive, parts, target)

    def entries(self, commit: str) -> Iterator[Entry]:
        """The entries of the commit's tree, one by one: a small pack can hold a tree of millions of files."""
        with self._streaming("ls-tree", "-r", "-z", "-l", "--full-tree", commit) as output:
            rest = b""
            for piece in iter(lambda: output.read(1 << 16), b""):
                *lines, rest = (rest + piece).split(b"\0")
                for line in lines:
                    description, _, name = line.decode("utf-8", "surrogateescape").partition("\t")
                    yield Entry(name, *description.split())
            if rest:
                raise IntegrityError("git ls-tree ended early")

    def attributes(
        self, commit: str, names: Sequence[str], attributes: Sequence[str]
    ) -> dict[str, Mapping[str, str]]:
        """By file and attribute, the values that only the .gitattributes in the commit's tree set."""
        self._run("read-tree", commit)
        given = "".join(f"{name}\0" for name in names)
        output = self._run("check-attr", "--cached", "--stdin", "-z", *attributes, given=given).split("\0")
        values: dict[str, dict[str, str]] = {name: {} for name in names}
        for name, attribute, value in zip(output[:-1:3], output[1::3], output[2::3], strict=True):
            values[name][attribute] = value
        return {**values}

    def contents(self, identities: Sequence[str]) -> Iterator[Iterator[bytes]]:
        """The contents of these blobs, in pieces; read all pieces of one before the next."""
        wanted = self._repository / "wanted"
        wanted.write_text("".join(f"{identity}\n" for identity in identities), encoding="ascii")
        with wanted.open("rb") as file, self._streaming("cat-file", "--batch", given=file) as output:
            for identity in identities:
                fields = output.readline().decode("ascii", "replace").split()
                if fields[:2] != [identity, "blob"]:
                    raise IntegrityError(f"git printed {' '.join(fields)!r}, expected the blob {identity}")
                yield _pieces(output, int(fields[2]))
                output.read(1)

    @contextmanager
    def _streaming(self, *arguments: str, given: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
        """The output of a git that runs at most as long as the block."""
        with subprocess.Popen(
            ["git", "-C", str(self._repository), *arguments],
            stdin=given or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=self._environment,
        ) as process:
            try:
                yield cast(IO[bytes], process.stdout)
            finally:
                process.kill()

    def _ask(self, remote: Remote, *arguments: str, seconds: int, attempts: int = _ATTEMPTS) -> str:
        """The output of git about a remote repository; raises what `Remote.refusal` makes of its complaint."""
        for attempt in Retrying(
            stop=stop_after_attempt(attempts),
            wait=wait_exponential(multiplier=0.3),
            retry=retry_if_exception_type(NetworkError),
            reraise=True,
        ):
            with attempt:
                try:
                    done = self._try(*arguments, seconds=seconds, variables=remote.settings(self._work))
                except subprocess.TimeoutExpired as error:
                    raise remote.silence(arguments[0], seconds) from error
                if done.returncode != 0:
                    raise remote.refusal(arguments[0], done.stderr)
                return done.stdout.decode("utf-8", "replace")
        raise AssertionError("Retrying ends by returning or raising")

    def _run(self, *arguments: str, errors: str = "replace", **options: Any) -> str:
        """The output of git about this repository; raises IntegrityError with its complaint."""
        done = self._try(*arguments, **options)
        if done.returncode != 0:
            complaint = " ".join(done.stderr.decode("utf-8", "replace").split())
            raise IntegrityError(f"git {arguments[0]} failed: {complaint}")
        return (done.stdout or b"").decode("utf-8", errors)

    def _try(
        self,
        *arguments: str,
        given: str | None = None,
        standard_input: IO[bytes] | None = None,
        output: IO[bytes] | None = None,
        seconds: int | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        command = ["git", *(["-C", str(self._repository)] if arguments[0] != "init" else []), *arguments]
        try:
            return run_program(
                command,
                given=given.encode() if given is not None else None,
                seconds=seconds,
                stdin=standard_input or subprocess.DEVNULL,
                stdout=output or subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**self._environment, **(variables or {})},
            )
        except FileNotFoundError as error:
            raise CapabilityError(
                "git is not on this machine", "install git, or use --source tarball"
            ) from error


def _pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The next ``size`` bytes of a stream, in pieces; raises IntegrityError if there are fewer."""
    while size > 0:
        piece = stream.read(min(size, 1 << 18))
        if not piece:
            raise IntegrityError("git cat-file ended early")
        size -= len(piece)
        yield piece
