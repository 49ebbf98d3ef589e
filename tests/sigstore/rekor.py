"""Rekor, v1 and v2: an entry says who signed what, and a log proves that it was said."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any, Protocol

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from tests.sigstore.faults import LATE, Lie
from tests.sigstore.keys import LogKey
from tests.sigstore.log import Log, leaf_hash
from tests.sigstore.refusal import Refusal


class Rekor(Protocol):
    """A log of signatures, behind one of the two interfaces."""

    #: The interface's version, as a signing configuration has it.
    version: int
    #: Where entries are posted.
    path: str
    log: Log

    def add(self, proposed: dict[str, Any], lie: Lie | None) -> dict[str, Any]:
        """Log an entry, and answer with the proof; raises Refusal."""


class RekorV1:
    """Entries are promised (by the SET, with a time), and proved by a tree that ECDSA signs."""

    version = 1
    path = "/api/v1/log/entries"

    def __init__(self, host: str) -> None:
        self._tree = secrets.randbits(63)
        self.log = Log(f"{host} - {self._tree}", LogKey.ecdsa(), LogKey.ecdsa())
        self._promises_forged = self.log.key.forged(LogKey.ecdsa())
        self._last: dict[str, Any] | None = None
        self._kept: dict[bytes, dict[str, Any]] = {}

    def add(self, proposed: dict[str, Any], lie: Lie | None) -> dict[str, Any]:
        if lie is Lie.REPLAYED_ENTRY:
            return _replayed(self._last)
        body = rfc8785.dumps(_body_v1(proposed))
        inclusion = self.log.append(body, lie)
        entry: dict[str, str | int] = {
            "body": _base64(body),
            "integratedTime": int(time.time() + (LATE.total_seconds() if lie is Lie.LATE else 0)),
            "logID": self.log.key.log_id.hex(),
            "logIndex": inclusion.index,
        }
        key = self._promises_forged if lie is Lie.PROMISE_KEY else self.log.signer(lie)
        proof = {
            "logIndex": inclusion.index,
            "treeSize": inclusion.size,
            "rootHash": inclusion.root.hex(),
            "hashes": [each.hex() for each in inclusion.path],
            "checkpoint": inclusion.checkpoint,
        }
        verification = {
            "signedEntryTimestamp": _base64(key.sign(rfc8785.dumps(entry))),
            "inclusionProof": proof,
        }
        name = f"{self._tree:016x}{leaf_hash(body).hex()}"
        self._last = {name: {**entry, "verification": verification}}
        self._kept[body] = self._last
        return self._last

    def retrieve(self, proposed: dict[str, Any], lie: Lie | None) -> list[dict[str, Any]]:
        """The entries that are there already, by what they would be; raises Refusal."""
        if lie is Lie.REPLAYED_ENTRY:
            return [_replayed(self._last)]
        bodies = [rfc8785.dumps(_body_v1(each)) for each in proposed["entries"]]
        return [self._kept[body] for body in bodies if body in self._kept]


class RekorV2:
    """Entries have no time, so a timestamp authority is needed; a tree that Ed25519 signs proves them."""

    version = 2
    path = "/api/v2/log/entries"

    def __init__(self, host: str) -> None:
        self.log = Log(host, LogKey.ed25519(host), LogKey.ed25519(host))
        self._last: dict[str, Any] | None = None

    def add(self, proposed: dict[str, Any], lie: Lie | None) -> dict[str, Any]:
        if lie is Lie.REPLAYED_ENTRY:
            return _replayed(self._last)
        body = rfc8785.dumps(_body_v2(proposed))
        inclusion = self.log.append(body, lie)
        proof = {
            "logIndex": str(inclusion.index),
            "treeSize": str(inclusion.size),
            "rootHash": _base64(inclusion.root),
            "hashes": [_base64(each) for each in inclusion.path],
            "checkpoint": {"envelope": inclusion.checkpoint},
        }
        self._last = {
            "logIndex": str(inclusion.index),
            "logId": {"keyId": _base64(self.log.key.log_id)},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "canonicalizedBody": _base64(body),
            "inclusionProof": proof,
        }
        return self._last


def _replayed(last: dict[str, Any] | None) -> dict[str, Any]:
    if last is None:
        raise Refusal("there is no entry yet to replay")
    return last


def _body_v1(proposed: dict[str, Any]) -> dict[str, Any]:
    """What v1 keeps of a proposed entry: of an envelope only hashes and signatures."""
    kind, spec = proposed["kind"], proposed["spec"]
    if kind == "hashedrekord":
        signature, claimed = spec["signature"], spec["data"]["hash"]
        _expect_sha256(claimed["algorithm"], "sha256")
        pem = signature["publicKey"]["content"]
        _Signature.of_pem(pem, signature["content"]).verify(bytes.fromhex(claimed["value"]))
        kept = {
            "data": {"hash": {"algorithm": "sha256", "value": claimed["value"]}},
            "signature": {"content": signature["content"], "publicKey": {"content": pem}},
        }
    elif kind == "dsse":
        kept = _dsse_spec(spec["proposedContent"])
    else:
        raise Refusal(f"the entry is a {kind}, expected a hashedrekord or a dsse")
    return {"apiVersion": "0.0.1", "kind": kind, "spec": kept}


def _dsse_spec(content: dict[str, Any]) -> dict[str, Any]:
    text, [verifier] = content["envelope"], content["verifiers"]
    envelope = json.loads(text)
    payload = base64.b64decode(envelope["payload"])
    digest = hashlib.sha256(_pre_authentication(envelope["payloadType"], payload)).digest()
    signatures = [each["sig"] for each in envelope["signatures"]]
    for signature in signatures:
        _Signature.of_pem(verifier, signature).verify(digest)
    return {
        "envelopeHash": _sha256(text.encode()),
        "payloadHash": _sha256(payload),
        "signatures": [{"signature": signature, "verifier": verifier} for signature in signatures],
    }


def _body_v2(proposed: dict[str, Any]) -> dict[str, Any]:
    """What v2 keeps: the digest, of an artifact or of what DSSE signs, and the signature with its certificate."""
    request = proposed["hashedRekordRequestV002"]
    signature = request["signature"]
    verifier = signature["verifier"]
    _expect_sha256(verifier["keyDetails"], "PKIX_ECDSA_P256_SHA_256")
    certificate = verifier["x509Certificate"]["rawBytes"]
    _Signature.of_der(certificate, signature["content"]).verify(base64.b64decode(request["digest"]))
    kept = {
        "data": {"algorithm": "SHA2_256", "digest": request["digest"]},
        "signature": {
            "content": signature["content"],
            "verifier": {
                "keyDetails": verifier["keyDetails"],
                "x509Certificate": {"rawBytes": certificate},
            },
        },
    }
    return {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": kept}}


@dataclass(frozen=True)
class _Signature:
    """A signature, and the certificate of who made it."""

    certificate: x509.Certificate
    content: bytes

    @classmethod
    def of_pem(cls, certificate: str, content: str) -> _Signature:
        pem = base64.b64decode(certificate)
        return cls(x509.load_pem_x509_certificate(pem), base64.b64decode(content))

    @classmethod
    def of_der(cls, certificate: str, content: str) -> _Signature:
        der = base64.b64decode(certificate)
        return cls(x509.load_der_x509_certificate(der), base64.b64decode(content))

    def verify(self, digest: bytes) -> None:
        """Refuse what is not a signature of this digest."""
        key = self.certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise Refusal(f"the certificate is for a {type(key).__name__}, expected an elliptic curve's")
        try:
            key.verify(self.content, digest, ec.ECDSA(Prehashed(SHA256())))
        except InvalidSignature as error:
            raise Refusal("the signature is not of that digest by that key") from error


def _pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What DSSE signs: its protocol.md, PAE."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _expect_sha256(got: str, expected: str) -> None:
    if got != expected:
        raise Refusal(f"the algorithm is {got}, expected {expected}")


def _sha256(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
