"""A timestamp authority: RFC 3161, the token in CMS (RFC 5652). The structures are here; their DER and the crypto are not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.sigstore.authority import Authority
from tests.sigstore.faults import LATE, Lie
from tests.sigstore.refusal import Refusal

_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_ECDSA_WITH_SHA256 = ObjectIdentifier("1.2.840.10045.4.3.2")
_SIGNED_DATA = ObjectIdentifier("1.2.840.113549.1.7.2")
_TST_INFO = ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = ObjectIdentifier("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = ObjectIdentifier("1.2.840.113549.1.9.16.2.47")
#: That of Sigstore's own authority.
_POLICY = ObjectIdentifier("1.3.6.1.4.1.57264.2")

_GRANTED = 0


@asn1.sequence
class _Algorithm:
    algorithm: ObjectIdentifier
    parameters: asn1.Null | None = None


@asn1.sequence
class _Imprint:
    algorithm: _Algorithm
    message: bytes


@asn1.sequence
class _Request:
    """TimeStampReq, without extensions."""

    version: int
    imprint: _Imprint
    policy: ObjectIdentifier | None
    nonce: int | None
    certificate: Annotated[bool, asn1.Default(value=False)]


@asn1.sequence
class _Accuracy:
    seconds: int


@asn1.sequence
class _Stamp:
    """TSTInfo."""

    version: int
    policy: ObjectIdentifier
    imprint: _Imprint
    serial: int
    time: asn1.GeneralizedTime
    accuracy: _Accuracy
    nonce: int | None


@asn1.sequence
class _Attribute:
    kind: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _CertificateHash:
    """ESSCertIDv2, of SHA-256 by default: RFC 5035."""

    digest: bytes


@asn1.sequence
class _SigningCertificate:
    hashes: list[_CertificateHash]


@asn1.sequence
class _Certificate:
    """IssuerAndSerialNumber."""

    issuer: x509.Name
    serial: int


@asn1.sequence
class _Signer:
    """SignerInfo."""

    version: int
    certificate: _Certificate
    digest_algorithm: _Algorithm
    attributes: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    signature_algorithm: _Algorithm
    signature: bytes


@asn1.sequence
class _Content:
    """EncapsulatedContentInfo."""

    kind: ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digest_algorithms: asn1.SetOf[_Algorithm]
    content: _Content
    certificates: Annotated[asn1.SetOf[x509.Certificate] | None, asn1.Implicit(0)]
    signers: asn1.SetOf[_Signer]


@asn1.sequence
class _Token:
    """ContentInfo."""

    kind: ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


@asn1.sequence
class _Status:
    status: int


@asn1.sequence
class _Response:
    """TimeStampResp."""

    status: _Status
    token: _Token


@dataclass(frozen=True)
class TimestampAuthority:
    """Says what it has seen, and when."""

    path = "/api/v1/timestamp"

    authority: Authority
    impostor: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> TimestampAuthority:
        authority = Authority.root("tsa-root").signer("tsa", ExtendedKeyUsageOID.TIME_STAMPING)
        return cls(authority, ec.generate_private_key(ec.SECP256R1()))

    def answer(self, query: bytes, lie: Lie | None) -> bytes:
        """Answer a TimeStampReq in DER with a TimeStampResp in DER; raises Refusal."""
        request = asn1.decode_der(_Request, query)
        imprint = request.imprint
        if imprint.algorithm.algorithm != _SHA256:
            raise Refusal(f"the digest is {imprint.algorithm.algorithm}, expected SHA-256")
        if lie is Lie.OTHER_MESSAGE:
            imprint = _Imprint(algorithm=imprint.algorithm, message=hashlib.sha256(imprint.message).digest())
        now = datetime.now(UTC).replace(microsecond=0)
        stamp = _Stamp(
            version=1,
            policy=_POLICY,
            imprint=imprint,
            serial=x509.random_serial_number(),
            time=asn1.GeneralizedTime(now + LATE if lie is Lie.LATE else now),
            accuracy=_Accuracy(seconds=1),
            nonce=request.nonce,
        )
        token = self._signed(asn1.encode_der(stamp), lie, with_certificate=request.certificate)
        return asn1.encode_der(_Response(status=_Status(status=_GRANTED), token=token))

    def _signed(self, stamp: bytes, lie: Lie | None, *, with_certificate: bool) -> _Token:
        certificate = self.authority.certificate
        attributes = asn1.SetOf(
            [
                _attribute(_CONTENT_TYPE, _TST_INFO),
                _attribute(_MESSAGE_DIGEST, hashlib.sha256(stamp).digest()),
                _attribute(_SIGNING_CERTIFICATE_V2, _signing_certificate(certificate)),
            ]
        )
        key = self.impostor if lie is Lie.TSA_KEY else self.authority.key
        signer = _Signer(
            version=1,
            certificate=_Certificate(issuer=certificate.issuer, serial=certificate.serial_number),
            digest_algorithm=_Algorithm(algorithm=_SHA256),
            attributes=attributes,
            signature_algorithm=_Algorithm(algorithm=_ECDSA_WITH_SHA256),
            # Signed as a SET OF, not with the tag that they have in SignerInfo: RFC 5652 (5.4).
            signature=key.sign(asn1.encode_der(attributes), ec.ECDSA(SHA256())),
        )
        signed = _SignedData(
            version=3,
            digest_algorithms=asn1.SetOf([_Algorithm(algorithm=_SHA256)]),
            content=_Content(kind=_TST_INFO, content=stamp),
            certificates=asn1.SetOf([certificate]) if with_certificate else None,
            signers=asn1.SetOf([signer]),
        )
        return _Token(kind=_SIGNED_DATA, content=signed)


def _attribute(kind: ObjectIdentifier, value: object) -> _Attribute:
    return _Attribute(kind=kind, values=asn1.SetOf([asn1.decode_der(asn1.TLV, asn1.encode_der(value))]))


def _signing_certificate(certificate: x509.Certificate) -> _SigningCertificate:
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return _SigningCertificate(hashes=[_CertificateHash(digest=digest)])
