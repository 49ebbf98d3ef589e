"""``./invoke clean`` removes what is Verbatim's and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.conftest import Run
from verbatim.digest import sha256_bytes
from verbatim.paths import cache_directory
from verbatim.store import Store

# A task that is run in this process takes the signals over.
pytestmark = pytest.mark.usefixtures("interrupts", "elsewhere")


def test_clean_removes_what_is_ours_and_nothing_else(run: Run, tmp_path: Path) -> None:
    cache = cache_directory()
    store = Store(cache)
    content = b"a download"
    sha256 = sha256_bytes(content)
    with store.entering(sha256) as partial:
        partial.write_bytes(content)
        store.admit(partial, sha256)
    in_use = run("clean")
    assert (in_use.status, in_use.complaint) == (
        2,
        f"error: {cache} is in use by a build; wait until it has ended",
    )
    assert store.find(sha256) is not None
    del store
    owner = cache / "docker" / "owner"
    owner.parent.mkdir()
    owner.write_text("this cache")
    closed = cache / "environments" / "a" / "closed"
    closed.mkdir(parents=True)
    closed.chmod(0)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    (cache / "work").symlink_to(outside)
    (cache / "notes.txt").write_text("a stranger's")
    (cache / "stranger").mkdir()
    kept = run("clean", "--keep-downloads")
    assert (kept.status, kept.err) == (0, "")
    assert not (cache / "environments").exists()
    assert Store(cache).find(sha256) is not None
    ended = run("clean")
    assert (ended.status, ended.err) == (0, "")
    assert f"freed in {cache}" in ended.out
    assert Store(cache).find(sha256) is None
    assert owner.read_text() == "this cache"
    assert (cache / "notes.txt").read_text() == "a stranger's"
    assert (cache / "stranger").is_dir()
    assert (outside / "file").read_text() == "precious"


def test_clean_leaves_a_folder_alone_that_was_never_our_cache(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("git", "logs", "work")
    for name in names:
        (tmp_path / "home" / name).mkdir(parents=True)
        (tmp_path / "home" / name / "file").write_text("precious")
    monkeypatch.setenv("VERBATIM_CACHE", str(tmp_path / "home"))
    run("clean")
    assert [name for name in names if (tmp_path / "home" / name / "file").exists()] == list(names)
