"""What is read out of the files that somebody wants to have verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archives import COMPRESSIONS, file, folder, tar
from tests.zips import Entry, zipped
from verbatim.commands.verify import stages_of, version_of
from verbatim.errors import UndecidedError, UsageError
from verbatim.release import Release

RELEASE = Release.parse("3.13.5")


def put(path: Path, top: str, compression: str) -> Path:
    """An archive of that format with that folder at its top."""
    if compression == "zip":
        path.write_bytes(zipped(Entry(f"{top}/a", b"a")))
    else:
        path.write_bytes(COMPRESSIONS[compression](tar(folder(top), file(f"{top}/a", b"a"))))
    return path


@pytest.mark.parametrize(
    ("top", "compression", "stages"),
    [
        ("Python-3.13.5", "gz", ("source", "")),
        ("Python-3.13.5", "xz", ("source", "")),
        ("python-3.13.5-docs-html", "zip", ("docs", "html")),
        ("python-3.13.5-docs-pdf-a4", "bz2", ("docs", "pdf-a4")),
        ("cpython-3.13.5-wasm32-wasip1", "xz", ("wasm32-wasip1", "")),
        ("cpython-3.13.5-x86_64-linux-gnu", "xz", ("linux-x86_64", "")),
        ("cpython-3.13.5-vax-vms", "xz", ("source", "")),
    ],
)
def test_what_is_to_be_built_for_a_file(
    top: str, compression: str, stages: tuple[str, str], tmp_path: Path
) -> None:
    assert stages_of(RELEASE, [put(tmp_path / "download", top, compression)]) == stages


def test_what_is_to_be_built_for_several(tmp_path: Path) -> None:
    files = [
        put(tmp_path / "1", "Python-3.13.5", "xz"),
        put(tmp_path / "2", "python-3.13.5-docs-html", "zip"),
        put(tmp_path / "3", "python-3.13.5-docs-text", "zip"),
    ]
    assert stages_of(RELEASE, files) == ("docs,source", "html,text")
    assert version_of(files) == "3.13.5"


def test_files_of_several_releases_are_refused(tmp_path: Path) -> None:
    files = [put(tmp_path / "1", "Python-3.13.5", "xz"), put(tmp_path / "2", "Python-3.13.4", "xz")]
    with pytest.raises(UsageError, match=r"of several releases: 3\.13\.4, 3\.13\.5; verify one"):
        version_of(files)


def test_a_file_that_does_not_say_its_release_is_undecided(tmp_path: Path) -> None:
    good, other = put(tmp_path / "1", "Python-3.13.5", "xz"), tmp_path / "2"
    other.write_bytes(b"\xff\xd8")
    with pytest.raises(UndecidedError, match="2 was not examined: it does not say of which release it is"):
        version_of([good, other])
    assert version_of([]) == ""
