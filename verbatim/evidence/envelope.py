"""DSSE envelopes: a payload, its type, and one signature over both.

See https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md. The key id in an envelope is only a hint by whoever
made it, and is not used: what counts is which key verifies.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import rfc8785
from pydantic import BaseModel, ConfigDict, Field
from securesystemslib.dsse import Envelope as Dsse
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey

from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError
from verbatim.evidence.untrusted import Line, check_shape, parse_json

#: Of in-toto statements: https://github.com/in-toto/attestation/blob/v1.1.0/spec/v1/envelope.md
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"

_REMEDY = "do not count it; ask the rebuilder for another"


class _EnvelopePart(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Signature(_EnvelopePart):
    keyid: Line = ""
    sig: str


class _Envelope(_EnvelopePart):
    payload: str
    payload_type: Annotated[str, Field(alias="payloadType")]
    signatures: list[_Signature]


class Bundled(BaseModel):
    """The part of a bundle of Sigstore that is an envelope; see https://docs.sigstore.dev/about/bundle/"""

    model_config = ConfigDict(extra="allow")

    envelope: Annotated[dict[str, Any], Field(alias="dsseEnvelope")]


@dataclass(frozen=True)
class Envelope:
    """An unverified envelope. Do not use its payload except through `verify`."""

    name: str
    _dsse: Dsse
    _signature: Signature

    @classmethod
    def parse(cls, data: bytes, name: str) -> Envelope:
        """Read one, called ``name`` in messages; raises IntegrityError if it is invalid, or has not exactly one signature."""
        return cls.of(parse_json(data, name), name)

    @classmethod
    def of(cls, content: object, name: str) -> Envelope:
        """The same, from parsed JSON."""
        parsed = check_shape(content, _Envelope, f"{name} is not a DSSE envelope")
        if parsed.payload_type != PAYLOAD_TYPE:
            raise IntegrityError(
                f"{name} has the payload type {parsed.payload_type[:80]!r}, expected {PAYLOAD_TYPE}", _REMEDY
            )
        if len(parsed.signatures) != 1:
            raise IntegrityError(
                f"{name} has {len(parsed.signatures) or 'no'} signatures, expected one", _REMEDY
            )
        payload = _decoded(parsed.payload, f"{name}: the payload")
        signature = _decoded(parsed.signatures[0].sig, f"{name}: the signature")
        return cls(name, Dsse(payload, PAYLOAD_TYPE, {}), Signature("", signature.hex()))

    @property
    def unverified_sha256(self) -> str:
        """The SHA-256 of the payload, whoever signed it."""
        return sha256_bytes(self._dsse.payload)

    def verify(self, public_keys: Iterable[str]) -> tuple[str, bytes]:
        """The ed25519 key (32 bytes, in hexadecimal) that signed it, and the payload; raises IntegrityError if none did."""
        for public in public_keys:
            try:
                SSlibKey("", "ed25519", "ed25519", {"public": public}).verify_signature(
                    self._signature, self._dsse.pae()
                )
            except UnverifiedSignatureError:
                continue
            return public, self._dsse.payload
        raise IntegrityError(f"{self.name} is not signed by any key of that rebuilder", _REMEDY)


def seal(payload: bytes, signer: CryptoSigner) -> bytes:
    """The envelope of a payload, signed: canonical JSON (RFC 8785) and a line feed."""
    dsse = Dsse(payload, PAYLOAD_TYPE, {})
    dsse.sign(signer)
    return rfc8785.dumps(dsse.to_dict()) + b"\n"


def _decoded(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise IntegrityError(f"{what} is not base64: {error}", _REMEDY) from error
    # Bytes have only one spelling here: RFC 4648 (3.5) lets a decoder refuse padding bits that are not zero.
    if base64.b64encode(data).decode("ascii") != text:
        raise IntegrityError(f"{what} is not canonical base64", _REMEDY)
    return data
