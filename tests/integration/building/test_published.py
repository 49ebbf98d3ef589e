"""A real release: the published bytes come out, and what is there is verified before it is believed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.command import PUBLISHED, Finished, verbatim
from tests.integration.conftest import Built, build_without_git_server
from tests.integration.releases import SMALL, small_tarball

pytestmark = pytest.mark.integration


def test_the_artifacts_are_what_python_org_published(built: Built) -> None:
    assert built.finished.hashes == PUBLISHED
    assert set(built.finished.verdicts.values()) == {"identical"}
    assert built.finished.result["unchanged"] is False
    assert sorted(path.name for path in built.folder.iterdir()) == [
        *PUBLISHED,
        "SHA256SUMS",
        "buildinfo",
        "source.intoto.json",
    ]


def test_the_fall_back_to_the_tarball_is_said_and_recorded(built: Built) -> None:
    assert "warning: git: " in built.finished.err
    assert "building from the published tarball instead" in built.finished.err
    assert built.finished.result["source"]["kind"] == "tarball"


def test_the_sums_are_such_as_sha256sum_checks(built: Built) -> None:
    checked = subprocess.run(
        ["sha256sum", "--strict", "--check", "SHA256SUMS"], cwd=built.folder, capture_output=True, check=True
    )
    assert checked.stdout.count(b": OK\n") == len(PUBLISHED)


def test_the_statement_says_what_went_in_and_nothing_of_this_run(built: Built, cache: Path) -> None:
    text = (built.folder / "source.intoto.json").read_text(encoding="ascii")
    statement = json.loads(text)
    assert {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]} == PUBLISHED
    source, *others = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert source["digest"] == {"sha256": PUBLISHED[source["name"]]}
    assert [other["name"].partition("/")[0] for other in others] == ["environment", "environment", "recipe"]
    assert str(cache) not in text
    assert str(built.output) not in text


def test_when_nothing_changed_nothing_is_touched(built: Built, cache: Path) -> None:
    before = _states(built.folder)
    again = build_without_git_server(built.output, cache=cache)
    assert again.result["unchanged"] is True
    assert again.hashes == PUBLISHED
    assert _states(built.folder) == before


def test_the_published_tgz_gives_both_with_no_network_at_all(built: Built, tmp_path: Path) -> None:
    tarball = Path(shutil.copy(built.folder / "Python-3.13.5.tgz", tmp_path / "renamed.tgz"))
    finished = verbatim(
        *("build", "--version", "3.13.5", "--source", str(tarball), "--offline"),
        *("--output", str(tmp_path / "results"), "--json"),
        within=["unshare", "--user", "--map-root-user", "--net"],
    )
    assert finished.hashes == PUBLISHED
    assert set(finished.verdicts.values()) == {"identical"}
    assert finished.result["source"]["digest"] == {"sha256": PUBLISHED["Python-3.13.5.tgz"]}


def _states(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """What would betray that a file was written, or put in the place of another."""
    statuses = {path: path.stat() for path in [folder, *folder.rglob("*")]}
    return {
        path: (status.st_ino, status.st_mtime_ns, status.st_ctime_ns) for path, status in statuses.items()
    }


def _append(path: Path) -> None:
    with path.open("ab") as opened:
        opened.write(b"\n")


def _flip(path: Path) -> None:
    """Alter one bit, and neither the size nor the times."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _link(path: Path) -> None:
    """Put a link to the same bytes in its place."""
    path.symlink_to(path.rename(path.parent.parent / path.name))


@pytest.mark.parametrize(
    ("name", "alter"),
    [
        (f"Python-{SMALL}.tgz", _flip),
        (f"Python-{SMALL}.tar.xz", Path.unlink),
        ("SHA256SUMS", _link),
        ("source.intoto.json", _append),
    ],
)
def test_what_was_altered_is_noticed_and_built_anew(
    tmp_path: Path, name: str, alter: Callable[[Path], None]
) -> None:
    tarball = small_tarball(tmp_path / "small.tgz")

    def build() -> Finished:
        return verbatim(
            "build", "--version", SMALL, "--source", str(tarball), "--output", str(tmp_path / "out"), "--json"
        )

    first = build()
    folder = tmp_path / "out" / SMALL
    good = (folder / name).read_bytes()
    alter(folder / name)
    second = build()
    assert second.result["unchanged"] is False
    assert f"warning: {folder}" in second.err
    assert second.hashes == first.hashes
    assert (folder / name).read_bytes() == good
    assert not (folder / name).is_symlink()
    assert build().result["unchanged"] is True
