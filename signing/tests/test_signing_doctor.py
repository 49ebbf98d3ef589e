"""What is to be seen to on a host for signing."""

from __future__ import annotations

import json
import os
import resource
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
        # Those that are not there are not needed.
        real = (doctor._HERE.parent / "requirements" / "run.txt").read_text().splitlines()
        self.locked("nowhere==2", *(line for line in real if line.startswith("certifi==")))
        monkeypatch.setattr(doctor, "_HERE", self.put("signing/verbatim_sign/x.py", "").parent)

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
        assert (f"{len(no)} things are not as they should be" in err) == bool(no)
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
        (_limit, "core dumps are off: ulimit -c 0"),
        (
            lambda host: host.put("proc/sys/kernel/core_pattern", "|/usr/bin/x"),
            "core dumps are off: sysctl kernel.core_pattern=core",
        ),
        (lambda host: host.swap("/dev/sdz2", "/swapfile"), "or it is encrypted: swapoff /dev/sdz2 /swapfile"),
        (lambda _: os.umask(0o022), "the umask is 077: it is 022; umask 077"),
        (lambda host: host.log.write_text("x\n"), "log whole: "),
        (lambda host: host.agent(""), "asks each time: put ignore-cache-for-signing into gpg-agent.conf"),
        (
            lambda host: host.agent("ignore-cache-for-signing:1\nallow-preset-passphrase:1"),
            "asks each time: take allow-preset-passphrase away",
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
    host.locked("idna==1.0")
    [no] = host.examined(3)
    assert "idna is 3." in no
    assert "expected 1.0; remove .venv-check and .venv-run" in no


def test_a_package_that_was_altered_is_noticed(host: Host, monkeypatch: Patch) -> None:
    monkeypatch.setattr(doctor, "_record_hash", lambda _: "x")
    [no] = host.examined(3)
    assert "was altered; remove .venv-check and .venv-run" in no
