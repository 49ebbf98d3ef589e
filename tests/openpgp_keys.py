"""OpenPGP keys of release managers, good and bad."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

#: When what has expired was still good.
THEN = ("--faked-system-time", "20200101T000000!")


class Keys:
    """OpenPGP keys of the real gpg, in a home of their own."""

    def __init__(self, home: Path, content: bytes) -> None:
        """The revoked key has signed ``content`` before."""
        home.mkdir(mode=0o700)
        self.home = home
        self.good = self._make("good")
        self.other = self._make("other")
        self.expired = self._make("expired", *THEN, days="1d")
        self.old = self._make("old", *THEN)
        self.revoked = self._make("revoked")
        self.by_revoked = self.sign(self.revoked, content)
        certificate = (home / "openpgp-revocs.d" / f"{self.revoked}.rev").read_text()
        self.gpg("--import", data=certificate.replace(":-----BEGIN", "-----BEGIN").encode())

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        command = ["gpg", "--batch", "--quiet", *arguments]
        environment = os.environ | {"GNUPGHOME": str(self.home)}
        return subprocess.run(command, env=environment, input=data, capture_output=True, check=True).stdout

    def sign(self, key: str, content: bytes, *how: str) -> bytes:
        return self.gpg(*how, "--armor", "--local-user", key, "--detach-sign", data=content)

    def exported(self, *keys: str, armored: bool = False) -> bytes:
        return self.gpg(*(["--armor"] if armored else []), "--export", *keys)

    def _make(self, name: str, *when: str, days: str = "never") -> str:
        address = f"{name}@example.com"
        made = ("--passphrase", "", "--quick-generate-key", address, "ed25519", "sign", days)
        self.gpg(*when, *made)
        listed = self.gpg("--with-colons", "--list-keys", address).decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))

    def close(self) -> None:
        """Let no agent stay."""
        environment = os.environ | {"GNUPGHOME": str(self.home)}
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=environment, check=True)
