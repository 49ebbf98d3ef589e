"""The keys of logs: what they are known by, and how they sign."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass(frozen=True)
class LogKey:
    """A log's key."""

    #: 32 bytes. A checkpoint's signature begins with the first four.
    log_id: bytes
    #: A SubjectPublicKeyInfo, in DER.
    public: bytes
    #: What Sigstore's trusted roots call this kind of key.
    details: str
    sign: Callable[[bytes], bytes]

    @classmethod
    def ecdsa(cls) -> Self:
        """P-256. Such a log is known by the hash of its key: RFC 6962 (3.2), and Rekor v1 likewise."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        log_id = hashlib.sha256(public).digest()
        return cls(log_id, public, "PKIX_ECDSA_P256_SHA_256", lambda data: key.sign(data, ec.ECDSA(SHA256())))

    @classmethod
    def ed25519(cls, name: str) -> Self:
        """Known by its name as well, as signed notes want it: c2sp.org/signed-note."""
        key = ed25519.Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        log_id = hashlib.sha256(name.encode() + b"\n\x01" + raw).digest()
        return cls(log_id, public, "PKIX_ED25519", key.sign)

    def forged(self, other: LogKey) -> Self:
        """Another key that passes itself off as this one."""
        return replace(self, sign=other.sign)
