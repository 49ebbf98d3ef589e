"""OpenPGP signatures: made by the user's own gpg, which asks for the passphrase or the token, and verified with gpgv.

Exit statuses are not enough: gpgv's is 0 for an expired key. The lines on --status-fd are complete; see
doc/DETAILS of GnuPG.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from verbatim_sign.errors import CredentialError, HostError
from verbatim_sign.files import OpenFile, read_trusted

#: SHA-256, SHA-384 and SHA-512, by their numbers in RFC 9580 (9.5).
_HASHES = ("8", "9", "10")
_REMEDY = "check the key, and `gpg` in the policy"


@dataclass
class Gpg:
    """A key, by the fingerprint of its primary key."""

    fingerprint: str
    #: The file with the public key, instead of gpg's own keys.
    path: Path | None = None
    #: The keyring for gpgv, with that key alone.
    _keyring: bytes = b""
    ending = ".asc"

    @property
    def who(self) -> str:
        return f"the GPG key {self.fingerprint}"

    def prepare(self) -> Callable[[OpenFile], bytes]:
        """A function that signs a file; raises CredentialError if the key cannot be used."""
        listing = _run("gpg", "--batch", "--with-colons", "--list-secret-keys", self.fingerprint)
        fields = [line.split(":") for line in _text(listing.stdout).splitlines()]
        primary = [field for field in fields if field[0] == "sec"]
        fingerprints = [field[9] for field in fields if field[0] == "fpr"]
        if len(primary) != 1 or fingerprints[0] != self.fingerprint:
            raise CredentialError(f"gpg has no secret key {self.fingerprint}", _REMEDY)
        for letter, what in (("e", "has expired"), ("r", "was revoked")):
            if primary[0][1] == letter:
                raise CredentialError(f"{self.who} {what}", _REMEDY)
        return self._sign

    def load(self) -> None:
        """Get the public key to verify signatures with."""
        own = ("gpg", "--batch", "--export", self.fingerprint)
        self._keyring = read_trusted(self.path) if self.path else _run(*own).stdout
        if not self._keyring:
            raise CredentialError(f"gpg has no public key {self.fingerprint}", "import it, or give --keyring")

    def command(self, name: str) -> list[str]:
        """The command by which a downstream verifies a file."""
        return ["gpgv", "--keyring", "./keyring.gpg", name + self.ending, name]

    def _sign(self, file: OpenFile) -> bytes:
        """A detached, armoured signature of the bytes that were hashed."""
        command = ("gpg", "--armor", "--digest-algo", "SHA512", "--local-user", self.fingerprint)
        done = _run(*command, "--output", "-", "--detach-sign", data=file.read())
        if done.returncode != 0:
            complaint = ascii(_text(done.stderr)[-200:])
            raise CredentialError(f"gpg did not sign: {complaint}", _REMEDY)
        return done.stdout

    def verify(self, file: OpenFile, signature: bytes) -> None:
        """Raise CredentialError unless a signature is good, and by this key, which must be valid now."""
        with tempfile.TemporaryDirectory() as folder:
            keyring, signed = Path(folder, "keyring.gpg"), Path(folder, "signature.asc")
            keyring.write_bytes(self._keyring)
            signed.write_bytes(signature)
            command = ("gpgv", "--status-fd", "1", "--keyring", str(keyring), str(signed), "-")
            done = _run(*command, data=file.read())
        lines = [line.split() for line in _text(done.stdout).splitlines() if line.startswith("[GNUPG:] ")]
        words = {each[1] for each in lines}
        valid = [each for each in lines if each[1] == "VALIDSIG"]
        for word, what in (
            ("EXPKEYSIG", "by a key that has expired"),
            ("REVKEYSIG", "by a key that was revoked"),
            ("EXPSIG", "a signature that has expired"),
            ("BADSIG", "of other bytes"),
        ):
            if word in words:
                raise CredentialError(f"the signature of {file.name} is {what}", _REMEDY)
        # VALIDSIG has the hash as its eighth argument, then the class, and the fingerprint of the primary key as its last.
        # Class 00 signs bytes; a signature of class 01, of text, also fits other line ends.
        fits = len(valid) == 1 and valid[0][9] in _HASHES and valid[0][10:] == ["00", self.fingerprint]
        if done.returncode != 0 or "GOODSIG" not in words or not fits:
            raise CredentialError(f"the signature of {file.name} is not a valid one by {self.who}", _REMEDY)


def _text(output: bytes) -> str:
    """Decode gpg's output, in which names may have any encoding."""
    return output.decode(errors="replace")


def _run(*command: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    # The terminal for pinentry, as in gpg-agent(1).
    terminal = {"GPG_TTY": os.ttyname(sys.stdin.fileno())} if sys.stdin.isatty() else {}
    try:
        return subprocess.run(
            command, input=data, capture_output=True, check=False, env=os.environ | terminal
        )
    except FileNotFoundError as error:
        raise HostError(f"{command[0]} is missing", "install it (Debian: apt install gnupg gpgv)") from error
