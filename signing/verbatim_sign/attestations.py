"""Attestations: statements in envelopes that rebuilders have signed. Their format is in the main program's docs/reference/attestations.md."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verbatim_sign.errors import IntegrityError
from verbatim_sign.files import LARGEST, Folder
from verbatim_sign.policy import REBUILDER_PATTERN, STAGE_PATTERN, Key, Policy, Signing
from verbatim_sign.statement import Statement, Withdrawal
from verbatim_sign.strict import Shape, parse_json

_PAYLOAD_TYPE = "application/vnd.in-toto+json"
_WITHDRAWAL = "withdrawal"
#: With its padding, and with padding bits of zero, so that bytes have only one spelling: RFC 4648 (3.5, 4).
_BASE64 = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?"
_FILE = re.compile(
    rf"(?P<rebuilder>{REBUILDER_PATTERN})\.(?P<what>{STAGE_PATTERN})(\.([2-9]|[1-9][0-9]))?"
    r"\.(?P<form>dsse|sigstore)\.json"
)


@dataclass(frozen=True)
class Attestation:
    """A statement, and who signed it."""

    file: str
    rebuilder: str
    #: The key that signed it; None for an identity, which is not verified here.
    key: Key | None
    statement: Statement


@dataclass
class Found:
    """The contents of a release's folder."""

    attestations: list[Attestation] = field(default_factory=list)
    #: By rebuilder and the SHA-256 of a withdrawn statement, the reason.
    withdrawn: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Notes on what was ignored.
    aside: list[str] = field(default_factory=list)


def read_attestations(folder: Folder, version: str, policy: Policy, signing: Signing) -> Found:
    """Read a release's folder; raises IntegrityError for the first file that is not valid.

    What an identity signed is not verified here, since that needs all of Sigstore's client: it can object, but not confirm.
    """
    found = Found()
    for name in folder.names():
        match = _FILE.fullmatch(name)
        if match is None:
            raise IntegrityError(f"{name} is not a valid attestation name")
        data, rebuilder, what = folder.read(name, 2 * LARGEST), match["rebuilder"], match["what"]
        if rebuilder not in policy.rebuilders:
            found.aside.append(f"{name} is by a rebuilder who is not in the policy")
            continue
        key: Key | None = None
        if match["form"] == "dsse":
            public, payload = open_envelope(data, name, policy.rebuilders[rebuilder].keys)
            key = policy.rebuilders[rebuilder].keys[public]
        else:
            payload = _unverified(data, name)
        if what == _WITHDRAWAL:
            _withdraw(found, name, rebuilder, key, Withdrawal.parse(payload, name))
            continue
        statement = Statement.parse(payload, name)
        if (statement.version, statement.stage) != (version, what):
            raise IntegrityError(
                f"{name} is a statement of {statement.stage} of {statement.version}, expected {what} of {version}"
            )
        others = {each for stage, names in signing.artifacts.items() if stage != what for each in names}
        if foreign := sorted(others & statement.hashes.keys()):
            raise IntegrityError(f"{name} names {', '.join(foreign)}, which {what} does not make")
        if what in signing.artifacts:
            found.attestations.append(Attestation(name, rebuilder, key, statement))
        else:
            found.aside.append(f"{name} is of a stage that is not signed")
    return found


def _withdraw(found: Found, name: str, rebuilder: str, key: Key | None, withdrawal: Withdrawal) -> None:
    """Record a withdrawal, unless its key was revoked, and may be stolen, or it is by an unverified identity."""
    if key is None or key.revoked is not None:
        why = "a key that was revoked" if key else "an identity, which is not verified here"
        found.aside.append(f"{name} withdraws nothing: it is signed with {why}")
    else:
        found.withdrawn[rebuilder, withdrawal.sha256] = withdrawal.reason


def open_envelope(data: bytes, name: str, public_keys: Iterable[str]) -> tuple[str, bytes]:
    """The key that signed a DSSE envelope, and the payload; raises IntegrityError if none did.

    See https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md. The key id is only a hint by whoever made the
    envelope, and is not used.
    """
    payload, signed = _parts(Shape(name, IntegrityError), parse_json(data, name))
    encoded = pre_authentication_encoding(payload)
    for public in public_keys:
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signed, encoded)
        except InvalidSignature:
            continue
        return public, payload
    raise IntegrityError(f"{name} is not signed by any key of that rebuilder")


def pre_authentication_encoding(payload: bytes) -> bytes:
    """The bytes that are signed: the payload and its type, each with its length."""
    return b"DSSEv1 %d %s %d %s" % (len(_PAYLOAD_TYPE), _PAYLOAD_TYPE.encode(), len(payload), payload)


def _unverified(data: bytes, name: str) -> bytes:
    """The payload of a bundle of Sigstore, without verification; see verbatim_sign.bundles for that."""
    shape = Shape(name, IntegrityError)
    return _parts(shape, shape.named(parse_json(data, name), "bundle").get("dsseEnvelope"))[0]


def _parts(shape: Shape, value: object) -> tuple[bytes, bytes]:
    """The payload of an envelope, and its one signature."""
    envelope = shape.table(value, "envelope", ("payload", "payloadType", "signatures"))
    if envelope["payloadType"] != _PAYLOAD_TYPE:
        raise shape.refused("payloadType", envelope["payloadType"], _PAYLOAD_TYPE)
    signatures = shape.items(envelope["signatures"], "signatures")
    if len(signatures) != 1:
        raise shape.refused("signatures", len(signatures), "one")
    signature = shape.table(signatures[0], "signatures", ("sig",), ("keyid",))
    shape.text(signature.get("keyid", ""), "keyid", ".{0,1000}")
    payload = shape.text(envelope["payload"], "payload", _BASE64)
    return base64.b64decode(payload), base64.b64decode(shape.text(signature["sig"], "sig", _BASE64))
