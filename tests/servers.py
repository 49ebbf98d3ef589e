"""A small web site on the loopback address, with every fault that a mirror can have."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import unquote


@dataclass
class Page:
    """What the site answers on one path, and what it was asked."""

    content: bytes = b""
    #: Answer the first so many requests with `status` instead; -1 for all of them.
    failures: int = 0
    status: int = 500
    #: Break off the first so many answers after so many bytes, having promised all; -1 for all of them.
    breaks: int = 0
    break_after: int = 0
    #: Whether a ``Range`` is honoured.
    ranges: bool = True
    #: Whether the content's length is told beforehand.
    tells_length: bool = True
    #: Say no more after `break_after` bytes, and keep the connection; nothing at all if that is 0.
    hangs: bool = False
    #: The status of a redirection to answer with, instead of 200.
    redirects: int = 0
    #: More headers to answer with.
    headers: dict[str, str] = field(default_factory=dict)
    #: The ``Range`` of each request, "" where there was none.
    asked: list[str] = field(default_factory=list)
    #: Set when a request has come.
    reached: threading.Event = field(default_factory=threading.Event)


class Site:
    """A web site, open while the block runs."""

    def __init__(self, port: int = 0) -> None:
        self.pages: dict[str, Page] = {}
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Those that hang go first: the server waits for the threads that still answer.
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, path: str, page: Page | bytes) -> Page:
        """Answer on a path from now on."""
        page = Page(page) if isinstance(page, bytes) else page
        self.pages[path] = page
        return page

    def page(self, path: str, asked_range: str) -> tuple[Page, bool, bool] | None:
        """What is on a path, and whether this request is to fail, or its answer to break off."""
        with self._lock:
            page = self.pages.get(path)
            if page is None:
                return None
            page.asked.append(asked_range)
            page.reached.set()
            fails, page.failures = page.failures != 0, page.failures - (page.failures > 0)
            breaks = not fails and page.breaks != 0
            page.breaks -= breaks and page.breaks > 0
            return page, fails, breaks


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        super().__init__(address, _Handler)
        self.site = site

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: many of these tests are about that."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        site, asked_range = self.server.site, self.headers.get("Range", "")
        answer = site.page(unquote(self.path), asked_range)
        if answer is None:
            self.send_error(404)
            return
        page, fails, breaks = answer
        if fails:
            self.send_error(page.status)
        elif page.break_after or not page.hangs:
            self._send(page, asked_range, breaks or page.hangs)
        if page.hangs:
            site.closing.wait()

    def _send(self, page: Page, asked_range: str, breaks: bool) -> None:
        match = re.fullmatch(r"bytes=(\d+)-", asked_range) if page.ranges else None
        first = int(match[1]) if match else 0
        content = page.content[first:]
        if match and not content:
            self.send_error(416)
            return
        self.send_response(206 if match else page.redirects or 200)
        if match:
            whole = len(page.content)
            self.send_header("Content-Range", f"bytes {first}-{whole - 1}/{whole}")
        if page.tells_length:
            self.send_header("Content-Length", str(len(content)))
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: page.break_after] if breaks else content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as in the base
        """Keep no log."""
