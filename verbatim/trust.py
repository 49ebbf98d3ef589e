"""Whom Sigstore's signatures are traced to: the trust root of the public Sigstore, or of another.

Its client (https://github.com/sigstore/sigstore-python) is imported where it is used: that takes half a second, which other
commands must not wait for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from verbatim.data import read_small_file
from verbatim.errors import NetworkError, UsageError, VerbatimError

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig
    from sigstore.verify import Verifier


def trust_config(path: Path | None) -> ClientTrustConfig:
    """The configuration in a file, as for ``sigstore --trust-config``, or the public Sigstore's, fetched now.

    Raises UsageError if the file is not one, NetworkError if the public one cannot be fetched.
    """
    from sigstore.models import ClientTrustConfig

    try:
        if path is None:
            return ClientTrustConfig.production()
        return ClientTrustConfig.from_json(_read(path))
    except Exception as error:
        raise _untrusted(path, error) from error


@cache
def verifier(path: Path | None) -> Verifier:
    """A verifier that needs no network: with the trust root in a file, or the public one that was kept or came with the client.

    Raises as `trust_config` does.
    """
    from sigstore.verify import Verifier

    try:
        if path is None:
            return Verifier.production(offline=True)
        return Verifier(trusted_root=trust_config(path).trusted_root)
    except VerbatimError:
        raise
    except Exception as error:
        raise _untrusted(path, error) from error


def _read(path: Path) -> str:
    return read_small_file(path, "check --trust-config", follows_links=False).decode("utf-8")


def _untrusted(path: Path | None, error: Exception) -> VerbatimError:
    """The error to raise if Sigstore's trust configuration cannot be read."""
    if path is None:
        return NetworkError(
            f"Sigstore's trust configuration could not be fetched: {error}", "check the network"
        )
    return UsageError(f"{path} is not a trust configuration of Sigstore: {error}", "check --trust-config")
