"""``./invoke`` really sets itself up, by the host's own pip, whatever that is set to do with the host's packages."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from verbatim.paths import PROJECT

pytestmark = pytest.mark.integration

#: Stands in for the package: says whether what was installed can be imported.
_PACKAGE = "import json, thing\nprint(json.dumps(thing.__file__))\n"


def index_of(folder: Path) -> str:
    """An index with one wheel in it; gives the requirement that pins it."""
    name = "thing-1.0-py3-none-any.whl"
    place = folder / "thing" / name
    place.parent.mkdir(parents=True)
    with zipfile.ZipFile(place, "w") as wheel:
        wheel.writestr("thing.py", "")
        wheel.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr(
            "thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(
            "thing-1.0.dist-info/RECORD",
            "".join(f"{each},,\n" for each in (*wheel.namelist(), "thing-1.0.dist-info/RECORD")),
        )
    (folder / "thing" / "index.html").write_text(f'<a href="{name}">{name}</a>')
    return f"thing==1.0 --hash=sha256:{hashlib.sha256(place.read_bytes()).hexdigest()}\n"


def checkout(folder: Path, requirement: str) -> Path:
    (folder / "requirements").mkdir(parents=True)
    (folder / "requirements" / "runtime.txt").write_text(requirement)
    (folder / "verbatim").mkdir()
    (folder / "verbatim" / "__main__.py").write_text(_PACKAGE)
    shutil.copy(PROJECT / "invoke", folder)
    return folder


@pytest.mark.parametrize("where", ["in variables", "in pip.conf"])
def test_settings_that_move_packages_do_not_move_these(tmp_path: Path, where: str) -> None:
    index = tmp_path / "index"
    folder = checkout(tmp_path / "checkout", index_of(index))
    elsewhere = str(tmp_path / "elsewhere")
    moving = {
        "prefix": elsewhere,
        "target": elsewhere,
        "root": elsewhere,
        "user": "true",
        "dry-run": "true",
        "no-deps": "true",
        "no-binary": ":all:",
        "python": "/bin/false",
        "quiet": "2",
    }
    conf = {"index-url": index.as_uri(), **(moving if where == "in pip.conf" else {})}
    home = tmp_path / "home" / ".config" / "pip"
    home.mkdir(parents=True)
    (home / "pip.conf").write_text(
        "[install]\n" + "".join(f"{name} = {value}\n" for name, value in conf.items())
    )
    # With an index of its own, which has nothing: who asks it has not heard of the other one.
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").write_text("#!/bin/sh\nexit 99\n")
    (programs / "uv").chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "XDG_"))}
    if where == "in variables":
        environment.update(
            {f"PIP_{name.upper().replace('-', '_')}": value for name, value in moving.items()},
            PIP_REQUIRE_VIRTUALENV="true",
        )
    done = subprocess.run(
        [folder / "invoke"],
        env={
            **environment,
            "HOME": str(tmp_path / "home"),
            "XDG_CONFIG_DIRS": str(tmp_path / "nowhere"),
            "PATH": f"{programs}:{environment['PATH']}",
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert Path(json.loads(done.stdout)).is_relative_to(folder / ".venv")
    assert not Path(elsewhere).exists()
