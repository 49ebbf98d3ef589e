"""Attestations by an identity instead of a key: Sigstore's certificates, recorded in a transparency log.

Its client (https://github.com/sigstore/sigstore-python) is imported where it is used: that takes half a second, which other commands
must not wait for. It may raise anything for untrusted bytes (a certificate of an unknown version is not one of its own
errors): whatever it raises is a refusal.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from verbatim import trust
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.evidence.envelope import PAYLOAD_TYPE, Bundled, Envelope
from verbatim.evidence.policy import Rebuilder, SigstoreIdentity
from verbatim.evidence.untrusted import check_shape, parse_json

if TYPE_CHECKING:
    from sigstore.models import Bundle, ClientTrustConfig
    from sigstore.oidc import IdentityToken
    from sigstore.verify import Verifier

#: Sigstore's own client looks for a token there, too.
TOKEN_VARIABLE = "SIGSTORE_IDENTITY_TOKEN"  # noqa: S105

#: Gets the identity and the issuer of a token before it is used; raises UsageError if the policy does not list them.
TokenCheck = Callable[[str, str], None]

_REMEDY = "do not count it; ask the rebuilder for another"


def sign_with_identity(
    statement: bytes, trust_config: Path | None, check: TokenCheck | None = None
) -> tuple[str, bytes]:
    """Sign a statement with the identity of the token, of this machine, or from the browser; give it and the bundle.

    ``trust_config`` describes a Sigstore other than the public one, as for ``sigstore --trust-config``. Raises what
    ``check`` raises for the token before anything is signed, UsageError for an invalid token, NetworkError if Sigstore
    does not sign.
    """
    from sigstore import dsse
    from sigstore.oidc import ExpiredIdentity
    from sigstore.sign import SigningContext

    config = trust.trust_config(trust_config)
    token = _token(config)
    if check is not None:
        check(token.identity, token.federated_issuer)
    try:
        with SigningContext.from_trust_config(config).signer(token) as signer:
            bundle = signer.sign_dsse(dsse.Statement(statement))
    except ExpiredIdentity as error:
        raise UsageError("the token has expired", "get another one, and sign again") from error
    except Exception as error:
        raise NetworkError(f"Sigstore did not sign: {error}", "check the network, and try again") from error
    return token.identity, bundle.to_json().encode() + b"\n"


def _token(config: ClientTrustConfig) -> IdentityToken:
    from sigstore.errors import Error
    from sigstore.oidc import IdentityToken, Issuer, IssuerError, detect_credential

    given = os.environ.get(TOKEN_VARIABLE)
    try:
        ambient = given or detect_credential()
        if ambient:
            return IdentityToken(ambient)
        return Issuer(config.signing_config.get_oidc_url()).identity_token()
    except (Error, IssuerError) as error:
        raise UsageError(
            f"the token is refused: {error}", f"get another one; {TOKEN_VARIABLE} may name it"
        ) from error


def verify_with_identity(
    data: bytes, name: str, rebuilder: Rebuilder, trust_config: Path | None
) -> tuple[SigstoreIdentity, bytes]:
    """The rebuilder's identity that signed a bundle, and the payload; raises IntegrityError if none did.

    Needs no network: the bundle has the proof that it is in the log.
    """
    from sigstore.models import Bundle

    parsed = check_shape(parse_json(data, name), Bundled, f"{name} is not a bundle of Sigstore")
    # Check for one signature, and our payload type. The client assumes a signature without checking.
    Envelope.of(parsed.envelope, name)
    try:
        bundle = Bundle.from_json(data)
    except Exception as error:
        raise IntegrityError(f"{name} is not a bundle of Sigstore: {error}", _REMEDY) from error
    reasons = ["that rebuilder has no identities"]
    for identity in rebuilder.identities:
        try:
            payload = _verified(bundle, identity, trust.verifier(trust_config))
        except IntegrityError as error:
            reasons.append(error.message)
        else:
            return identity, payload
    raise IntegrityError(f"{name} is not signed by any identity of that rebuilder: {reasons[-1]}", _REMEDY)


def _verified(bundle: Bundle, identity: SigstoreIdentity, verifier: Verifier) -> bytes:
    """The payload, if that identity signed it; raises IntegrityError if not."""
    from sigstore.verify.policy import Identity

    wanted = Identity(identity=identity.subject, issuer=identity.issuer)
    try:
        payload_type, payload = verifier.verify_dsse(bundle, wanted)
    except Exception as error:
        raise IntegrityError(str(error)) from error
    if payload_type != PAYLOAD_TYPE:
        raise IntegrityError(f"it has the payload type {payload_type[:80]!r}")
    return payload
