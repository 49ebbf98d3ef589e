"""An environment's own commands: they change the new root, and see nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from verbatim.environments.activate import activate
from verbatim.environments.rootfs import Root
from verbatim.errors import CapabilityError, IntegrityError

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def copy(root: Root, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that may be written to."""
    folder = tmp_path_factory.mktemp("copy") / "root"
    return Path(shutil.copytree(root.path, folder, symlinks=True))


def test_what_they_make_is_in_the_root(copy: Path, root: Root) -> None:
    commands = ["cd /usr/local", "ln -s ../bin/dash sh", 'echo "$(id -u) $SOURCE_DATE_EPOCH $PWD" > made']
    activate(copy, root.environment.lock, commands)
    assert (copy / "usr/local/made").read_text() == f"0 {root.environment.lock.time} /usr/local\n"
    assert (copy / "usr/local/sh").readlink() == Path("../bin/dash")


def test_they_have_neither_network_nor_host_nor_rights(copy: Path, root: Root, tmp_path: Path) -> None:
    commands = [
        f"! test -e {tmp_path}",
        "tail -n +3 /proc/net/dev | grep --invert-match --count lo: > /usr/local/devices || true",
        "grep CapEff /proc/self/status > /usr/local/capabilities",
        "grep 'Seccomp:' /proc/self/status > /usr/local/filter",
        "! touch /proc/sys/kernel/hostname",
        "env | cut -d = -f 1 | sort > /usr/local/variables",
    ]
    activate(copy, root.environment.lock, commands)
    made = copy / "usr/local"
    assert (made / "devices").read_text() == "0\n"
    assert int((made / "capabilities").read_text().split()[1], 16) == 0
    assert (made / "filter").read_text().split()[1] == "2"
    assert set((made / "variables").read_text().split()) - {"_", "SHLVL", "PWD", "OLDPWD"} == {
        *("FORCE_SOURCE_DATE", "HOME", "LC_ALL", "PATH", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TZ")
    }


def test_the_first_that_fails_ends_it_and_is_told(copy: Path, root: Root) -> None:
    with pytest.raises(
        IntegrityError, match="failed with status 7: on it / no such thing; a maintainer can correct"
    ):
        activate(
            copy,
            root.environment.lock,
            ["echo on it", "(echo no such thing >&2; exit 7)", "touch /usr/local/never"],
        )
    assert not (copy / "usr/local/never").exists()


def test_another_architecture_needs_another_machine(copy: Path, root: Root) -> None:
    with pytest.raises(CapabilityError, match="an environment for riscv64"):
        activate(copy, root.environment.lock.model_copy(update={"architecture": "riscv64"}), ["true"])
