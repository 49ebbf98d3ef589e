"""What is to be seen to on a host for signing."""

from __future__ import annotations

import json
import os
import resource
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from verbatim_sign import doctor
from verbatim_sign.command import main

Output = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


class Host:
    """A host where all is well, as far as a test can make one."""

    def __init__(self, folder: Path, monkeypatch: Patch, capsys: Output) -> None:
        self.folder, self.patch, self._capsys = folder, monkeypatch, capsys
        self.log = folder / "log.jsonl"
        self.limit = 0
        self.put("proc/sys/kernel/core_pattern", "core\n")
        self.swap()
        self.put("bin/gpgconf", "")
        self.agent("ignore-cache-for-signing:8:0:do not use the PIN cache when signing:0:0::::1")
        monkeypatch.setattr(doctor, "_SYSTEM", folder)
        monkeypatch.setattr(resource, "getrlimit", lambda _: (self.limit, self.limit))
        monkeypatch.setenv("PATH", str(folder / "bin"))
        os.umask(0o077)
        monkeypatch.setattr(doctor, "_HERE", self.put("signing/verbatim_sign/x.py", "").parent)
        monkeypatch.setattr(sysconfig, "get_path", lambda _: str(self.site))
        # Those that are not there are not needed.
        self.locked("nowhere==2", "some-one==1.0")
        self.install(self.site)
        self.install(folder / "signing/.venv-run/lib/python3.13/site-packages")

    @property
    def site(self) -> Path:
        return self.folder / "site"

    def install(self, site: Path) -> None:
        """A package, as pip does it."""
        where = str(site.relative_to(self.folder))
        info = "Some.One-1.0.dist-info"
        self.put(f"{where}/{info}/METADATA", "Metadata-Version: 2.1\nName: Some.One\nVersion: 1.0\n")
        self.put(f"{where}/some/one.py", "x = 1\n")
        (site / "some" / "empty").mkdir()
        self.put("bin/some", "#!/bin/sh\n")
        script = os.path.relpath(self.folder / "bin" / "some", site)
        names = ["some/one.py", f"{info}/METADATA", script]
        lines = [f"{name},sha256={doctor._record_hash(site / name)},9\n" for name in names]
        lines += ["some/__pycache__/one.cpython-313.pyc,,\n", f"{info}/RECORD,,\n"]
        self.put(f"{where}/{info}/RECORD", "".join(lines))

    def locked(self, *requirements: str) -> None:
        text = "".join(f"{line.split()[0]} \\\n    --hash=x\n" for line in requirements)
        self.put("signing/requirements/run.txt", text)

    def put(self, path: str, text: str) -> Path:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)
        return self.folder / path

    def swap(self, *devices: str) -> None:
        lines = [f"{device}  partition  1  0  -2\n" for device in devices]
        self.put("proc/swaps", "".join(["Filename  Type  Size  Used  Priority\n", *lines]))

    def agent(self, options: str) -> None:
        self.put("bin/gpgconf", f"#!/bin/sh\necho '{options}'\n").chmod(0o755)

    def examined(self, status: int = 0) -> list[str]:
        """What is not as it should be."""
        assert main(["doctor", "--log", str(self.log)]) == status
        out, err = self._capsys.readouterr()
        lines = out.splitlines()
        assert len(lines) == 6
        no = [line for line in lines if line.startswith("no ")]
        assert [line for line in lines if not line.startswith("yes ")] == no
        assert (f"this host is not fit for signing: {len(no)} of the checks failed" in err) == bool(no)
        return no


@pytest.fixture
def host(tmp_path: Path, monkeypatch: Patch, capsys: Output) -> Host:
    return Host(tmp_path, monkeypatch, capsys)


def test_all_may_be_well(host: Host) -> None:
    assert host.examined() == []


def _limit(host: Host) -> None:
    host.limit = -1


