"""The caches: all are known to who cleans, and what is old enough goes."""

from __future__ import annotations

import ast
import io
import os
import time
from pathlib import Path

import pytest

from verbatim.caches import Cache, registered
from verbatim.commands.clean import clean_cache
from verbatim.errors import UsageError
from verbatim.paths import CACHE_TAG, PROJECT, cache_directory
from verbatim.store import Store

PACKAGE = PROJECT / "verbatim"


def test_who_cleans_knows_every_cache_that_any_module_makes() -> None:
    made = {
        str(node.args[0].value)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Cache"
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(made) > 10
    assert made == {cache.name for cache in registered()}


def test_nobody_makes_a_path_in_the_cache_by_another_way() -> None:
    for path in PACKAGE.rglob("*.py"):
        joined = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and isinstance(node.left, ast.Call)
            and isinstance(node.left.func, ast.Name)
            and node.left.func.id == "cache_directory"
        ]
        assert not joined or path.name == "caches.py", f"{path}, lines {joined}"


def test_a_cache_has_a_name_of_its_own() -> None:
    with pytest.raises(ValueError, match="two caches 'work'"):
        Cache("work")


def _days_ago(path: Path, days: float) -> None:
    then = time.time() - days * 24 * 3600
    os.utime(path, (then, then))


def test_only_what_was_not_used_for_so_many_days_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a file was changed cannot be set back, so the clock is turned on."""
    cache = cache_directory()
    store = Store(cache)
    old, _ = store.add(io.BytesIO(b"old"))
    used, path = store.add(io.BytesIO(b"old, and read lately"))
    del store
    for name in ("old", "new"):
        (cache / "environments" / name).mkdir(parents=True)
    now = time.time()
    monkeypatch.setattr("verbatim.commands.clean.time.time", lambda: now + 40 * 24 * 3600)
    for lately in (path, cache / "environments" / "new"):
        _days_ago(lately, -35)
    assert clean_cache(cache, downloads=True, days=30) > 0
    assert [entry.name for entry in (cache / "environments").iterdir()] == ["new"]
    found = Store(cache)
    assert (found.find(old), found.find(used)) == (None, path)


def test_a_folder_that_is_no_cache_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sha256").mkdir()
    assert not (tmp_path / CACHE_TAG).exists()
    with pytest.raises(UsageError, match="was not made by verbatim"):
        clean_cache(tmp_path, downloads=True)
    assert (tmp_path / "sha256").exists()
