"""Sigstore's bundles, through its own client (https://github.com/sigstore/sigstore-python), which is imported only here.

The client waits for Fulcio and Rekor without end, and notices most lies only when it verifies. So there is a limit here, and
each signature is verified from its bytes before anybody else sees it. The client's parsers may raise anything for untrusted
bytes (a certificate of an unknown version is not an Error of its own): whatever they raise is a refusal.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from sigstore import sign, verify
from sigstore.errors import Error
from sigstore.hashes import Hashed
from sigstore.models import Bundle, ClientTrustConfig
from sigstore.oidc import IdentityToken, Issuer, IssuerError
from sigstore.verify.policy import Identity
from sigstore_models.common.v1 import HashAlgorithm

from verbatim_sign.errors import CredentialError, PolicyError, SigstoreError
from verbatim_sign.files import OpenFile, read_trusted
from verbatim_sign.policy import Signing

TOKEN_VARIABLE = "SIGSTORE_IDENTITY_TOKEN"  # noqa: S105 - its name
_AUDIENCE = "sigstore"
#: In seconds: how long all services together may take for one signature.
TIMEOUT = 60.0
_LARGEST_TOKEN = 1 << 16
_AGAIN = "the signature was discarded; run it again, or find out what is wrong with Sigstore"

# What the client warns of is refused here anyway.
logging.getLogger("sigstore").addHandler(logging.NullHandler())


class Sigstore:
    """An identity, and the Sigstore that certifies it: the public one, or another by its trust configuration."""

    ending = ".sigstore"

    def __init__(self, signing: Signing, trust_config: Path | None, token_descriptor: int | None) -> None:
        self._identity, self._issuer = signing.identity, signing.issuer
        self._trust_config, self._token_descriptor = trust_config, token_descriptor
        given = read_trusted(trust_config) if trust_config else None
        try:
            if given is None:
                with _limited("the trusted root"):
                    self._config = ClientTrustConfig.production()
            else:
                self._config = ClientTrustConfig.from_json(given.decode())
            self._verifier = verify.Verifier(trusted_root=self._config.trusted_root)
        except SigstoreError:
            raise
        except Exception as error:
            what = f"Sigstore's trust configuration cannot be read: {_line(error)}"
            raise PolicyError(what, "check --trust-config") from error

    @property
    def who(self) -> str:
        return f"{self._identity} ({self._issuer})"

    def load(self) -> None:
        """Nothing: the trusted root was read before."""

    def prepare(self) -> Callable[[OpenFile], bytes]:
        """A function that signs a file; raises CredentialError if the token is not for the identity of the policy."""
        token = self._token()
        with _limited("a certificate"):
            signer = sign.Signer(token, sign.SigningContext.from_trust_config(self._config))

        def bundle(file: OpenFile) -> bytes:
            with _limited(f"the signature of {file.name}"):
                return signer.sign_artifact(_hashed(file)).to_json().encode() + b"\n"

        return bundle

    def command(self, name: str) -> list[str]:
        """The command by which a downstream verifies a file."""
        other = ["--trust-config", str(self._trust_config)] if self._trust_config else []
        whose = ["--cert-identity", self._identity, "--cert-oidc-issuer", self._issuer]
        bundle = ["--bundle", name + self.ending]
        return ["python3", "-m", "sigstore", *other, "verify", "identity", *bundle, *whose, name]

    def verify(self, file: OpenFile, bundle: bytes) -> None:
        """Raise SigstoreError unless a bundle proves that the identity signed these bytes, and that the log has it."""
        hashed, wanted = _hashed(file), Identity(identity=self._identity, issuer=self._issuer)
        try:
            self._verifier.verify_artifact(hashed, Bundle.from_json(bundle), wanted)
        except Exception as error:
            raise SigstoreError(f"the bundle of {file.name} is not valid: {_line(error)}", _AGAIN) from error

    def _token(self) -> IdentityToken:
        # No program that is started from here inherits it.
        given = os.environ.pop(TOKEN_VARIABLE, "")
        if self._token_descriptor is not None:
            with open(self._token_descriptor, encoding="ascii", errors="replace") as file:
                given = file.read(_LARGEST_TOKEN).strip()
        try:
            if given:
                _refuse_unfit(given)
                token = IdentityToken(given)
            else:
                # Let the user log in with a browser.
                token = Issuer(self._config.signing_config.get_oidc_url()).identity_token()
        except (Error, IssuerError) as error:
            raise _unfit(f"is refused: {_line(error)}") from error
        if token.identity != self._identity:
            raise _unfit(f"is for {token.identity!a}, expected {self._identity}")
        if token.federated_issuer != self._issuer:
            raise _unfit(f"is issued by {token.federated_issuer!a}, expected {self._issuer}")
        return token


def _refuse_unfit(token: str) -> None:
    """Raise CredentialError, with a reason, for tokens that the client refuses without one. Only Fulcio checks the signature."""
    try:
        _, body, _ = token.split(".")
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
        audience, expires = claims["aud"], float(claims["exp"])
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise _unfit("is not valid") from error
    if _AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise _unfit(f"is for the audience {audience!a}, expected {_AUDIENCE}")
    if expires <= time.time():
        raise _unfit("has expired")


def _unfit(reason: str) -> CredentialError:
    return CredentialError(f"the token {reason}", "get another one")


def _hashed(file: OpenFile) -> Hashed:
    return Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(file.sha256))


@contextmanager
def _limited(what: str) -> Iterator[None]:
    """Raise SigstoreError if it is refused, or takes longer than `TIMEOUT`."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SigstoreError(f"Sigstore did not give {what} within {TIMEOUT:.0f} s", _AGAIN)

    former = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, TIMEOUT)
    try:
        yield
    except SigstoreError:
        raise
    except Exception as error:
        raise SigstoreError(f"Sigstore did not give {what}: {_line(error)}", _AGAIN) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def _line(error: Exception) -> str:
    """An untrusted service's error, on one line."""
    return ascii(str(error) or type(error).__name__)[:300]
