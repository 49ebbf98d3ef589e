"""A certificate authority: a root, and what stands below it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID, ObjectIdentifier

ORGANIZATION = "test.invalid"
_LIFE = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A key, and the certificates from its own to the root."""

    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]

    @classmethod
    def root(cls, name: str) -> Self:
        """An authority that only it itself vouches for."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = _certificate(subject, key, subject, key).add_extension(*_BASIC_CA).add_extension(*_USAGE_CA)
        return cls(key, (builder.sign(key, SHA256()),))

    def intermediate(self, name: str, purpose: ObjectIdentifier) -> Self:
        """An authority below this one, for certificates of one purpose."""
        return self._below(name, x509.ExtendedKeyUsage([purpose]), authority=True)

    def signer(self, name: str, purpose: ObjectIdentifier) -> Self:
        """One that signs for one purpose, and no certificates. RFC 3161 (2.3) wants the purpose critical."""
        return self._below(name, x509.ExtendedKeyUsage([purpose]), authority=False)

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]

    def _below(self, name: str, purpose: x509.ExtendedKeyUsage, *, authority: bool) -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _certificate(_name(name), key, self.certificate.subject, self.key)
        builder = builder.add_extension(*(_BASIC_CA if authority else _BASIC_SIGNER))
        builder = builder.add_extension(*(_USAGE_CA if authority else USAGE_SIGNER))
        builder = builder.add_extension(purpose, critical=not authority)
        return type(self)(key, (builder.sign(self.key, SHA256()), *self.chain))


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


#: Extensions, and that they are critical.
_BASIC_CA = (x509.BasicConstraints(ca=True, path_length=None), True)
_BASIC_SIGNER = (x509.BasicConstraints(ca=False, path_length=None), True)
_USAGE_CA = (_usage(authority=True), True)
USAGE_SIGNER = (_usage(authority=False), True)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = certificate_for(key.public_key(), issuer, issuer_key.public_key())
    return builder.subject_name(subject).not_valid_before(now - _LIFE).not_valid_after(now + _LIFE)


def certificate_for(
    key: ec.EllipticCurvePublicKey, issuer: x509.Name, issuer_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    """What every certificate has: serial number, issuer, and whose key is under whose."""
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(issuer)
        .public_key(key)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )
