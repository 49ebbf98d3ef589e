"""A rebuilder's own key: ed25519, as a PEM file (PKCS #8) that nobody else can read."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from verbatim.errors import IntegrityError, UsageError
from verbatim.files import open_regular

_LARGEST = 1 << 14

#: A rebuilder's name, which is a part of file names.
NAME_PATTERN = r"[a-z0-9][a-z0-9-]{0,38}"

#: Of the field that ed25519 calculates in: RFC 8032 (5.1).
_P: Final = 2**255 - 19
_OF_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
#: The y-coordinates of the eight points of small order. As a "public key", such a point verifies signatures that anybody can
#: make. They are what libsodium's ge25519_has_small_order() refuses; tests/unit/evidence/test_weak_keys.py calculates them.
_SMALL_ORDER: Final = (0, 1, _P - 1, _OF_ORDER_8, _P - _OF_ORDER_8)


def check_public(public: str) -> str:
    """Give the ed25519 key (32 bytes in hexadecimal) if it is a sound one; raises ValueError if not."""
    # The last bit is the sign of x; a y beyond the field is a second spelling of another y.
    y = int.from_bytes(bytes.fromhex(public), "little") % 2**255
    if y >= _P or y in _SMALL_ORDER:
        raise ValueError(
            "it is a point of small order, or not encoded as in RFC 8032: anybody could sign for it"
        )
    return public


def check_name(name: str) -> str:
    """Give the rebuilder's name if it is valid; raises UsageError if not."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise UsageError(
            f"--as {name!r} is not a valid rebuilder name" if name else "--as is missing",
            "a name has lower-case letters, digits and hyphens, at most 39, such as alice or example-linux",
        )
    return name


def create_key(path: Path, passphrase: str = "") -> str:
    """Make a key and write it to a new file; give the public half, 32 bytes in hexadecimal.

    Raises UsageError if that path exists: a key must not be lost.
    """
    key = Ed25519PrivateKey.generate()
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{path} already exists", "give another --key, or use that one") from error
    with open(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(descriptor)
    return public_half(CryptoSigner(key))


def is_protected(path: Path) -> bool:
    """Whether a passphrase is needed for it."""
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in _read(path)


def load_signer(path: Path, passphrase: str = "") -> CryptoSigner:
    """The key in a file; raises UsageError if it is missing, of another kind, or has another passphrase."""
    try:
        key = load_pem_private_key(_read(path), passphrase.encode() or None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{path} cannot be opened: {error}", "check the file and the passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            f"{path} is another kind of key, expected ed25519",
            "make one: ./invoke keygen --key FILE --as NAME",
        )
    return CryptoSigner(key)


def public_half(signer: CryptoSigner) -> str:
    """The public key, 32 bytes in hexadecimal, as policies name it."""
    return str(signer.public_key.keyval["public"])


def _read(path: Path) -> bytes:
    try:
        with open_regular(path, largest=_LARGEST) as file:
            status, data = os.fstat(file.fileno()), file.read(_LARGEST)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no key {path}", "make one: ./invoke keygen --key FILE --as NAME"
        ) from error
    except IntegrityError as error:
        raise UsageError(error.message, "give the file of a key") from error
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"{path} can be read by others (mode {stat.S_IMODE(status.st_mode):03o})",
            "run chmod 600 on it; if somebody may have read it, make another key",
        )
    return data
