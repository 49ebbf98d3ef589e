"""Fulcio v2: a certificate of ten minutes for whoever shows a token."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.sigstore.authority import USAGE_SIGNER, Authority, certificate_for
from tests.sigstore.certificate_log import CertificateLog
from tests.sigstore.faults import Lie
from tests.sigstore.refusal import Refusal
from tests.sigstore.tokens import Identity, TokenIssuer

_LIFE = timedelta(minutes=10)
#: A certificate is valid from a minute ago on: a log entry that is replayed, some seconds old, is then refused for what it
#: is of, and not only where a new second has begun since.
_BEGUN = timedelta(minutes=1)

#: The issuer in a certificate, as bytes and as a UTF8String: Fulcio's docs/oid-info.md.
_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_V2 = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")

#: Whom Fulcio certifies when it lies.
SOMEONE_ELSE = "mallory@example.com"


class Fulcio:
    """Certifies the key of a certificate request for the identity of a token."""

    def __init__(self, tokens: TokenIssuer, log: CertificateLog) -> None:
        self.authority = _authority()
        self.log = log
        self._tokens = tokens
        self._impostor = _authority()

    def certify(self, request: dict[str, Any], token: str, lie: Lie | None) -> dict[str, Any]:
        """Answer a CreateSigningCertificateRequest; raises Refusal."""
        identity = self._tokens.read(token)
        key = _requested_key(base64.b64decode(request["certificateSigningRequest"]))
        if lie is Lie.OTHER_IDENTITY:
            identity = Identity(SOMEONE_ELSE, identity.issuer)
        authority = self._impostor if lie is Lie.FULCIO_KEY else self.authority
        builder = _certificate(key, identity, authority)
        if lie is not Lie.NO_SCT:
            # The SCT is of the certificate without it: that is built first, and then again with it.
            before = builder.sign(authority.key, SHA256())
            timestamps = self.log.timestamp(before, authority.key.public_key(), lie)
            builder = builder.add_extension(timestamps, critical=False)
        certificate = builder.sign(authority.key, SHA256())
        chain = [each.public_bytes(Encoding.PEM).decode() for each in (certificate, *authority.chain)]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}


def _authority() -> Authority:
    return Authority.root("root").intermediate("fulcio", ExtendedKeyUsageOID.CODE_SIGNING)


def _requested_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    request = x509.load_pem_x509_csr(pem)
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Refusal(f"the request's key is a {type(key).__name__}, expected one of an elliptic curve")
    if not request.is_signature_valid:
        raise Refusal("the request is not signed with its own key")
    return key


def _certificate(
    key: ec.EllipticCurvePublicKey, identity: Identity, authority: Authority
) -> x509.CertificateBuilder:
    """A certificate as in Fulcio's docs/certificate-specification.md, but for the SCT."""
    now = datetime.now(UTC)
    name = x509.RFC822Name if "@" in identity.name else x509.UniformResourceIdentifier
    builder = certificate_for(key, authority.certificate.subject, authority.key.public_key())
    return (
        builder.subject_name(x509.Name([]))
        .not_valid_before(now - _BEGUN)
        .not_valid_after(now + _LIFE)
        .add_extension(*USAGE_SIGNER)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .add_extension(x509.SubjectAlternativeName([name(identity.name)]), critical=True)
        .add_extension(x509.UnrecognizedExtension(_ISSUER, identity.issuer.encode()), critical=False)
        .add_extension(
            x509.UnrecognizedExtension(_ISSUER_V2, asn1.encode_der(identity.issuer)), critical=False
        )
    )
