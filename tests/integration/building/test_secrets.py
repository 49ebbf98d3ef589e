"""A build that needs a password, from its beginning to its end: it is in nothing that the build says, writes or keeps."""

from __future__ import annotations

import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.integration.command import verbatim
from tests.integration.releases import SMALL, small_repository

pytestmark = pytest.mark.integration

MARK = "mArKeD"


class _Guarded(BaseHTTPRequestHandler):
    """Git's own server, git-http-backend(1), for whoever has the password."""

    server: _Server

    def do_GET(self) -> None:
        expected = f"Basic {b64encode(f'bob:p@/{MARK}'.encode()).decode()}"
        if self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="releases"')
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = subprocess.run(
            ["git", "http-backend"], input=given, env=environment, capture_output=True, check=True
        ).stdout
        head, _, body = said.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as in the base
        """Keep no log."""


class _Server(ThreadingHTTPServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Guarded)
        self.folder = folder


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "served").mkdir()
    small_repository(tmp_path / "served" / "small")
    with _Server(tmp_path / "served") as running:
        thread = Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://bob:p%40%2F{MARK}@127.0.0.1:{running.server_port}/small/.git"
        running.shutdown()
        thread.join()


def _holds_the_mark(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if MARK in path.name
        or (path.is_file() and not path.is_symlink() and MARK.encode() in path.read_bytes())
    ]


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_password_is_in_nothing_that_a_build_leaves(
    address: str, way: str, tmp_path: Path, cache: Path
) -> None:
    chosen: dict[str, Any] = (
        {"source": address, "settings": {}}
        if way == "option"
        else {"source": "git", "settings": {"VERBATIM_GIT_URL": address}}
    )
    output = tmp_path / "out"
    for is_there in (False, True):
        finished = verbatim(
            *("build", "--version", SMALL, "--source", chosen["source"], "--output", str(output), "--json"),
            settings={**chosen["settings"], "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        )
        assert finished.result["unchanged"] is is_there
        assert finished.result["source"]["kind"] == "git"
        assert MARK not in finished.out + finished.err
    assert _holds_the_mark(output) == []
    assert _holds_the_mark(cache) == []
    assert (
        "127.0.0.1" in (output / SMALL / "buildinfo" / "source-build.json").read_text() or way == "variable"
    )
