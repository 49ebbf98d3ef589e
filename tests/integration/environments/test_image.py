"""Images for real: the locked digests, what Docker and a registry make of an image, and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests

from tests.archives import contents
from tests.integration.command import Finished, verbatim
from tests.integration.daemons import Dockerd, docker_registry, dockerd, require_program
from verbatim.digest import sha256_file
from verbatim.environments.image import Image
from verbatim.environments.nar import nar_sha256
from verbatim.environments.rootfs import Root
from verbatim.paths import PROJECT

pytestmark = pytest.mark.integration

#: What ``htpasswd -Bbn tester secret`` prints, with as little work as it takes.
_PASSWORDS = "tester:$2y$04$aaaaaaaaaaaaaaaaaaaaaOGY9KrC7e/pHj3EXQPxs8hKEBbvQhsvG\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[Dockerd]:
    with dockerd() as daemon:
        yield daemon


@pytest.fixture
def client(shared: Dockerd, monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.DockerClient]:
    """A daemon of the tests' own."""
    monkeypatch.setenv("DOCKER_HOST", shared.address)
    client = docker.from_env(timeout=60)
    yield client
    client.close()


@pytest.fixture
def empty(client: docker.DockerClient) -> docker.DockerClient:
    """The same, without any image."""
    for image in client.images.list(all=True):
        client.images.remove(str(image.id), force=True)
    return client


@pytest.fixture
def image(root: Root) -> Image:
    return Image.of(root.environment)


def _image(*options: str) -> Finished:
    return verbatim("image", "--environment", "source", *options)


# The digests.


def test_the_locked_digests_are_those_of_the_root_that_was_made_here(
    root: Root, image: Image, tmp_path: Path
) -> None:
    image.write_layout(root, tmp_path / "layout")
    blobs = tmp_path / "layout" / "blobs" / "sha256"
    assert {path.name: sha256_file(path) for path in blobs.iterdir()} == {
        path.name: path.name for path in blobs.iterdir()
    }
    assert root.environment.lock.image_sha256 in {path.name for path in blobs.iterdir()}
    assert nar_sha256(root.path) == root.environment.lock.nar_sha256


