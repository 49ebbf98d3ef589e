"""A private Sigstore on the loopback address: Fulcio, a CT log, Rekor v1 or v2, a timestamp authority, identities.

    with PrivateSigstore(folder, rekor="v2") as sigstore:
        ...  # a client, with sigstore.trust_config and a sigstore.token()

All of it is real but the trust: keys, certificates, SCTs, inclusion proofs, checkpoints and timestamps are what a client
expects of the public instance. It keeps nothing when it ends, and it lies on request.
"""

from tests.sigstore.faults import Lie, Outage, Service
from tests.sigstore.server import PrivateSigstore

__all__ = ["Lie", "Outage", "PrivateSigstore", "Service"]
