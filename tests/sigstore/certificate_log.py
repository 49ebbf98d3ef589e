"""The CT log, as far as Fulcio needs it: it promises to log a certificate (RFC 6962)."""

from __future__ import annotations

import hashlib
import struct
import time

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from tests.sigstore.faults import Lie
from tests.sigstore.keys import LogKey

_VERSION_1 = _CERTIFICATE_TIMESTAMP = 0
_PRECERTIFICATE_ENTRY = 1
_NO_EXTENSIONS = 0
_SHA256_ECDSA = b"\x04\x03"


class CertificateLog:
    """Signs certificate timestamps. It keeps no tree: nobody asks it for proofs."""

    def __init__(self) -> None:
        self.key = LogKey.ecdsa()
        self._forged = self.key.forged(LogKey.ecdsa())

    def timestamp(
        self, certificate: x509.Certificate, issuer: ec.EllipticCurvePublicKey, lie: Lie | None
    ) -> x509.UnrecognizedExtension:
        """The list of one SCT, to be embedded in this certificate, which does not have it yet: RFC 6962 (3.2, 3.3)."""
        milliseconds = int(time.time() * 1000)
        issuer_hash = hashlib.sha256(
            issuer.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).digest()
        body = certificate.tbs_certificate_bytes
        signed = (
            struct.pack("!BBQH", _VERSION_1, _CERTIFICATE_TIMESTAMP, milliseconds, _PRECERTIFICATE_ENTRY)
            + issuer_hash
            + len(body).to_bytes(3, "big")
            + body
            + struct.pack("!H", _NO_EXTENSIONS)
        )
        key = self._forged if lie is Lie.CT_KEY else self.key
        timestamp = (
            struct.pack("!B32sQH", _VERSION_1, key.log_id, milliseconds, _NO_EXTENSIONS)
            + _SHA256_ECDSA
            + _with_length(key.sign(signed))
        )
        timestamps = _with_length(_with_length(timestamp))
        return x509.UnrecognizedExtension(
            ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS, asn1.encode_der(timestamps)
        )


def _with_length(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data
