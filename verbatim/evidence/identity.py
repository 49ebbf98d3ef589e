"""Attestations by an identity in place of a key: Sigstore's certificates, which a transparency log has seen.

Its client (https://github.com/sigstore/sigstore-python) is imported where it is used: that takes half a second, which nobody else
shall wait for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.evidence.envelope import PAYLOAD_TYPE
from verbatim.evidence.policy import Rebuilder, SigstoreIdentity

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig
    from sigstore.oidc import IdentityToken
    from sigstore.verify import Verifier

#: Where Sigstore's own client looks for a token, too.
TOKEN_VARIABLE = "SIGSTORE_IDENTITY_TOKEN"  # noqa: S105

_REMEDY = "do not count it; ask the rebuilder for another"


def sign_with_identity(statement: bytes, trust_config: Path | None) -> tuple[str, bytes]:
    """Sign a statement as whoever the token, this machine, or the browser says; give the identity and the bundle.

    ``trust_config`` is the file of another Sigstore than the public one, as for ``sigstore --trust-config``. Raises
    UsageError for a token that is none, NetworkError if Sigstore does not give what it should.
    """
    from requests import RequestException
    from sigstore import dsse

    # What its services' refusals are raised as; they have no public base.
    from sigstore._internal.fulcio.client import ExpiredCertificate, FulcioClientError
    from sigstore._internal.rekor import RekorClientError
    from sigstore._internal.timestamp import TimestampError
    from sigstore.errors import Error
    from sigstore.oidc import ExpiredIdentity
    from sigstore.sign import SigningContext

    config = _trust_config(trust_config)
    token = _token(config)
    try:
        with SigningContext.from_trust_config(config).signer(token) as signer:
            bundle = signer.sign_dsse(dsse.Statement(statement))
    except ExpiredIdentity as error:
        raise UsageError("the token has expired", "get another one, and sign again") from error
    except (
        Error,
        ExpiredCertificate,
        FulcioClientError,
        RekorClientError,
        TimestampError,
        RequestException,
    ) as error:
        raise NetworkError(f"Sigstore did not sign: {error}", "see to the network, and try again") from error
    return token.identity, bundle.to_json().encode() + b"\n"


def _trust_config(path: Path | None) -> ClientTrustConfig:
    from sigstore.errors import Error
    from sigstore.models import ClientTrustConfig

    if path is None:
        try:
            return ClientTrustConfig.production()
        except Error as error:
            raise NetworkError(
                f"what Sigstore is to be trusted for could not be fetched: {error}", "see to the network"
            ) from error
    try:
        return ClientTrustConfig.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, Error) as error:
        raise UsageError(
            f"{path} is no trust configuration of Sigstore: {error}", "see to --trust-config"
        ) from error


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
    """Which of a rebuilder's identities has signed a bundle, and what; raises IntegrityError if none has.

    Needs no network: the proof that the log has seen it is in the bundle.
    """
    from sigstore.errors import VerificationError
    from sigstore.models import Bundle, InvalidBundle
    from sigstore.verify.policy import Identity

    try:
        bundle = Bundle.from_json(data)
    except (InvalidBundle, ValueError) as error:
        raise IntegrityError(f"{name} is no bundle of Sigstore: {error}", _REMEDY) from error
    reasons = ["that rebuilder has no identities"]
    for identity in rebuilder.identities:
        wanted = Identity(identity=identity.subject, issuer=identity.issuer)
        try:
            payload_type, payload = _verifier(trust_config).verify_dsse(bundle, wanted)
        except VerificationError as error:
            reasons.append(str(error))
            continue
        if payload_type != PAYLOAD_TYPE:
            raise IntegrityError(
                f"{name} has the payload type {payload_type[:80]!r}, expected {PAYLOAD_TYPE}", _REMEDY
            )
        return identity, payload
    raise IntegrityError(f"{name} is not signed by any identity of that rebuilder: {reasons[-1]}", _REMEDY)


@cache
def _verifier(trust_config: Path | None) -> Verifier:
    from sigstore.verify import Verifier

    if trust_config is None:
        return Verifier.production(offline=True)
    return Verifier(trusted_root=_trust_config(trust_config).trusted_root)
