"""Sigstore's signatures that lack what only the log has: a ``.sig`` with a ``.crt``, and bundles without a checkpoint.

Bundles that python.org published in 2024 have no checkpoint, and its client refuses those: https://github.com/python/cpython/issues/122785.
The log, Rekor, is asked for its entry (https://github.com/sigstore/rekor/blob/main/openapi.yaml, searchLogQuery), and a bundle
is made of that: https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto. What the log says is not
believed here: the bundle is verified as any other.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from verbatim.data import read_small_file
from verbatim.errors import IntegrityError, NetworkError
from verbatim.web import WEB_ERRORS, new_session, reason

_PUBLIC_REKOR = "https://rekor.sigstore.dev"
_RETRIEVE = "/api/v1/log/entries/retrieve"
#: Seconds to connect, and to wait for a piece of the answer.
_TIMEOUT = (10.0, 30.0)
#: In bytes.
_LARGEST = 1 << 20


@dataclass(frozen=True)
class Detached:
    """A signature, and the certificate of who signed."""

    signature: bytes
    certificate: x509.Certificate

    @classmethod
    def of_files(cls, signature: bytes, certificate: bytes) -> Detached:
        """From a ``.sig`` (base64) and a ``.crt`` (PEM, or base64 of that); raises IntegrityError for anything else."""
        try:
            pem = certificate if b"-----BEGIN" in certificate else base64.b64decode(certificate)
            return cls(base64.b64decode(signature), x509.load_pem_x509_certificate(pem))
        except (ValueError, binascii.Error) as error:
            raise IntegrityError("it is not a signature with a certificate") from error

    @classmethod
    def of_incomplete(cls, bundle: bytes, sha256: str) -> Detached | None:
        """From a bundle of a file with this SHA-256 whose log entry has no checkpoint; None for any other bytes."""
        try:
            parts = json.loads(bundle)
            material = parts["verificationMaterial"]
            [entry] = material["tlogEntries"]
            digest = base64.b64decode(parts["messageSignature"]["messageDigest"]["digest"])
            if entry["inclusionProof"].get("checkpoint") or digest.hex() != sha256:
                return None
            der = base64.b64decode(material["x509CertificateChain"]["certificates"][0]["rawBytes"])
            signature = base64.b64decode(parts["messageSignature"]["signature"])
            return cls(signature, x509.load_der_x509_certificate(der))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            return None

    def bundle(self, sha256: str, trust_config: Path | None) -> bytes:
        """The bundle of a file with this SHA-256, with what the log says.

        Raises IntegrityError if the log has no such entry, NetworkError if it cannot be asked.
        """
        pem = self.certificate.public_bytes(Encoding.PEM)
        proposed = {
            "kind": "hashedrekord",
            "apiVersion": "0.0.1",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": sha256}},
                "signature": {"content": _base64(self.signature), "publicKey": {"content": _base64(pem)}},
            },
        }
        entry = _retrieved(_rekor(trust_config), proposed)
        der = self.certificate.public_bytes(Encoding.DER)
        try:
            return json.dumps(_bundle(sha256, self.signature, der, entry)).encode()
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError("the log's answer is not an entry of its kind") from error


def _rekor(trust_config: Path | None) -> str:
    """The address of the log that a trust configuration, which was checked before, names first."""
    if trust_config is None:
        return _PUBLIC_REKOR
    config = json.loads(read_small_file(trust_config, "check --trust-config", follows_links=False))
    return str(config["trustedRoot"]["tlogs"][0]["baseUrl"]).rstrip("/")


def _retrieved(rekor: str, proposed: dict[str, Any]) -> dict[str, Any]:
    """The oldest entry of the log that is like the proposed one: others may have been added to confuse."""
    try:
        with (
            new_session() as session,
            session.post(
                rekor + _RETRIEVE,
                json={"entries": [proposed]},
                timeout=_TIMEOUT,
                stream=True,
                allow_redirects=False,
            ) as response,
        ):
            content = response.raw.read(_LARGEST + 1, decode_content=False)
    except WEB_ERRORS as error:
        raise NetworkError(f"the log {rekor} could not be asked: {reason(error)}") from error
    if response.status_code != requests.codes.ok or len(content) > _LARGEST:
        raise NetworkError(f"the log {rekor} did not answer: status {response.status_code}")
    try:
        entries = [entry for answer in json.loads(content) for entry in answer.values()]
        return min(entries, key=lambda entry: int(entry["integratedTime"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise IntegrityError("the log does not have it") from error


def _bundle(sha256: str, signature: bytes, certificate: bytes, entry: dict[str, Any]) -> dict[str, Any]:
    verification, proof = entry["verification"], entry["verification"]["inclusionProof"]
    logged = {
        "logIndex": str(entry["logIndex"]),
        "logId": {"keyId": _base64(bytes.fromhex(entry["logID"]))},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
        "integratedTime": str(entry["integratedTime"]),
        "inclusionPromise": {"signedEntryTimestamp": verification["signedEntryTimestamp"]},
        "inclusionProof": {
            "logIndex": str(proof["logIndex"]),
            "rootHash": _base64(bytes.fromhex(proof["rootHash"])),
            "treeSize": str(proof["treeSize"]),
            "hashes": [_base64(bytes.fromhex(each)) for each in proof["hashes"]],
            "checkpoint": {"envelope": proof["checkpoint"]},
        },
        "canonicalizedBody": entry["body"],
    }
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"certificate": {"rawBytes": _base64(certificate)}, "tlogEntries": [logged]},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": _base64(bytes.fromhex(sha256))},
            "signature": _base64(signature),
        },
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
