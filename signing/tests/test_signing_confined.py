"""Confined: the lines for bubblewrap in the README let it do its work, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from gpg_keys import Keys
from release_maker import IDENTITY, ISSUER, MadeRelease
from signer import one_rekor

from tests.sigstore import PrivateSigstore

SIGNING = Path(__file__).resolve().parent.parent
VERSION = "3.13.5"
pytestmark = [pytest.mark.integration, one_rekor("v2")]


class Host:
    """A home that has everything where the README wants it, on a machine that has what Debian has."""

    def __init__(self, home: Path, sigstore: PrivateSigstore, keys: Keys) -> None:
        self.made = MadeRelease(home, VERSION)
        self.made.signing["gpg"] = keys.good
        self.made.write_policy()
        own = home / ".config" / "verbatim-sign"
        own.mkdir(parents=True)
        (home / ".local" / "state" / "verbatim-sign").mkdir(parents=True)
        shutil.copy(self.made.policy_path, own)
        shutil.copy(sigstore.trust_config, own / "trust.json")
        shutil.copytree(keys.home, home / ".gnupg", ignore=shutil.ignore_patterns("S.*"))
        shutil.copytree(SIGNING, home / "signing", ignore=shutil.ignore_patterns(".venv-*"))
        hidden = ("_proxy", "gnupghome")
        self._settings = {
            name: value for name, value in os.environ.items() if not name.lower().endswith(hidden)
        }
        self._settings |= {"PATH": "/usr/bin:/bin", "NO_PROXY": "127.0.0.1,localhost"}
        self._settings["SIGSTORE_IDENTITY_TOKEN"] = sigstore.token(IDENTITY, issuer=ISSUER)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line as somebody types it, and then the version."""
        terminal, side = os.openpty()
        os.write(terminal, f"{VERSION}\n".encode())
        try:
            return subprocess.run(
                ["bash", "-c", command],
                env=self._settings,
                stdin=side,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            os.close(side)
            os.close(terminal)


def test_it_is_confined(home: Path, sigstore: PrivateSigstore, keys: Keys) -> None:
    host = Host(home, sigstore, keys)
    lines = re.findall(r"^    (bwrap (?:.+\\\n)+.+)", (SIGNING / "README.md").read_text(), re.MULTILINE)
    check, run = lines
    trust = "--trust-config ~/.config/verbatim-sign/trust.json"
    run = run.replace("sign run", f"sign run {trust}")
    made = [host.run(f"~/signing/sign {step} --help") for step in ("check", "run")]
    assert [done.returncode for done in made] == [0, 0], made
    checked = host.run(check)
    assert checked.returncode == 0, checked.stderr
    assert "the policy is met" in checked.stdout
    signed = host.run(run)
    assert signed.returncode == 0, signed.stderr
    assert "valid signatures: 4" in signed.stdout
    assert len(host.made.signatures()) == 4

    inside = {line: re.sub(r"~/signing/sign .*", "bash -c '{}'", line) for line in lines}
    (home / "secret").touch()
    url = re.search(r'"(http://[^"]+)"', sigstore.trust_config.read_text())
    assert url is not None
    reach = f"exec 3<> /dev/tcp/{url[1].split('/')[2].replace(':', '/')}"
    for command, allowed in {
        "ls ~/release": {lines[0], lines[1]},
        "touch ~/release/file": {lines[1]},
        reach: {lines[1]},
        "touch ~/signing/file": set[str](),
        "touch ~/.config/verbatim-sign/policy.toml": set(),
        "touch /usr/file": set(),
        "ls ~/secret": set(),
        "ls /root/.ssh /home": set(),
    }.items():
        for line in lines:
            done = host.run(inside[line].replace("{}", command))
            assert (done.returncode == 0) == (line in allowed), (line, command, done.stderr)
