"""Who someone is: OIDC tokens, made and read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sigstore.refusal import Refusal

AUDIENCE = "sigstore"
_ALGORITHM = "ES256"


@dataclass(frozen=True)
class Identity:
    """Whom a token is for: a mail address or a URI, and the issuer that says so."""

    name: str
    issuer: str


class TokenIssuer:
    """All issuers in one: Fulcio trusts its key, whatever issuer a token names."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def token(
        self, identity: str, issuer: str, audience: str, expires: timedelta, claims: dict[str, object]
    ) -> str:
        """A token that expires so long from now; `claims` come in addition, or instead."""
        now = int(time.time())
        expiry = now + int(expires.total_seconds())
        start = min(now, expiry)
        own: dict[str, object] = {
            "iss": issuer,
            "sub": identity,
            "aud": audience,
            "iat": start,
            "nbf": start,
            "exp": expiry,
        }
        if "@" in identity:
            own |= {"email": identity, "email_verified": True}
        return jwt.encode(own | claims, self._key, algorithm=_ALGORITHM)

    def read(self, token: str) -> Identity:
        """The identity in a token. Behind Sigstore's own issuer stands another, which counts.

        Raises Refusal, with 401.
        """
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["aud", "exp", "iat", "iss", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise Refusal(f"the token is not accepted: {error}", status=401) from error
        issuer = claims.get("federated_claims", {}).get("connector_id", claims["iss"])
        return Identity(claims.get("email", claims["sub"]), issuer)