@pytest.mark.parametrize(
    ("spoil", "remedy"),
    [
        (_limit, "core dumps are off: run ulimit -c 0"),
        (
            lambda host: host.put("proc/sys/kernel/core_pattern", "|/usr/bin/x"),
            "core dumps are off: run sysctl kernel.core_pattern=core",
        ),
        (
            lambda host: host.swap("/dev/sdz2", "/swapfile"),
            "or it is encrypted: run swapoff /dev/sdz2 /swapfile",
        ),
        (lambda _: os.umask(0o022), "the umask is 077: it is 022; run umask 077"),
        (lambda host: host.log.write_text("x\n"), "log complete: "),
        (lambda host: host.agent(""), "asks each time: put ignore-cache-for-signing into gpg-agent.conf"),
        (
            lambda host: host.agent("ignore-cache-for-signing:1\nallow-preset-passphrase:1"),
            "asks each time: remove allow-preset-passphrase",
        ),
        (lambda host: (host.folder / "bin" / "gpgconf").unlink(), "asks each time: install gnupg"),
    ],
)
def test_what_is_not_is_said_with_a_remedy(spoil: Callable[[Host], object], remedy: str, host: Host) -> None:
    spoil(host)
    [no] = host.examined(3)
    assert remedy in no


def test_swap_may_be_encrypted(host: Host) -> None:
    host.swap("/dev/dm-1")
    host.put("sys/class/block/dm-1/dm/uuid", "CRYPT-PLAIN-swap\n")
    assert host.examined() == []
    host.put("sys/class/block/dm-1/dm/uuid", "LVM-abc\n")
    assert len(host.examined(3)) == 1


def test_the_clock_is_not_before_the_last_entry(host: Host) -> None:
    entry = {"previous": "0" * 64, "time": "2999-01-01T00:00:00+00:00"}
    host.log.write_text(json.dumps(entry) + "\n")
    [no] = host.examined(3)
    assert "before 2999-01-01T00:00:00+00:00; set it right" in no


def test_another_version_than_is_locked_is_noticed(host: Host) -> None:
    host.locked("some-one==1.1")
    [no] = host.examined(3)
    assert "some-one is 1.0, expected 1.1; remove it, and .venv-check and .venv-run" in no
    host.locked("idna==1.0")
    [no] = host.examined(3)
    assert "some-one is 1.0, expected none" in no


_OF_RUN = "signing/.venv-run/lib/python3.13/site-packages/some"


@pytest.mark.parametrize("where", ["site/some", _OF_RUN])
def test_a_file_of_a_package_that_was_altered_is_noticed(where: str, host: Host) -> None:
    path = host.put(f"{where}/one.py", "x = 2\n")
    [no] = host.examined(3)
    assert f"{path} was altered; remove it, and .venv-check and .venv-run" in no
    path.unlink()
    [no] = host.examined(3)
    assert f"{path} was altered" in no


@pytest.mark.parametrize(
    "name",
    [
        "site/odd.pth",
        "site/sitecustomize.py",
        "site/some/two.pyc",
        "site/some/one.cpython-313-x86_64-linux-gnu.so",
        "site/some/__pycache__/one.cpython-313.pyc",
        "site/Some.One-1.0.dist-info/entry_points.txt",
        f"{_OF_RUN}/json.py",
        "signing/verbatim_sign/check.pyc",
        "signing/verbatim_sign/__pycache__/check.cpython-313.pyc",
    ],
)
def test_a_file_that_no_wheel_has_is_named(name: str, host: Host) -> None:
    path = host.put(name, "")
    [no] = host.examined(3)
    assert f"Python loads only what is locked: {path} is not in any wheel; remove it" in no


def test_a_link_to_a_folder_is_named(host: Host) -> None:
    (host.site / "some" / "more").symlink_to("/")
    [no] = host.examined(3)
    assert "site/some/more is not in any wheel" in no


def test_a_package_without_a_list_of_its_files_is_noticed(host: Host) -> None:
    (host.site / "Some.One-1.0.dist-info" / "RECORD").unlink()
    [no] = host.examined(3)
    assert "METADATA is not in any wheel" in no