def test_nix_takes_the_same_hash_of_trees(root: Root, tmp_path: Path) -> None:
    """Of the root, and of a tree with what a root has none of."""
    require_program("nix-hash", "nix")
    odd = tmp_path / "odd"
    (odd / "Zoo").mkdir(parents=True)
    for size in (0, 1, 7, 8, 9, 1 << 18, (1 << 18) + 3):
        (odd / f"{size}").write_bytes(b"x" * size)
    (odd / "zoo").write_text("#!/bin/sh\n", encoding="ascii")
    (odd / "zoo").chmod(0o700)
    (odd / "others only").touch(mode=0o611)
    (odd / "größer").symlink_to("nirgends")
    Path(os.fsdecode(os.fsencode(odd) + b"/caf\xe9")).touch()
    for path in (root.path, odd, odd / "zoo", odd / "größer"):
        printed = subprocess.run(
            ["nix-hash", "--type", "sha256", path], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        assert nar_sha256(path) == printed.strip(), path


# Docker.


def test_the_image_loads_and_says_what_it_is(empty: docker.DockerClient, image: Image) -> None:
    finished = _image("--load")
    assert finished.status == 0, finished.err
    assert finished.out.splitlines() == [
        image.name,
        f"  digest {image.digest}",
        f"  configuration {image.config_digest}",
        f"  loaded into Docker as {image.config_digest}",
    ]
    loaded = empty.images.get(image.name)
    assert loaded.id == image.config_digest
    assert loaded.attrs["RootFS"]["Layers"] == [f"sha256:{image.environment.lock.root_sha256}"]
    again = _image("--load")
    assert "loading it into Docker" not in again.err
    assert again.out == finished.out


def test_dpkg_lists_the_packages_of_the_lock(
    client: docker.DockerClient, image: Image, root: Root, tmp_path: Path
) -> None:
    """With this machine's dpkg, on the status file that the image has."""
    assert _image("--load").status == 0
    container = client.containers.create(image.name, network_mode="none")
    pieces, _ = container.get_archive("/var/lib/dpkg/status")
    (tmp_path / "status.tar").write_bytes(b"".join(pieces))
    container.remove()
    (tmp_path / "updates").mkdir()
    subprocess.run(["tar", "-xf", "status.tar"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        [
            "dpkg-query",
            *("--admindir", str(tmp_path), "--show"),
            *("--showformat", "${db:Status-Abbrev}${Package} ${Version} ${Architecture}\n"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stderr == ""
    assert sorted(listed.stdout.splitlines()) == sorted(
        f"ii {package.name} {package.version} {package.architecture}"
        for package in root.environment.lock.package
    )


def test_the_file_is_the_same_each_time_and_docker_loads_it(
    empty: docker.DockerClient, image: Image, tmp_path: Path
) -> None:
    paths = [tmp_path / "first.tar", tmp_path / "second.tar"]
    for path in paths:
        finished = _image("--output", str(path))
        assert finished.status == 0, finished.err
        assert finished.out.splitlines()[-1] == f"  written to {path}: docker load --input {path}"
    assert sha256_file(paths[0]) == sha256_file(paths[1])
    assert sorted(contents(tmp_path)) == [b"first.tar", b"second.tar"]
    loaded = subprocess.run(
        ["docker", "load", "--quiet", "--input", str(paths[0])], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == f"Loaded image: {image.name}\n"
    assert empty.images.get(image.name).id == image.config_digest
    said = empty.containers.run(
        image.name, ["-c", "id -u; pwd"], entrypoint="/usr/bin/bash", network_mode="none", remove=True
    )
    assert said == b"1000\n/build\n"


def test_making_writing_and_loading_takes_little_memory(empty: docker.DockerClient, tmp_path: Path) -> None:
    """In a process of its own, whose children's peak is known to the system."""
    assert empty.images.list() == []
    status, peak = _peak("--load", "--output", str(tmp_path / "image.tar"))
    assert status == 0
    assert peak < 200_000_000


def _peak(*options: str) -> tuple[int, int]:
    """The exit status and the largest resident set, in bytes, of the command."""
    script = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'verbatim', *sys.argv[1:]], stdout=subprocess.DEVNULL)\n"
        "sys.stdout.write(f'{done.returncode} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}')"
    )
    arguments = ["image", "--environment", "source", *options]
    said = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True
    )
    status, kilobytes = said.stdout.split()
    return int(status), int(kilobytes) * 1024


# Registries.


def test_a_pushed_image_keeps_its_digest(empty: docker.DockerClient, image: Image, tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as host:
        status, peak = _peak("--push", f"{host}/some/where:v1")
        assert status == 0
        assert peak < 200_000_000
        # The second time, it is there already.
        finished = _image("--push", f"{host}/some/where:v1")
        assert finished.out.splitlines()[-1] == f"  pushed: {host}/some/where@{image.digest}"
        answer = requests.get(
            f"http://{host}/v2/some/where/manifests/v1",
            headers={"Accept": "application/vnd.oci.image.manifest.v1+json"},
            timeout=20,
        )
        assert answer.headers["Docker-Content-Digest"] == image.digest
        assert answer.content == image.manifest
        pulled = empty.images.pull(f"{host}/some/where@{image.digest}")
        assert pulled.id == image.config_digest
        assert pulled.attrs["RepoDigests"] == [f"{host}/some/where@{image.digest}"]


def test_a_registry_that_is_not_there() -> None:
    finished = _image("--push", "127.0.0.1:9/some/where:v1")
    assert finished.status == 4
    assert "error: 127.0.0.1:9 did not accept the image: " in finished.err
    assert "Traceback" not in finished.err


def test_a_registry_that_wants_a_password(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    with docker_registry(tmp_path / "registry", _PASSWORDS) as host:
        refused = _image("--push", f"{host}/some/where:v1")
        assert refused.status == 4
        assert (
            f"error: {host} did not accept the image: it asks for a user name and a password" in refused.err
        )
        subprocess.run(
            ["docker", "login", "--username", "tester", "--password-stdin", host],
            input=b"secret",
            capture_output=True,
            check=True,
        )
        finished = _image("--push", f"{host}/some/where:v1")
        assert finished.out.splitlines()[-1] == f"  pushed: {host}/some/where@{image.digest}", finished.err
