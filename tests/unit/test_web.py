"""What web servers answer, however odd: redirections, requests for a pause, and bytes that are no HTTP at all."""

from __future__ import annotations

import socketserver
import ssl
import subprocess
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.archives import Repository
from tests.fuzzing import for_ten_minutes
from verbatim.commands.doctor import _git_server
from verbatim.digest import sha256_bytes
from verbatim.errors import NetworkError, UsageError, VerbatimError
from verbatim.fetch import Download, Fetcher
from verbatim.store import Store
from verbatim.transfer import Clock, RetryPolicy
from verbatim.web import asked_pause, redirected

CONTENT = b"content"


class FakeClock(Clock):
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_750_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class RawServer(socketserver.ThreadingTCPServer):
    """Answers with bytes, whatever they are."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _RawHandler)
        #: One after the other, the last one ever after.
        self.answers: list[bytes] = []
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file"

    def answer(self, *answers: bytes) -> None:
        self.answers, self.asked = [*answers], 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


class _RawHandler(socketserver.StreamRequestHandler):
    server: RawServer

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        number, self.server.asked = self.server.asked, self.server.asked + 1
        self.wfile.write(self.server.answers[min(number, len(self.server.answers) - 1)])


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer() as running:
        thread = Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def fetcher(store: Store, clock: FakeClock) -> Fetcher:
    return Fetcher(store, retries=RetryPolicy(attempts=3, connect=2, read=2), clock=clock)


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


GOOD = answer("200 OK", CONTENT)


def fetch(fetcher: Fetcher, url: str) -> bytes:
    return fetcher.fetch(Download("a file", sha256_bytes(CONTENT), (url,), len(CONTENT))).read_bytes()


@pytest.mark.parametrize(
    "location",
    [
        "http://[",
        "http://]/",
        "//[::1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "javascript:alert(1)",
        "data:,content",
        "http://a b/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:a/",
        "http://\x00/",
        "http://\xff\xfe/",
        "http://b\xfccher.example/",
        "http://a..b/",
        f"http://{'a' * 70}/",
        f"http://{'a.' * 200}b/",
        "http://127.0.0.1\\@other/",
        "\\\\127.0.0.1\\a",
        "http://user:mar\xffked@[/",
    ],
)
def test_a_redirection_to_what_is_not_an_address_ends_in_one_line(
    server: RawServer, fetcher: Fetcher, location: str
) -> None:
    server.answer(answer("302 Found", Location=location), GOOD)
    with pytest.raises(NetworkError) as caught:
        fetch(fetcher, server.url)
    assert "it redirects to an invalid address: " in caught.value.message
    assert "mar" not in caught.value.message
    assert server.asked == 1


def test_a_redirection_leads_from_https_to_https_alone() -> None:
    for location in ("http://host.example/file", "http:file", "HTTP://host.example"):
        with pytest.raises(ValueError, match=r"from https to http|an invalid address"):
            redirected("https://host.example/file", location)
    assert redirected("https://host.example/a", "//other.example/b") == "https://other.example/b"
    assert redirected("http://host.example/a", "https://other.example/b") == "https://other.example/b"


@pytest.mark.parametrize(
    "location", ["other", "/other?a=b#c", "", "?b", "//127.0.0.1:{port}/x", "http://127.0.0.1:{port}/@a"]
)
def test_a_redirection_may_be_relative(server: RawServer, fetcher: Fetcher, location: str) -> None:
    target = location.format(port=server.server_address[1])
    server.answer(answer("302 Found", Location=target), GOOD)
    if location:
        assert fetch(fetcher, server.url) == CONTENT


def test_redirections_are_followed_only_so_far(server: RawServer, fetcher: Fetcher) -> None:
    server.answer(answer("302 Found", Location="/file"))
    with pytest.raises(NetworkError, match="it redirects in circles"):
        fetch(fetcher, server.url)
    assert server.asked == 5


# Pauses.


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_pause_that_is_asked_for_is_kept_to_and_said(
    server: RawServer,
    fetcher: Fetcher,
    clock: FakeClock,
    capsys: pytest.CaptureFixture[str],
    status: str,
    form: str,
) -> None:
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(clock.time + 20))
    server.answer(answer(status, Retry_After="20" if form == "seconds" else date), GOOD)
    assert fetch(fetcher, server.url) == CONTENT
    assert sum(clock.slept) == pytest.approx(20)
    port = server.server_address[1]
    assert f"127.0.0.1:{port} asks for a pause: continuing in " in capsys.readouterr().err


def test_nothing_else_is_asked_of_a_host_meanwhile(
    server: RawServer, fetcher: Fetcher, clock: FakeClock
) -> None:
    server.answer(answer("429 Too Many Requests", Retry_After="1000"), GOOD)
    for number in range(2):
        with pytest.raises(NetworkError, match=r"it asks for a pause of 1?\d+ s, expected at most 120 s"):
            fetch(fetcher, f"{server.url}{number}")
        clock.time -= sum(clock.slept)
        clock.slept.clear()
    assert server.asked == 1
    clock.time += 1000
    assert fetch(fetcher, server.url) == CONTENT


def test_pauses_end(server: RawServer, store: Store, clock: FakeClock) -> None:
    server.answer(answer("503 Service Unavailable", Retry_After="50"))
    patient = Fetcher(store, retries=RetryPolicy(attempts=100), clock=clock)
    with pytest.raises(NetworkError, match=r"it asks for a pause of \d+ s, expected at most \d+ s"):
        fetch(patient, server.url)
    assert server.asked == 3
    assert sum(clock.slept) < 150


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("9" * 30, None),
        ("soon", None),
        ("Mon, 01 Jan 1990 00:00:00 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:37", 0),
        ("Thu, 01 Jan 1970 00:01:40 -0000", 0),
        ("Mon, 99 Jan 99999 00:00:00 GMT", None),
        ("١٢", None),
    ],
)
def test_what_a_server_may_ask_for(text: str, seconds: float | None) -> None:
    assert asked_pause(text, 1_750_000_000.0) == seconds


# Certificates.


@pytest.fixture
def company(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server whose certificate an authority of its own has signed: its address, and that certificate."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "file").write_bytes(CONTENT)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "9",
        "-subj",
        "/CN=localhost",
    )
    names = ("-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate))
    subprocess.run([*made, *names], check=True, capture_output=True)

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    class Silent(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Silent(("127.0.0.1", 0), Quiet) as running:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"https://localhost:{running.server_port}/file", certificate
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("variable", [None, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_companys_own_authority_is_trusted_by_the_usual_variables(
    company: tuple[str, Path], store: Store, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    url, certificate = company
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, str(certificate))
        assert fetch(Fetcher(store, clock=FakeClock()), url) == CONTENT
        monkeypatch.setenv(variable, str(certificate.with_name("missing")))
        (store.find(sha256_bytes(CONTENT)) or certificate).unlink()
        with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE"):
            fetch(Fetcher(store, clock=FakeClock()), url)
    else:
        with pytest.raises(
            NetworkError, match=r"its certificate is not trusted: .* in REQUESTS_CA_BUNDLE or"
        ):
            fetch(Fetcher(store, clock=FakeClock()), url)


def test_the_doctor_asks_the_git_server_by_git_itself(
    company: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = company
    bare = Repository(tmp_path / "site" / "r.git", bare=True)
    bare.commit({}, tag="v3.99.0")
    bare.git("update-server-info")
    monkeypatch.setenv("VERBATIM_GIT_URL", f"{url.removesuffix('/file')}/r.git")
    for name in ("GIT_SSL_CAINFO", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    check = _git_server()
    assert not check.passed
    assert "GIT_SSL_CAINFO" in check.remedy
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate))
    assert _git_server().passed
    monkeypatch.setenv("VERBATIM_GIT_URL", f"http://bob:{'x' * 9}@[/")
    check = _git_server()
    assert not check.passed
    assert "xxx" not in check.found


# Anything at all.

_header = st.sampled_from(
    ["Location", "Content-Length", "Content-Range", "Transfer-Encoding", "Content-Encoding", "Retry-After"]
)
_text = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)
_place = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["http://", "https://", "//", "file://", "ftp://", "http:", "", "/"]),
    st.sampled_from(["", "[", "[::1]", "a@", "127.0.0.1", "localhost", "xn--a", "a..b", "%", "\xe4"]),
    st.sampled_from(["", ":80", ":0", ":99999", ":a", ":"]),
    _text,
)
_value = st.one_of(
    _text, _place, st.sampled_from(["chunked", "gzip", "-5", "7", "99999999", "bytes 5-", "0"])
)
_answer = st.builds(
    lambda status, headers, body: (
        b"HTTP/1.1 %s\r\n" % status.encode("latin-1")
        + b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers)
        + b"\r\n"
        + body
    ),
    st.sampled_from(
        ["200 OK", "206 Part", "302 Found", "301", "416 No", "429 No", "503", "999999", "abc", ""]
    ),
    st.lists(st.tuples(_header, _value), max_size=5),
    st.one_of(
        st.binary(max_size=30), st.sampled_from([b"7\r\ncontent\r\n0\r\n\r\n", CONTENT, b"ZZZ\r\nabc"])
    ),
)


def _ends_as_it_should(server: RawServer, store: Store, answers: list[bytes], folder: Path) -> None:
    """Whatever is answered: the right bytes, or an error with a status of its own."""
    server.answer(*answers)
    fetcher = Fetcher(store, retries=RetryPolicy(attempts=2, connect=2, read=2), clock=FakeClock())
    wanted = sha256_bytes(CONTENT)
    try:
        assert fetch(fetcher, server.url) == CONTENT
    except VerbatimError as error:
        assert server.url in error.message
        assert store.find(wanted) is None
    else:
        (store.find(wanted) or folder).unlink()
    try:
        served = fetcher.fetch_served("a file", [server.url], folder / "served")
        assert sha256_bytes(served.path.read_bytes()) == served.sha256
    except VerbatimError as error:
        assert server.url in error.message or "127.0.0.1" in error.message


_anything = st.lists(st.one_of(_answer, st.binary(max_size=60)), min_size=1, max_size=3)


@given(answers=_anything)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_answered_ends_in_the_right_bytes_or_an_error_of_ours(
    server: RawServer, store: Store, tmp_path: Path, answers: list[bytes]
) -> None:
    _ends_as_it_should(server, store, answers, tmp_path)


# A connection whose answer urllib3 could not even begin to read is closed when its object is collected, with a warning.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
def test_the_same_for_ten_minutes(server: RawServer, store: Store, tmp_path: Path) -> None:
    assert for_ten_minutes(_anything, lambda answers: _ends_as_it_should(server, store, answers, tmp_path))
