"""Locks are made by Debian's apt, from its archive as it is today, and come out the same each time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.command import PUBLISHED, verbatim
from tests.integration.conftest import Built
from tests.servers import Site
from verbatim.digest import sha256_bytes
from verbatim.environments import resolve
from verbatim.environments.definition import environment_folder, load_definition
from verbatim.environments.lock import Environment
from verbatim.errors import NetworkError

pytestmark = pytest.mark.integration


def test_a_new_lock_is_valid_and_gives_the_same_artifacts(
    project: Path, built: Built, tmp_path: Path
) -> None:
    folder = project / "containers" / "build" / "source"
    path = folder / "lock.toml"
    former_bytes, former = path.read_bytes(), Environment(folder).lock
    new_bytes, new = _lock(project, path), Environment(folder).lock
    assert _lock(project, path) == new_bytes
    if (new.package, new.wheel) == (former.package, former.wheel):
        assert new_bytes == former_bytes
        return
    # Debian has moved on since.
    assert new.root_sha256 != former.root_sha256
    assert new.snapshot > former.snapshot
    tarball = built.folder / "Python-3.13.5.tar.xz"
    finished = verbatim(
        *(
            "build",
            "--version",
            "3.13.5",
            "--source",
            str(tarball),
            "--output",
            str(tmp_path / "out"),
            "--json",
        ),
        project=project,
    )
    assert finished.hashes == PUBLISHED


def test_packages_of_another_architecture_are_locked_beside_those_of_their_own(project: Path) -> None:
    folder = project / "containers" / "test" / "foreign"
    folder.mkdir()
    (folder / "environment.toml").write_text(
        'description = "made by a test"\nrole = "test"\nsuite = "bookworm"\narchitecture = "amd64"\n'
        'packages = ["zlib1g", "zlib1g:arm64"]\n'
    )
    finished = verbatim("lock", "--environment", "foreign", project=project)
    assert finished.status == 0, finished.err
    lock = Environment(folder).lock
    architectures = {package.name: package.architecture for package in lock.package}
    assert architectures["zlib1g"] == "amd64"
    assert architectures["zlib1g:arm64"] == architectures["libc6:arm64"] == "arm64"
    versions = {package.name: package.version for package in lock.package}
    # dpkg wants it so, of libraries that both have.
    assert versions["zlib1g"] == versions["zlib1g:arm64"]


def test_an_index_that_debian_did_not_sign_makes_no_lock(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However right it looks otherwise, and wherever it comes from."""
    packages = (
        b"Package: demo\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: A <a@example.org>\nSize: 1\n"
        b"Filename: pool/demo.deb\nSHA256: " + b"0" * 64 + b"\nDescription: made by a test\n"
    )
    now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S UTC")
    release = (
        f"Origin: Debian\nSuite: stable\nCodename: trixie\nDate: {now}\nArchitectures: amd64\nComponents: main\n"
        f"SHA256:\n {sha256_bytes(packages)} {len(packages)} main/binary-amd64/Packages\n"
    )
    site.serve("/debian/dists/trixie/Release", release.encode())
    site.serve("/debian/dists/trixie/main/binary-amd64/Packages", packages)
    definition = load_definition(environment_folder("source")).model_copy(update={"packages": ["demo"]})
    monkeypatch.setattr(resolve, "debian_mirrors", lambda: [f"{site.url}/debian"])
    monkeypatch.setattr(resolve, "SNAPSHOT_ARCHIVE", f"{site.url}/nothing")
    with pytest.raises(
        NetworkError, match=r"no mirror gave a signed index of Debian trixie: .* is not signed"
    ):
        resolve.resolve_packages(definition)


def _lock(project: Path, path: Path) -> bytes:
    finished = verbatim("lock", "--environment", "source", project=project)
    assert finished.status == 0, finished.err
    return path.read_bytes()
