"""Wheels of an environment: where they lie, where they come from, and what a lock may ask of pip."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.archives import wheel
from tests.unit.environments.demo import locked
from verbatim.digest import sha256_file
from verbatim.environments.lock import LockedWheel
from verbatim.environments.rootfs import make_root
from verbatim.environments.wheels import requirements
from verbatim.errors import UsageError
from verbatim.fetch import Fetcher
from verbatim.store import Store

pytestmark = pytest.mark.usefixtures("only_this_mirror")


def locked_wheel(path: Path) -> LockedWheel:
    return LockedWheel(name="demo", version="1.0", file=path.name, sha256=sha256_file(path))


def test_wheels_lie_where_python_finds_them(
    containers: Path, store: Store, fetcher: Fetcher, tmp_path: Path
) -> None:
    path = wheel(tmp_path / "demo-1.0-py3-none-any.whl", "demo/__init__.py", "demo-1.0.dist-info/METADATA")
    with path.open("rb") as opened:
        store.add(opened)
    make_root(locked(containers, wheel=[locked_wheel(path)]), tmp_path / "root", fetcher)
    modules = tmp_path / "root/usr/local/lib/python3.13/dist-packages"
    assert sorted(module.name for module in modules.iterdir()) == ["demo", "demo-1.0.dist-info"]


def test_offline_a_wheel_comes_from_the_cache(containers: Path, store: Store, tmp_path: Path) -> None:
    path = wheel(tmp_path / "demo-1.0-py3-none-any.whl", "demo/__init__.py")
    lock = locked(containers, wheel=[locked_wheel(path)])
    with pytest.raises(UsageError, match=r"demo-1\.0-py3-none-any\.whl is not in the cache"):
        make_root(lock, tmp_path / "root", Fetcher(store, offline=True))


_ODD = st.text(st.sampled_from("ab0.-_+!=<>~,;#@/\\'\" \t\n\r\x0b\x0c\x85\u2028-"), max_size=12)


@given(_ODD, _ODD)
@example("demo==1 --hash=sha256:00\n--no-index\n--find-links /tmp\n#", "1")
@example("demo", "1.0\n")
def test_a_locked_wheel_is_one_requirement_for_pip_and_no_option(name: str, version: str) -> None:
    """Of whatever a lock may hold, pip reads one line, of which it takes the hash alone for an option."""
    try:
        one = LockedWheel(name=name, version=version, file="demo-1.0-py3-none-any.whl", sha256="0" * 64)
    except ValueError:
        return
    [line] = requirements([one]).splitlines()
    said, option = line.split()
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][0-9a-z.+!]*", said)
    assert (said, option) == (f"{name}=={version}", f"--hash=sha256:{'0' * 64}")
