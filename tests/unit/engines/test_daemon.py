"""What Docker's daemon says, or what answers in its place."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from verbatim.capabilities import Check
from verbatim.digest import sha256_bytes
from verbatim.engines import daemon
from verbatim.engines.docker import Docker

pytestmark = pytest.mark.usefixtures("unanswered", "no_daemon")


@contextmanager
def answering(path: Path, answer: bytes | None) -> Iterator[None]:
    """A daemon on a socket that gives one answer to all; without one, it never does."""
    closing = threading.Event()

    def serve(listening: socket.socket) -> None:
        held = []
        while not closing.is_set():
            connection, _ = listening.accept()
            held.append(connection)
            if answer is not None and not closing.is_set():
                connection.recv(1 << 16)
                connection.sendall(answer)
                connection.close()
        for connection in held:
            connection.close()

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield
        finally:
            closing.set()
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path))
            thread.join()


def _http(status: str, content: object) -> bytes:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def _check() -> Check:
    (check,) = Docker().checks()
    assert "\n" not in check.found
    return check


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_http("500 Internal Server Error", {"message": "no\nspace left on device"}), "disk is full"),
        (
            _http("500 Internal Server Error", {"message": "it is ill"}),
            "it is ill",
        ),
        (_http("403 Forbidden", {"message": "not you"}), "not you"),
        (_http("200 OK", {"ApiVersion": "1.1"}), "does not answer: "),
        (_http("200 OK", []), "does not answer: "),
        (_http("200 OK", {}), "does not answer: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnonsense!", "does not answer: "),
        (b"SSH-2.0-OpenSSH\r\n", "does not answer: "),
        (b"", "does not answer: "),
    ],
)
def test_what_answers_oddly_is_no_daemon(
    answer: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"unix://{tmp_path / 'socket'}"
    monkeypatch.setenv("DOCKER_HOST", address)
    with answering(tmp_path / "socket", answer):
        check = _check()
    assert not check.passed
    assert said in check.found


def test_what_never_answers_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_FIRST_TIMEOUT", 0.3)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'socket'}")
    with answering(tmp_path / "socket", None):
        check = _check()
    assert not check.passed
    assert "timed out" in check.found


@pytest.mark.parametrize(
    ("os_name", "machine", "passes"),
    [("linux", "amd64", True), ("linux", "arm64", False), ("windows", "amd64", False)],
)
def test_the_daemon_must_be_of_the_right_kind(
    os_name: str, machine: str, passes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'socket'}")
    version = {"ApiVersion": "1.44", "Version": "25.0", "Os": os_name, "Arch": machine}
    with answering(tmp_path / "socket", _http("200 OK", version)):
        check = _check()
    assert (check.passed, check.found) == (passes, f"25.0, {os_name} {machine}")


@pytest.mark.parametrize(
    "address",
    [
        "unix:///nowhere/socket",
        "unix:///etc/passwd",
        "tcp://127.0.0.1:9",
        "tcp://nowhere.invalid:2375",
        "127.0.0.1",
        "nonsense://there",
    ],
)
def test_addresses_where_no_daemon_is(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    check = _check()
    assert not check.passed
    assert check.found.startswith(f"the Docker daemon at {address} does not answer: ")
    assert check.remedy.startswith("start it, or check DOCKER_HOST")


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:port", "tcp://127.0.0.1:99999", "tcp://[::1", "tcp://", "tcp://p:w@[/"]
)
def test_an_address_that_is_not_one_is_not_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be taken apart may hold a password anywhere."""
    monkeypatch.setenv("DOCKER_HOST", address)
    check = _check()
    assert not check.passed
    assert check.found.startswith("the Docker daemon at tcp://… does not answer: ")


def _context(folder: Path, meta: str) -> None:
    place = folder / "docker" / "contexts" / "meta" / sha256_bytes(b"mine")
    place.mkdir(parents=True)
    (place / "meta.json").write_text(meta, encoding="ascii")
    (folder / "docker" / "config.json").write_text('{"currentContext": "mine"}', encoding="ascii")


def test_the_context_s_daemon_is_asked(tmp_path: Path) -> None:
    endpoint = {"Host": f"unix://{tmp_path / 'socket'}", "SkipTLSVerify": False}
    _context(tmp_path, json.dumps({"Name": "mine", "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    assert _check().found.startswith("the Docker daemon of context 'mine' does not answer: ")
    version = {"ApiVersion": "1.44", "Version": "25.0", "Os": "linux", "Arch": "amd64"}
    with answering(tmp_path / "socket", _http("200 OK", version)):
        assert _check().passed


def test_a_damaged_context_is_told(tmp_path: Path) -> None:
    _context(tmp_path, "{nonsense")
    assert _check().found.startswith("the Docker daemon of context 'mine' does not answer: ")


@pytest.mark.parametrize("content", ["[1]", "{", '"text"', None])
def test_a_configuration_of_docker_s_that_is_none_is_refused(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    if content is None:
        (tmp_path / "config.json").write_bytes(b"\xff\xfe")
    else:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    check = _check()
    assert check.found == f"{tmp_path / 'config.json'} is not Docker's configuration"


def test_contexts_are_not_looked_for_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "hostile"
    meta = tmp_path / "contexts" / "meta" / sha256_bytes(name.encode())
    meta.mkdir(parents=True)
    endpoint = {"Host": "tcp://hostile.invalid:1", "SkipTLSVerify": True}
    described = {"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}
    (meta / "meta.json").write_text(json.dumps(described), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nothing"))
    monkeypatch.setenv("HOME", str(tmp_path / "nothing"))
    monkeypatch.setenv("DOCKER_CONTEXT", name)
    check = _check()
    assert check.found == f"there is no Docker context '{name}', since there is no config.json"


def test_secrets_of_an_address_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://user:secret@127.0.0.1:9")
    check = _check()
    assert not check.passed
    assert "127.0.0.1:9" in check.found
    assert "secret" not in check.found + check.remedy


def test_a_context_that_is_not_there_is_not_this_machine_s_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    check = _check()
    assert check.found.startswith("there is no Docker context 'elsewhere'")
    assert "docker context ls" in check.remedy
