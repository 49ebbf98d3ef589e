"""A disk that is full: one line, and nothing that looks finished. The disk is a small one, in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.command import Finished, verbatim
from tests.integration.conftest import Built
from tests.integration.releases import SMALL, small_tarball
from verbatim.digest import sha256_file

pytestmark = pytest.mark.integration

# Mounts a file system of $1 bytes on $2, for this command alone; lists what is in it afterwards in $3, and
# keeps in $4 what the store says is complete.
_SMALL_DISK = """
disk=$2 list=$3 kept=$4
mount -t tmpfs -o "size=$1,mode=700" none "$disk" || exit 99
shift 4
"$@"
status=$?
(cd "$disk" && find . -mindepth 1) > "$list"
find "$disk" -path '*/sha256/*' -type f -exec cp --target-directory "$kept" {} +
exit $status
"""


class Disk:
    """A small disk for one command."""

    def __init__(self, folder: Path, size: str, notes: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._list, self._kept = notes / "list", notes / "kept"
        self._kept.mkdir()
        self.within = [
            *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _SMALL_DISK, "sh"),
            *(size, str(folder), str(self._list), str(self._kept)),
        ]

    @property
    def left(self) -> list[str]:
        return sorted(line.removeprefix("./") for line in self._list.read_text().splitlines())

    @property
    def kept(self) -> list[Path]:
        return list(self._kept.iterdir())


def test_the_output_folder_s_disk(built: Built, tmp_path: Path) -> None:
    disk = Disk(tmp_path / "out", "4m", tmp_path)
    _refuse(
        verbatim(
            *("build", "--version", "3.13.5", "--source", str(built.folder / "Python-3.13.5.tgz")),
            *("--output", str(tmp_path / "out")),
            within=disk.within,
        )
    )
    assert disk.left == []


def test_the_disk_of_the_work(built: Built, cache: Path, tmp_path: Path) -> None:
    disk = Disk(cache / "work", "20m", tmp_path)
    _refuse(
        verbatim(
            *("build", "--version", "3.13.5", "--source", str(built.folder / "Python-3.13.5.tgz")),
            *("--output", str(tmp_path / "out")),
            within=disk.within,
        )
    )
    assert disk.left == []
    assert list((tmp_path / "out").iterdir()) == []


def test_the_disk_of_the_environments(downloads: Path, tmp_path: Path) -> None:
    disk = Disk(downloads / "environments", "40m", tmp_path)
    _refuse(_build_small(tmp_path, downloads, disk, "--offline"))
    assert [name for name in disk.left if not name.endswith(".lock")] == []


def test_the_disk_of_the_downloads(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "cache", "12m", tmp_path)
    _refuse(_build_small(tmp_path, tmp_path / "cache", disk))
    assert [path.name for path in disk.kept if sha256_file(path) != path.name] == []
    assert not any(name.startswith("environments/") and not name.endswith(".lock") for name in disk.left)


def _build_small(folder: Path, cache: Path, disk: Disk, *options: str) -> Finished:
    tarball = small_tarball(folder / "small.tgz")
    return verbatim(
        *("build", "--version", SMALL, "--source", str(tarball), "--output", str(folder / "out"), *options),
        cache=cache,
        within=disk.within,
    )


def _refuse(finished: Finished) -> None:
    refusal = finished.refusal(3)
    assert "No space left on device" in refusal or "the disk was full" in refusal
    assert "free some space" in refusal
