"""What is wrong with the input, from the command line to the exit status. Nothing is left that looks good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.archives import COMPRESSIONS, file, tar
from tests.integration.command import PUBLISHED, verbatim
from tests.integration.conftest import Built
from tests.integration.releases import SMALL, small_tarball
from tests.servers import Site
from verbatim.environments.lock import Environment, LockedPackage
from verbatim.environments.rootfs import Root

pytestmark = pytest.mark.integration

_NO_GIT_SERVER = {"VERBATIM_GIT_URL": "http://127.0.0.1:9/cpython"}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return small_tarball(tmp_path / "small.tgz")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_corrupted_mirror_is_named_and_another_one_asked(
    root: Root, downloads: Path, small: Path, output: Path, site: Site
) -> None:
    package = _package(root.environment, "gzip")
    stored = _stored(downloads, package.sha256)
    site.serve(f"/debian/{package.path}", stored.read_bytes()[::-1])
    stored.unlink()
    finished = verbatim(
        *("build", "--version", SMALL, "--source", str(small), "--output", str(output), "--json"),
        cache=downloads,
        settings={"VERBATIM_DEBIAN_MIRROR": f"{site.url}/debian", "NO_PROXY": "127.0.0.1"},
    )
    assert finished.result["unchanged"] is False
    assert re.search(rf"warning: {site.url}/debian/\S*gzip\S*: it has SHA-256", finished.err)
    assert _stored(downloads, package.sha256).exists()


def test_an_address_with_other_bytes_is_refused(
    built: Built, output: Path, tmp_path: Path, site: Site
) -> None:
    content = (built.folder / "Python-3.13.5.tgz").read_bytes()
    site.serve("/Python-3.13.5.tgz", content[: len(content) // 2])
    url = f"{site.url}/Python-3.13.5.tgz"
    cache = tmp_path / "cache"
    refusal = verbatim(
        *("build", "--version", "3.13.5", "--source", url, "--output", str(output)),
        cache=cache,
        settings={"NO_PROXY": "127.0.0.1"},
    ).refusal(6)
    assert url in refusal
    assert PUBLISHED["Python-3.13.5.tgz"] in refusal
    assert not output.exists()
    assert [path for path in (cache / "sha256").rglob("*") if path.is_file()] == []


def test_a_lock_with_a_wrong_hash_of_a_package_is_refused(
    project: Path, downloads: Path, small: Path, output: Path
) -> None:
    package = _package(Environment(project / "containers" / "build" / "source"), "gzip")
    wrong = package.sha256[::-1]
    _edit_lock(project, package.sha256, wrong)
    refusal = verbatim(
        *("build", "--version", SMALL, "--source", str(small), "--output", str(output)),
        project=project,
        cache=downloads,
    ).refusal(6)
    assert f"no mirror has the pinned gzip {package.version}" in refusal
    assert f"it has SHA-256 {package.sha256}, expected {wrong}" in refusal
    assert not _stored(downloads, wrong).exists()
    assert not output.exists()


def test_a_lock_with_a_wrong_root_digest_is_refused(
    project: Path, root: Root, downloads: Path, small: Path, output: Path
) -> None:
    right = root.environment.lock.root_sha256
    _edit_lock(project, right, right[::-1])
    refusal = verbatim(
        *("build", "--version", SMALL, "--source", str(small), "--output", str(output), "--offline"),
        project=project,
        cache=downloads,
    ).refusal(1)
    assert f"root digest {right}" in refusal
    assert right[::-1] in refusal
    assert [path for path in (downloads / "environments").iterdir() if path.is_dir()] == []
    assert not output.exists()


def test_what_was_altered_in_the_cache_is_noticed(
    root: Root, downloads: Path, small: Path, output: Path
) -> None:
    def build(version_folder: str) -> dict[str, str]:
        finished = verbatim(
            *("build", "--version", SMALL, "--source", str(small), "--json"),
            *("--output", str(output / version_folder)),
            cache=downloads,
        )
        said.append(finished.err)
        return finished.hashes

    said: list[str] = []
    good = build("first")
    environment = downloads / "environments" / root.path.name
    program = environment / "usr" / "bin" / "gzip"
    _flip(program)
    deb = _stored(downloads, _package(root.environment, "gzip").sha256)
    deb.chmod(0o600)
    _flip(deb)
    assert build("second") == good
    assert "warning: the cached environment source was altered" in said[1]
    assert f"warning: {deb} was altered" in said[1]
    assert build("third") == good
    assert "warning" not in said[2]


@pytest.mark.parametrize("source", ["tarball", "auto"])
def test_a_version_that_does_not_exist_is_refused(source: str, output: Path) -> None:
    refusal = verbatim(
        *("build", "--version", SMALL, "--source", source, "--output", str(output)), settings=_NO_GIT_SERVER
    ).refusal(2)
    assert f"releases/published.toml has no source tarball of {SMALL}" in refusal
    assert not output.exists()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_truncated_tarball_is_refused(built: Built, output: Path, tmp_path: Path, name: str) -> None:
    truncated = tmp_path / f"truncated {name}"
    content = (built.folder / name).read_bytes()
    truncated.write_bytes(content[: len(content) // 2])
    refusal = verbatim(
        "build", "--version", "3.13.5", "--source", str(truncated), "--output", str(output)
    ).refusal(6)
    assert f"{name} is damaged" in refusal
    assert not output.exists() or list(output.iterdir()) == []


def test_a_tarball_with_two_tops_is_refused(output: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.tgz"
    path.write_bytes(COMPRESSIONS["gz"](tar(file(f"Python-{SMALL}/README"), file("another/README"))))
    refusal = verbatim("build", "--version", SMALL, "--source", str(path), "--output", str(output)).refusal(6)
    assert f"holds Python-{SMALL}, another at its top" in refusal
    assert not output.exists() or list(output.iterdir()) == []


def test_offline_with_an_empty_cache_is_refused(small: Path, output: Path, tmp_path: Path) -> None:
    refusal = verbatim(
        *("build", "--version", SMALL, "--source", str(small), "--output", str(output), "--offline"),
        cache=tmp_path / "cache",
    ).refusal(2)
    assert "not in the cache" in refusal
    assert "run once without --offline" in refusal
    assert not output.exists()


def test_offline_with_only_the_downloads_builds(downloads: Path, small: Path, output: Path) -> None:
    finished = verbatim(
        *(
            "build",
            "--version",
            SMALL,
            "--source",
            str(small),
            "--output",
            str(output),
            "--offline",
            "--json",
        ),
        cache=downloads,
        within=["unshare", "--user", "--map-root-user", "--net"],
    )
    assert set(finished.verdicts.values()) == {"unpublished"}


def test_other_contents_than_the_published_are_shown_and_refused(output: Path, tmp_path: Path) -> None:
    path = small_tarball(tmp_path / "forged.tgz", "3.13.5")
    finished = verbatim("build", "--version", "3.13.5", "--source", str(path), "--output", str(output))
    assert finished.status == 1
    assert "Traceback" not in finished.err
    assert f"warning: {path} is not a tarball that python.org published" in finished.err
    assert finished.out.count("differs from python.org") == 2
    assert "error: Python-3.13.5.tar.xz, Python-3.13.5.tgz: not what python.org published" in finished.err


def _package(environment: Environment, name: str) -> LockedPackage:
    return next(package for package in environment.lock.package if package.name == name)


def _stored(cache: Path, sha256: str) -> Path:
    return cache / "sha256" / sha256[:2] / sha256


def _edit_lock(project: Path, old: str, new: str) -> None:
    path = project / "containers" / "build" / "source" / "lock.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def _flip(path: Path) -> None:
    """Alter one bit."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
