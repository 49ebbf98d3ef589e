"""OpenPGP's signatures, verified by gpgv.

Its exit status is not enough: it is 0 for a key that has expired. The lines on --status-fd are complete; see doc/DETAILS of
GnuPG. The release managers' keys are the user's to give: nobody should trust those that come with a program.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verbatim.data import read_small_file
from verbatim.errors import CapabilityError, UsageError
from verbatim.programs import run_program

#: SHA-256, SHA-384 and SHA-512, by their numbers in RFC 9580 (9.5).
_HASHES = ("8", "9", "10")
_ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_SECONDS = 60.0
#: In bytes; all keys of python.org together have some hundred thousand.
_LARGEST = 4 << 20

#: What gpgv says of a signature that is not good, and what it means.
_SAYS = {
    "BADSIG": "it is the signature of another file",
    "REVKEYSIG": "the key was revoked",
    "EXPKEYSIG": "the key has expired",
    "EXPSIG": "the signature has expired",
    "NO_PUBKEY": "--keyring does not have the key",
}
#: Those that say nothing against the file: python.org's older keys expire, too.
_DOUBTS = ("EXPKEYSIG", "EXPSIG", "NO_PUBKEY")


@dataclass(frozen=True)
class Checked:
    """What gpgv found."""

    #: The fingerprint of the primary key of a good signature; empty if it is not good.
    fingerprint: str = ""
    #: Why it is not good.
    reason: str = ""
    #: Whether the reason says nothing against the file: then the signature counts neither way.
    is_doubt: bool = False


def verify_detached(file: Path, signature: bytes, keyring: bytes, work: Path) -> Checked:
    """Verify a detached signature, armoured or not, by any of the keys; ``work`` is a private folder.

    Raises CapabilityError if gpgv is missing.
    """
    keys, signed = work / "keyring.gpg", work / "signature.asc"
    keys.write_bytes(keyring)
    signed.write_bytes(signature)
    command = ["gpgv", "--status-fd", "1", "--keyring", str(keys.absolute()), str(signed.absolute()), "-"]
    with file.open("rb") as content:
        output = _run(command, stdin=content)
    lines = [
        line.split() for line in output.decode(errors="replace").splitlines() if line.startswith("[GNUPG:] ")
    ]
    words = [line[1] for line in lines if len(line) > 1]
    for word, reason in _SAYS.items():
        if word in words:
            return Checked(reason=reason, is_doubt=word in _DOUBTS)
    valid = [line for line in lines if line[1:2] == ["VALIDSIG"]]
    # VALIDSIG has the hash as its eighth argument, then the class, and the fingerprint of the primary key as its last.
    # Class 00 signs bytes; a signature of class 01, of text, also fits other line ends.
    if words.count("GOODSIG") != 1 or len(valid) != 1 or len(valid[0]) != 12 or valid[0][10] != "00":
        return Checked(reason="it is not one good signature of a file")
    if valid[0][9] not in _HASHES:
        reason = f"it uses a hash function that can be forged (number {valid[0][9]} of RFC 9580)"
        return Checked(reason=reason, is_doubt=True)
    return Checked(valid[0][11])


def read_keyring(path: Path) -> bytes:
    """The keys of a file, armoured or not, as gpgv wants them.

    Raises UsageError if there is no such file, or no key in it; CapabilityError if gpg is missing, which an armoured file
    needs.
    """
    try:
        content = read_small_file(path, "check --keyring", largest=_LARGEST)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "check --keyring") from error
    if _ARMOR in content:
        content = _run(["gpg", "--batch", "--no-options", "--dearmor"], given=content)
    # A public key's packet: tag 6, in either format (RFC 9580, 4.2).
    if content[:1] not in (b"\x98", b"\x99", b"\x9a", b"\xc6"):
        raise UsageError(f"{path} does not have OpenPGP keys", "name a file with the release managers' keys")
    return content


def _run(command: list[str], **options: Any) -> bytes:
    """A program's output, whatever its status: what it says is complete."""
    try:
        done = run_program(
            command, seconds=_SECONDS, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options
        )
    except FileNotFoundError as error:
        raise CapabilityError(
            f"{command[0]} is missing", "install it (Debian: apt install gnupg gpgv)"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CapabilityError(f"{command[0]} did not end within {_SECONDS:.0f} s", "try again") from error
    return done.stdout
