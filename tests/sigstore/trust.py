"""What a client is given to trust and to use: a ClientTrustConfig, in the protobuf JSON of sigstore/protobuf-specs."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from tests.sigstore.authority import ORGANIZATION, Authority
from tests.sigstore.keys import LogKey
from tests.sigstore.rekor import Rekor


def client_trust_config(
    url: str,
    *,
    fulcio: Authority,
    certificate_log: LogKey,
    rekor: Rekor,
    timestamps: tuple[Authority, str] | None,
) -> dict[str, Any]:
    """For services at one address; a timestamp authority's own address is beside it."""
    valid = {"start": (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}
    stamped_by = [_authority(url, timestamps[0], valid)] if timestamps else []
    stamped_at = [_service(timestamps[1], 1, valid)] if timestamps else []
    return {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log(url, rekor.log.key, valid)],
            "certificateAuthorities": [_authority(url, fulcio, valid)],
            "ctlogs": [_log(url, certificate_log, valid)],
            "timestampAuthorities": stamped_by,
        },
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [_service(url, 1, valid)],
            "oidcUrls": [],
            "rekorTlogUrls": [_service(url, rekor.version, valid)],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": stamped_at,
            "tsaConfig": {"selector": "ANY"},
        },
    }


def _log(url: str, key: LogKey, valid: dict[str, str]) -> dict[str, Any]:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": _base64(key.public), "keyDetails": key.details, "validFor": valid},
        "logId": {"keyId": _base64(key.log_id)},
    }


def _authority(url: str, authority: Authority, valid: dict[str, str]) -> dict[str, Any]:
    certificates = [{"rawBytes": _base64(each.public_bytes(Encoding.DER))} for each in authority.chain]
    return {
        "subject": {"organization": ORGANIZATION, "commonName": "sigstore"},
        "uri": url,
        "certChain": {"certificates": certificates},
        "validFor": valid,
    }


def _service(url: str, version: int, valid: dict[str, str]) -> dict[str, Any]:
    return {"url": url, "majorApiVersion": version, "validFor": valid, "operator": ORGANIZATION}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
