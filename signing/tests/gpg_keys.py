"""GPG keys, good and bad, made by the real gpg in a home of their own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

#: When what has expired was still good.
THEN = ("--faked-system-time", "20200101T000000!")


class Keys:
    """Their fingerprints, and the home that they are in."""

    def __init__(self, home: Path) -> None:
        home.chmod(0o700)
        self.home = home
        self.good = self._make("good")
        self.other = self._make("other")
        self.expired = self._make("expired", *THEN, days="1d")
        self.old = self._make("old", *THEN)
        self.revoked = self._make("revoked")
        self.signed_before = self.gpg(
            "--local-user", self.revoked, "--detach-sign", "--armor", data=b"made with xz"
        )
        self.of_somebody_else = self._make("somebody")
        self.gpg("--yes", "--delete-secret-keys", self.of_somebody_else)
        certificate = (home / "openpgp-revocs.d" / f"{self.revoked}.rev").read_text()
        self.gpg("--import", data=certificate.replace(":-----BEGIN", "-----BEGIN").encode())

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        settings = os.environ | {"GNUPGHOME": str(self.home)}
        command = ["gpg", "--batch", "--quiet", *arguments]
        return subprocess.run(command, env=settings, input=data, capture_output=True, check=True).stdout

    def _make(self, name: str, *when: str, days: str = "never") -> str:
        made = ("--passphrase", "", "--quick-generate-key", f"{name}@example.com", "ed25519", "sign", days)
        self.gpg(*when, *made)
        listed = self.gpg("--with-colons", "--list-keys", f"{name}@example.com").decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))

    def close(self) -> None:
        """Let no agent stay."""
        settings = os.environ | {"GNUPGHOME": str(self.home)}
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=settings, check=True)
