"""Locks: read back as they were written, and refused where they are damaged or of something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli
import tomli_w

from tests.unit.environments.demo import DEFINITION, DEMO, OTHER
from verbatim.data import load_model
from verbatim.digest import sha256_bytes
from verbatim.environments.lock import Environment, Lock, LockedWheel
from verbatim.errors import IntegrityError

pytestmark = pytest.mark.usefixtures("only_this_mirror")


def test_a_lock_is_read_back_as_it_was_written(
    containers: Path, environment: Environment, lock: Lock
) -> None:
    path = containers / "demo" / "lock.toml"
    first = path.read_bytes()
    assert load_model(path, Lock, "") == lock == environment.lock
    assert environment.lock_sha256 == sha256_bytes(first)
    assert first.startswith(b"# Written by `./invoke lock --environment demo`")
    lock.write(path, "demo")
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ('"other"', '"others"'),
        ('"trixie"', '"sid"'),
        ('"3.13"', '"3.14"'),
        ('"amd64"', '"arm64"'),
        ('python = "3.13"', ""),
        ("packages", 'wheels = ["blurb==2.0"]\npackages'),
    ],
)
@pytest.mark.usefixtures("environment")
def test_a_lock_of_another_definition_is_refused(containers: Path, said: str, instead: str) -> None:
    path = containers / "demo" / "environment.toml"
    path.write_text(DEFINITION.replace(said, instead))
    with pytest.raises(IntegrityError) as caught:
        Environment(containers / "demo")
    assert str(containers / "demo" / "lock.toml") in caught.value.message
    assert "./invoke lock --environment demo" in caught.value.remedy


_DEMO_PATH = "pool/main/d/demo/demo_1.0-1_amd64.deb"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("definition_sha256", "0" * 63),
        ("root_sha256", "A" * 64),
        ("root_sha256", "0" * 64 + "\n"),
        ("root_size", "large"),
        ("snapshot", "2025-06-11"),
        ("snapshot", "20251399T000000Z"),
        ("mirror", "https://example.invalid/debian"),
        ("root_sha256", None),
        ("package", None),
        ("package.0.sha256", "0" * 65),
        ("package.0.sha256", None),
        ("package.0.size", 0),
        ("package.0.size", -1),
        ("package.0.name", "../demo"),
        ("package.0.signed", False),
        ("package.0.path", "../../etc/passwd.deb"),
        ("package.0.path", f"pool/../{_DEMO_PATH}"),
        ("package.0.path", f"/{_DEMO_PATH}"),
        ("package.0.path", f"https://example.invalid/{_DEMO_PATH}"),
        ("package.0.path", f"{_DEMO_PATH}?x=.deb"),
        ("package.0.path", f"{_DEMO_PATH}\n"),
        ("package.0.path", "pool/main/d/demo/demo_1.0-1_amd64.tar"),
        ("wheel.0.file", "../demo-1.0-py3-none-any.whl"),
        ("wheel.0.file", "demo.whl"),
        ("wheel.0.sha256", ""),
        ("package.0.version", "1.0 --option"),
        ("package.0.version", "1.0\n"),
        ("package.0.version", ""),
        ("package.0.architecture", "amd64\n"),
        ("suite", "trixie main\ndeb"),
        ("architecture", "../amd64"),
        ("python", "3.13/../.."),
        *(
            ("wheel.0.name", name)
            for name in (
                "",
                "-r",
                "--pre",
                "demo\n--no-index",
                "demo ",
                "de mo",
                "demo#",
                "demo;",
                "demo @ file:x",
            )
        ),
        *(
            ("wheel.0.version", version)
            for version in ("", "*", "1.0,>0", "1.0 --pre", "1.0\n-r x", "1.0;", "1.0#")
        ),
    ],
)
def test_a_lock_that_is_damaged_is_told_with_its_path(
    containers: Path, lock: Lock, place: str, value: object
) -> None:
    one = LockedWheel(name="demo", version="1.0", file="demo-1.0-py3-none-any.whl", sha256="0" * 64)
    path = containers / "demo" / "lock.toml"
    lock.model_copy(update={"wheel": [one]}).write(path, "demo")
    Environment(containers / "demo")
    damaged: Any = tomli.loads(path.read_text())
    inner = damaged
    *steps, last = place.split(".")
    for step in steps:
        inner = inner[int(step) if step.isdigit() else step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    path.write_text(tomli_w.dumps(damaged))
    with pytest.raises(IntegrityError) as caught:
        Environment(containers / "demo")
    assert caught.value.message.startswith(f"{path}: {place}: ")
    assert len(caught.value.message) < 500
    assert "restore it, for instance with git checkout" in caught.value.remedy


def test_a_package_whose_file_is_of_another_is_refused(containers: Path, lock: Lock) -> None:
    swapped = [DEMO.locked(path=OTHER.path), OTHER.locked(path=DEMO.path)]
    lock.model_copy(update={"package": swapped}).write(containers / "demo" / "lock.toml", "demo")
    with pytest.raises(
        IntegrityError, match=f"{containers}/demo/lock.toml names a package with the file of another package"
    ):
        Environment(containers / "demo")
