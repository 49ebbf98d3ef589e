"""An environment's image, a function of the lock and the tree; and what registries do with it."""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from verbatim.archive.canonical import write_tree
from verbatim.digest import sha256_bytes, sha256_file
from verbatim.environments import registry as registries
from verbatim.environments.definition import load_definition
from verbatim.environments.image import Image, image_sha256
from verbatim.environments.lock import Environment, Lock, LockedPackage
from verbatim.environments.nar import nar_sha256
from verbatim.environments.registry import check_reference, push
from verbatim.environments.rootfs import Root
from verbatim.errors import IntegrityError, MismatchError, NetworkError, UsageError

_TIME = 1_749_600_000

_DEFINITION = """
role = "source"
description = "made by a test"
suite = "trixie"
architecture = "amd64"
packages = ["demo"]
"""

_PACKAGE = LockedPackage(
    name="demo",
    version="1.0",
    architecture="amd64",
    size=1,
    sha256="0" * 64,
    path="pool/d/demo_1.0_amd64.deb",
)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A root of three files, and an environment whose lock has it."""
    tree, folder = tmp_path / "root", tmp_path / "containers" / "demo"
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "usr" / "bin" / "demo").write_text("#!/bin/sh\n", encoding="ascii")
    (tree / "usr" / "bin" / "demo").chmod(0o755)
    (tree / "bin").symlink_to("usr/bin")
    (tree / "größer").write_bytes(bytes(range(256)) * 300)
    folder.mkdir(parents=True)
    (folder / "environment.toml").write_text(_DEFINITION, encoding="utf-8")
    lock = _lock(folder, tree)
    lock.model_copy(update={"image_sha256": image_sha256(lock)}).write(folder / "lock.toml", "demo")
    return Root(tree, Environment(folder))


def _lock(folder: Path, tree: Path) -> Lock:
    written = write_tree(tree, _TIME)
    return Lock(
        definition_sha256=load_definition(folder).sha256,
        snapshot="20250611T000000Z",
        suite="trixie",
        architecture="amd64",
        root_sha256=written.sha256,
        root_size=written.size,
        image_sha256="0" * 64,
        nar_sha256=nar_sha256(tree),
        package=[_PACKAGE],
    )


@pytest.fixture
def image(root: Root) -> Image:
    return Image.of(root.environment)


# The image.


def test_the_image_is_known_before_anything_is_there(image: Image, root: Root) -> None:
    lock = root.environment.lock
    manifest, config = json.loads(image.manifest), json.loads(image.config)
    assert image.digest == f"sha256:{lock.image_sha256}" == f"sha256:{sha256_bytes(image.manifest)}"
    assert manifest["config"]["digest"] == image.config_digest == f"sha256:{sha256_bytes(image.config)}"
    assert manifest["config"]["size"] == len(image.config)
    assert [(layer["digest"], layer["size"]) for layer in manifest["layers"]] == [
        (f"sha256:{lock.root_sha256}", lock.root_size)
    ]
    assert config["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{lock.root_sha256}"]}
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["created"] == "2025-06-11T00:00:00Z"
    assert image.name == f"localhost/verbatim/demo:{lock.image_sha256[:16]}"


@pytest.mark.parametrize(
    "change",
    [
        {"root_sha256": "1" * 64},
        {"root_size": 1},
        {"snapshot": "20250611T000001Z"},
        {"architecture": "arm64"},
    ],
)
def test_another_root_is_another_image(root: Root, change: dict[str, object]) -> None:
    lock = root.environment.lock
    assert image_sha256(lock.model_copy(update=change)) != lock.image_sha256


def test_what_is_not_in_the_image_does_not_change_it(root: Root) -> None:
    lock = root.environment.lock
    assert image_sha256(lock.model_copy(update={"suite": "sid", "nar_sha256": "2" * 64})) == lock.image_sha256


def test_a_lock_of_another_image_is_refused(root: Root) -> None:
    root.environment.lock = root.environment.lock.model_copy(update={"image_sha256": "3" * 64})
    with pytest.raises(MismatchError, match=r"its lock says sha256:3333.*invoke lock --environment demo"):
        Image.of(root.environment)


def test_the_layout_has_every_blob_by_its_digest(image: Image, root: Root, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    image.write_layout(root, layout)
    blobs = layout / "blobs" / "sha256"
    named = {digest.removeprefix("sha256:") for digest in (image.digest, image.config_digest)}
    assert {path.name for path in blobs.iterdir()} == named | {root.environment.lock.root_sha256}
    assert all(sha256_file(path) == path.name for path in blobs.iterdir())
    assert json.loads((layout / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    assert (entry["digest"], entry["size"]) == (image.digest, len(image.manifest))
    (loaded,) = json.loads((layout / "manifest.json").read_bytes())
    assert loaded["RepoTags"] == [image.name]
    assert all((layout / path).is_file() for path in (loaded["Config"], *loaded["Layers"]))


def test_the_archive_is_the_same_bytes_twice(image: Image, root: Root, tmp_path: Path) -> None:
    archives = []
    for name in ("first", "second"):
        image.write_layout(root, tmp_path / name)
        archive = io.BytesIO()
        image.write_archive(tmp_path / name, archive)
        archives.append(archive.getvalue())
        os.utime(root.path / "bin", (1, 1), follow_symlinks=False)
    assert archives[0] == archives[1]
    with tarfile.open(fileobj=io.BytesIO(archives[0])) as tar:
        assert {"blobs/sha256", "index.json", "manifest.json", "oci-layout"} < set(tar.getnames())
        assert {member.mtime for member in tar} == {_TIME}


def test_an_altered_root_makes_no_image(image: Image, root: Root, tmp_path: Path) -> None:
    (root.path / "stray").touch()
    with pytest.raises(MismatchError, match="do not use this image"):
        image.write_layout(root, tmp_path / "layout")


# References.


@pytest.mark.parametrize(
    "reference",
    [
        "localhost/name:tag",
        "localhost:5000/name:tag",
        "127.0.0.1:5000/a/b-c/d__e:1.0_x-y",
        "registry:5000/name:tag",
        "ghcr.io/owner/name:v1",
    ],
)
def test_references_that_name_a_place(reference: str) -> None:
    check_reference(reference)


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "name",
        "name:tag",
        "owner/name:tag",
        "ghcr.io/name",
        "ghcr.io/name:",
        "ghcr.io/Name:tag",
        "ghcr.io/name@sha256:" + "0" * 64,
        "ghcr.io/name:tag\n",
        "ghcr.io/na me:tag",
        "ghcr.io/../name:tag",
        "ghcr.io//name:tag",
        "https://ghcr.io/name:tag",
        "user:password@ghcr.io/name:tag",
        "ghcr.io:123456/name:tag",
        "-ghcr.io/name:" + "x" * 129,
    ],
)
def test_references_that_name_none(reference: str) -> None:
    with pytest.raises(UsageError, match=r"is not a valid image reference; give HOST\[:PORT\]/NAME:TAG"):
        check_reference(reference)


# Registries.


@dataclass
class Registry:
    """A registry as far as a push needs one, with the faults that one can have."""

    #: What it wants in ``Authorization``, and says in ``WWW-Authenticate``.
    password: str = ""
    #: The status of all answers but the first.
    broken: int = 0
    #: Whether it forgets what it took.
    forgets: bool = False
    #: What it gives instead of a manifest.
    instead: bytes = b""
    #: Whether it never answers but the first time.
    hangs: bool = False
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Registry

    def _handle(self) -> None:
        state = self.state
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        state.requests.append(f"{self.command} {path}")
        place, _, name = path.rpartition("/")
        if state.password and self.headers.get("Authorization") != state.password:
            self._answer(401, challenge='Basic realm="test"')
        elif path == "/v2/":
            self._answer(200)
        elif state.hangs:
            state.closing.wait()
        elif state.broken:
            self._answer(state.broken)
        elif place.endswith("/manifests") and self.command == "PUT":
            state.manifests |= {name: body, f"sha256:{sha256_bytes(body)}": body}
            self._answer(201)
        elif place.endswith("/manifests"):
            known = not state.forgets and name in state.manifests
            self._answer(200 if known else 404, state.instead or state.manifests[name] if known else b"")
        elif self.command == "HEAD":
            self._answer(200 if name in state.blobs else 404)
        elif self.command == "POST":
            state.blobs["upload"] = b""
            self._answer(202, location=f"{path}upload")
        elif self.command == "PATCH":
            state.blobs["upload"] += body
            self._answer(202, location=path)
        else:
            content = state.blobs.pop("upload")
            good = query == f"digest=sha256%3A{sha256_bytes(content)}"
            state.blobs[f"sha256:{sha256_bytes(content)}"] = content
            self._answer(201 if good else 400)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815 - as in the base

    def _answer(self, status: int, content: bytes = b"", *, location: str = "", challenge: str = "") -> None:
        self.send_response(status)
        headers = {"Location": location, "WWW-Authenticate": challenge}
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as in the base
        """Keep no log."""


@pytest.fixture
def registry() -> Iterator[tuple[Registry, str]]:
    """A registry on the loopback address, and its host and port."""
    state = Registry()
    handler = type("Handler", (_Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield state, f"127.0.0.1:{server.server_port}"
        state.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody has logged in anywhere."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def layout(image: Image, root: Root, tmp_path: Path) -> Path:
    image.write_layout(root, tmp_path / "layout")
    return tmp_path / "layout"


def test_a_push_takes_all_there_as_it_is(
    registry: tuple[Registry, str], image: Image, layout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registries, "_PIECE", 10_000)
    state, host = registry
    assert push(image, layout, f"{host}/some/where:v1") == f"{host}/some/where@{image.digest}"
    blobs = {f"sha256:{path.name}": path.read_bytes() for path in (layout / "blobs" / "sha256").iterdir()}
    assert state.manifests == {"v1": image.manifest, image.digest: blobs.pop(image.digest)}
    assert state.blobs == blobs
    assert sum(request.startswith("PATCH") for request in state.requests) > 5
    # What is there is not sent again.
    state.requests.clear()
    push(image, layout, f"{host}/some/where:v2")
    assert [request for request in state.requests if request.startswith(("PATCH", "POST"))] == []


_CREDENTIALS = base64.b64encode(b"tester:secret").decode()


@pytest.mark.parametrize("folder", [".docker", "elsewhere"])
def test_who_has_logged_in_may_push(
    registry: tuple[Registry, str],
    image: Image,
    layout: Path,
    home: Path,
    folder: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state, host = registry
    state.password = f"Basic {_CREDENTIALS}"
    if folder == "elsewhere":
        monkeypatch.setenv("DOCKER_CONFIG", str(home / folder))
    (home / folder).mkdir()
    (home / folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": _CREDENTIALS}}}))
    assert push(image, layout, f"{host}/some/where:v1") == f"{host}/some/where@{image.digest}"


def test_who_has_not_is_told_so(registry: tuple[Registry, str], image: Image, layout: Path) -> None:
    state, host = registry
    state.password = f"Basic {_CREDENTIALS}"
    with pytest.raises(NetworkError, match=r"asks for a user name and a password.*docker login"):
        push(image, layout, f"{host}/some/where:v1")
    assert state.requests == ["GET /v2/"]


def test_a_wrong_password_is_refused_once(
    registry: tuple[Registry, str], image: Image, layout: Path, home: Path
) -> None:
    state, host = registry
    state.password = "Basic other"
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": {host: {"auth": _CREDENTIALS}}}))
    with pytest.raises(NetworkError, match=f"{host} did not accept the image"):
        push(image, layout, f"{host}/some/where:v1")
    assert len(state.requests) < 10
    assert state.manifests == {}


@pytest.mark.parametrize("status", [400, 404, 405, 429, 500, 503])
def test_a_registry_that_refuses_is_not_asked_for_minutes(
    registry: tuple[Registry, str], image: Image, layout: Path, status: int
) -> None:
    state, host = registry
    state.broken = status
    with pytest.raises(NetworkError, match=f"{host} did not accept the image"):
        push(image, layout, f"{host}/some/where:v1")
    assert len(state.requests) < 5


def test_a_registry_that_hangs_is_left(
    registry: tuple[Registry, str], image: Image, layout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registries, "_LONG_TIMEOUT", 0.5)
    state, host = registry
    state.hangs = True
    with pytest.raises(NetworkError, match="timed out"):
        push(image, layout, f"{host}/some/where:v1")


@pytest.mark.parametrize("fault", [{"instead": b"{}"}, {"forgets": True}])
def test_a_registry_that_took_something_else_is_not_believed(
    registry: tuple[Registry, str], image: Image, layout: Path, fault: dict[str, object]
) -> None:
    state, host = registry
    for name, value in fault.items():
        setattr(state, name, value)
    with pytest.raises(IntegrityError, match=f"{host} accepted the image, but returns something else"):
        push(image, layout, f"{host}/some/where:v1")


@pytest.mark.parametrize("host", ["127.0.0.1:9", "nowhere.invalid"])
def test_a_registry_that_is_not_there(image: Image, layout: Path, host: str) -> None:
    with pytest.raises(NetworkError, match=f"{host} did not accept the image"):
        push(image, layout, f"{host}/some/where:v1")
