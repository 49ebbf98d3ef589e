"""Behind an air gap only the list of hashes is signed, with GPG and a plain ed25519 key; elsewhere that is joined with the artifacts."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from verbatim_sign.check import SUMS, Checked
from verbatim_sign.errors import CredentialError, IntegrityError
from verbatim_sign.files import LARGEST, Folder, OpenFile, read_trusted
from verbatim_sign.run import Signer
from verbatim_sign.screen import say

_REMEDY = "check --key, and `ed25519` in the policy"


class Ed25519:
    """A key in a PEM file (PKCS #8); what is signed is a file's bytes, as openssl does it."""

    ending = ".ed25519"

    def __init__(self, public: str, path: Path | None = None) -> None:
        self._public, self._path = public, path

    @property
    def who(self) -> str:
        return f"the ed25519 key {self._public}"

    def load(self) -> None:
        """Nothing: the policy has the public key."""

    def prepare(self) -> Callable[[OpenFile], bytes]:
        """A function that signs a file; raises CredentialError if the key is not the one that the policy names."""
        if self._path is None:
            raise CredentialError("--key is missing", _REMEDY)
        pem = read_trusted(self._path)
        secret = getpass.getpass(f"the passphrase of {self._path}: ") if b"ENCRYPTED" in pem else ""
        try:
            key = load_pem_private_key(pem, secret.encode() or None)
        except (TypeError, ValueError, UnsupportedAlgorithm) as error:
            raise CredentialError(f"{self._path} cannot be opened: {error}", _REMEDY) from error
        if (
            not isinstance(key, Ed25519PrivateKey)
            or key.public_key().public_bytes_raw().hex() != self._public
        ):
            raise CredentialError(f"{self._path} does not hold {self.who}", _REMEDY)
        return lambda file: key.sign(file.read())

    def command(self, name: str) -> list[str]:
        """The command by which a downstream verifies a file."""
        key = ["-pubin", "-inkey", "./ed25519.pem"]
        return ["openssl", "pkeyutl", "-verify", *key, "-rawin", "-in", name, "-sigfile", name + self.ending]

    def verify(self, file: OpenFile, signature: bytes) -> None:
        """Raise IntegrityError if it is not by this key, or not of the bytes that were hashed."""
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self._public))
            public.verify(signature, file.read())
        except InvalidSignature as error:
            raise IntegrityError(f"the signature of {file.name} is not by {self.who}") from error


def join(release: Checked, sums: OpenFile, signed: Folder, signers: Sequence[Signer]) -> None:
    """Put the signatures from behind the air gap beside the artifacts, if they are of their hashes; raises Refusal."""
    signatures = {signer.ending: signed.read(SUMS + signer.ending, LARGEST) for signer in signers}
    for signer in signers:
        signer.verify(sums, signatures[signer.ending])
    for ending, signature in signatures.items():
        release.folder.write(SUMS + ending, signature)
        say(f"  {SUMS}{ending}")
