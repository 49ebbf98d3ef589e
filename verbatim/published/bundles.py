"""Sigstore's signatures of files: a bundle, or what came before bundles, a signature and a certificate.

Its client may raise anything for untrusted bytes (a certificate of an unknown version is not one of its own errors):
whatever it raises is a refusal.
"""

# ruff: noqa: PLC0415 - half a second, which other commands must not wait for

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from verbatim import console, trust
from verbatim.published.signers import CertifiedSigner

if TYPE_CHECKING:
    from sigstore.hashes import Hashed
    from sigstore.models import Bundle
    from sigstore.verify.policy import VerificationPolicy

# What the client warns of is refused here anyway.
logging.getLogger("sigstore").addHandler(logging.NullHandler())


#: How the media types of bundles of all versions begin.
_BUNDLE = "application/vnd.dev.sigstore.bundle"


@dataclass(frozen=True)
class Signer:
    """By which of the expected identities a bundle is signed, or why by none of them."""

    identity: CertifiedSigner | None
    reason: str = ""
    #: Whether the reason says nothing against the file: then the signature counts neither way.
    is_doubt: bool = False


def verify_bundle(
    sha256: str, bundle: bytes, expected: list[CertifiedSigner], trust_config: Path | None
) -> Signer:
    """Check that a bundle of any version signs a file with this SHA-256, and who signed.

    Needs no network: a bundle has the proof that it is in the log. Raises what `verbatim.trust` raises.
    """
    from sigstore.models import Bundle
    from sigstore.verify.policy import UnsafeNoOp

    verifier = trust.verifier(trust_config)
    parts = _parsed(bundle)
    version = _text_in(parts, "mediaType")
    if version.startswith(_BUNDLE) and version not in list(Bundle.BundleType):
        return Signer(None, f"it is of an unknown version, {version!a}; use a newer Verbatim", is_doubt=True)
    if (signed := _signed_digest(parts)) not in (None, sha256):
        return Signer(None, f"it is the signature of another file, with SHA-256 {signed}")
    try:
        with _refusing("it is not a bundle of Sigstore"):
            read = Bundle.from_json(bundle)
        with _refusing("it is not valid"):
            # Whether it is good at all; by whom is asked next.
            verifier.verify_artifact(_hashed(sha256), read, UnsafeNoOp())
    except _RefusedError as error:
        return Signer(None, str(error))
    for identity in expected:
        if _is_by(read, identity):
            return Signer(identity)
    return Signer(None, _somebody_else(read, expected))


class _RefusedError(Exception):
    """The client refuses some bytes."""


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise _RefusedError(f"{what}: {_line(error)}") from error


def _is_by(bundle: Bundle, identity: CertifiedSigner) -> bool:
    from sigstore.verify import policy

    return _holds(bundle, policy.Identity(identity=identity.identity, issuer=identity.issuer))


def _holds(bundle: Bundle, policy: VerificationPolicy) -> bool:
    try:
        with _refusing("the policy does not hold"):
            policy.verify(bundle.signing_certificate)
    except _RefusedError as error:
        console.detail(str(error))
        return False
    return True


def _somebody_else(bundle: Bundle, expected: list[CertifiedSigner]) -> str:
    from sigstore.verify import policy

    names = ", ".join(_names(bundle)) or "nobody"
    for identity in expected:
        if _holds(bundle, policy.Identity(identity=identity.identity)):
            return f"{identity.identity} is certified by another issuer, expected {identity.issuer}"
    wanted = " or ".join(f"{each.identity} ({each.issuer})" for each in expected)
    return f"it is by somebody else, {names}; expected {wanted}"


def _names(bundle: Bundle) -> list[str]:
    """The names in the certificate, which anybody may have chosen, on one line."""
    from cryptography import x509

    try:
        named = bundle.signing_certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return []
    return [ascii(name.value)[1:-1][:100] for name in named.value if isinstance(name.value, str)]


def _hashed(sha256: str) -> Hashed:
    from sigstore.hashes import Hashed
    from sigstore_models.common.v1 import HashAlgorithm

    return Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(sha256))


def _parsed(bundle: bytes) -> object:
    """A bundle's JSON, to explain by; None if it cannot be parsed."""
    try:
        return json.loads(bundle)
    except (ValueError, RecursionError):
        return None


def _signed_digest(parts: object) -> str | None:
    """The SHA-256 that a bundle says it signs; None if it does not say. It decides nothing, and only explains."""
    if _text_in(parts, "messageSignature", "messageDigest", "algorithm") != "SHA2_256":
        return None
    try:
        digest = _text_in(parts, "messageSignature", "messageDigest", "digest")
        return base64.b64decode(digest, validate=True).hex()
    except ValueError:
        return None


def _text_in(found: object, *names: str) -> str:
    """A text in parsed JSON; empty if it has none there."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _line(error: Exception) -> str:
    """What the client says of untrusted bytes, on one line."""
    return ascii(" ".join(str(error).split()) or type(error).__name__)[1:-1][:300]
