"""Repositories elsewhere: what they turn out to be, and the passwords that lead to them."""

from __future__ import annotations

import re
import subprocess
from base64 import b64encode
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.archives import Repository
from verbatim.errors import IntegrityError, UsageError
from verbatim.release import Release
from verbatim.sources.git import GitSource, git_source
from verbatim.store import Store

RELEASE = Release.parse("3.99.0")
FILES: dict[bytes, bytes | tuple[str, bytes | str]] = {b"README.rst": b"Hello\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def source(url: str, store: Store, commit: str | None = None) -> GitSource:
    return git_source(RELEASE, store, url=url, commit=commit)


def test_a_partial_clone_is_called_so_at_once(
    tmp_path: Path, repository: Repository, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(FILES, tag="v3.99.0")
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    subprocess.run(
        ["git", "clone", "--quiet", "--no-checkout", "--filter=blob:none", repository.url, str(partial)],
        check=True,
        capture_output=True,
    )
    with pytest.raises(UsageError, match=f"{partial} is a partial clone; fetch what it lacks") as caught:
        source(partial.as_uri(), store)
    assert len(re.findall("fetching commit .* …", capsys.readouterr().err)) == 1
    # The remedy helps.
    command = caught.value.remedy.partition(": ")[2].split()
    subprocess.run(command, cwd=partial, check=True, capture_output=True)
    assert source(partial.as_uri(), store).commit == repository.git("rev-parse", "v3.99.0")


@pytest.mark.parametrize("commit", [None, "1" * 40])
def test_a_repository_with_other_hashes_is_called_so(
    tmp_path: Path, store: Store, commit: str | None
) -> None:
    path = tmp_path / "other"
    git = ("git", "-C", str(path), "-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "init", "--quiet", "--object-format=sha256", str(path)], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "one"], check=True)
    if commit is None:
        subprocess.run([*git, "tag", "v3.99.0"], check=True)
    with pytest.raises(
        UsageError, match="is a SHA-256 repository, but releases are named by SHA-1"
    ) as caught:
        source(path.as_uri(), store, commit)
    assert "give a repository with SHA-1 commits" in caught.value.remedy


@pytest.mark.parametrize(
    "url",
    [
        "ssh://bob:marked@127.0.0.1/cpython",
        "git://bob:marked@127.0.0.1/cpython",
        "git://marked@127.0.0.1/cpython",
        "file://bob:marked@/cpython",
        "http://bob:mar ked@127.0.0.1/cpython",
    ],
)
def test_a_password_where_git_takes_none_is_refused_and_not_shown(store: Store, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        source(url, store)
    assert "ked" not in str(caught.value)


class _Guarded(BaseHTTPRequestHandler):
    """Serves a repository to whoever has the password, and looks at how all programs were started meanwhile."""

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _GuardedServer)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                server.started.append(path.read_bytes())
        if self.headers.get("Authorization") != f"Basic {b64encode(b'bob:zQxW/ed@').decode()}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="marked"')
            self.end_headers()
            return
        file = server.folder / self.path.partition("?")[0].lstrip("/")
        self.send_response(200 if file.is_file() else 404)
        self.end_headers()
        if file.is_file():
            self.wfile.write(file.read_bytes())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as in the base
        pass


class _GuardedServer(ThreadingHTTPServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Guarded)
        self.folder = folder
        self.started: list[bytes] = []


def test_a_password_reaches_the_server_and_nobody_else(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over a plain web server, git can list the tags, but not fetch a single commit."""
    bare = Repository(tmp_path / "bare.git", bare=True)
    commit = bare.commit(FILES, tag="v3.99.0")
    bare.git("update-server-info")
    with _GuardedServer(tmp_path) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            url = f"http://bob:zQxW%2Fed%40@127.0.0.1:{server.server_port}/bare.git"
            with pytest.raises(IntegrityError, match=f"points to {commit}, expected {'1' * 40}") as caught:
                source(url, store, "1" * 40)
        finally:
            server.shutdown()
            thread.join()
    said = str(caught.value) + capsys.readouterr().err
    assert "127.0.0.1" in said
    assert "zQxW" not in said
    assert any(b"ls-remote" in line for line in server.started)
    assert not [line for line in server.started if b"zQxW" in line]
