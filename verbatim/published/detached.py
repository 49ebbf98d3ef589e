"""Sigstore's signatures from before there were bundles: a ``.sig`` and a ``.crt``, whose proof only the log has.

The log, Rekor, is asked for its entry (https://github.com/sigstore/rekor/blob/main/openapi.yaml, searchLogQuery), and a bundle
is made of all three: https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto. What the log says is
not believed here: the bundle is verified as any other.
"""

from __future__ import annotations

import base64
import binascii
import json
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


def bundle_of(sha256: str, signature: bytes, certificate: bytes, trust_config: Path | None) -> bytes:
    """A bundle of a signature (base64) and a certificate (PEM, or base64 of that) of a file with this SHA-256.

    Raises IntegrityError if they are not what they should be, or the log has no such entry; NetworkError if the log cannot be
    asked.
    """
    try:
        content = base64.b64decode(signature, validate=False)
        read = x509.load_pem_x509_certificate(_pem(certificate))
    except (ValueError, binascii.Error) as error:
        raise IntegrityError("it is not a signature with a certificate") from error
    pem = read.public_bytes(Encoding.PEM)
    proposed = {
        "kind": "hashedrekord",
        "apiVersion": "0.0.1",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": sha256}},
            "signature": {"content": _base64(content), "publicKey": {"content": _base64(pem)}},
        },
    }
    entry = _retrieved(_rekor(trust_config), proposed)
    try:
        bundle = _bundle(sha256, content, read.public_bytes(Encoding.DER), entry)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError("the log's answer is not an entry of its kind") from error
    return json.dumps(bundle).encode()


def _pem(certificate: bytes) -> bytes:
    """Sigstore's client wrote PEM at first, and base64 of PEM later."""
    return certificate if b"-----BEGIN" in certificate else base64.b64decode(certificate)


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
