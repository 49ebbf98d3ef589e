"""What can be wrong with a Sigstore: it lies, or it is down."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Literal

#: The interface of Rekor that a Sigstore speaks.
Version = Literal["v1", "v2"]

#: How much too late a time is.
LATE = timedelta(hours=1)


class Lie(Enum):
    """What a client must not believe. Each is one lie; all the rest stays true."""

    FULCIO_KEY = "Fulcio's certificates are from an authority of the same name that nobody trusts"
    OTHER_IDENTITY = "Fulcio certifies another identity than the token's"
    NO_SCT = "Fulcio's certificates have no SCT"
    CT_KEY = "the SCT is signed with another key than the CT log's"
    REKOR_KEY = "Rekor signs all that it says with another key"
    PROMISE_KEY = "Rekor signs its promise, the SET of v1, with another key"
    INCLUSION_PROOF = "one bit of Rekor's inclusion proof is wrong"
    OTHER_TREE = "Rekor's checkpoint is of another tree than its inclusion proof"
    REPLAYED_ENTRY = "Rekor answers with the entry that it was given before"
    TSA_KEY = "the timestamp is signed with another key than the authority's"
    OTHER_MESSAGE = "the timestamp is one for something else"
    LATE = "timestamps, and the time in Rekor v1's entries, are an hour ahead"

    def is_told_by(self, version: Version) -> bool:
        """Whether there is what it is about: v1 has no timestamp authority, and v2 makes no promises."""
        needs = {Lie.PROMISE_KEY: "v1", Lie.TSA_KEY: "v2", Lie.OTHER_MESSAGE: "v2"}
        return needs.get(self, version) == version


class Service(Enum):
    """What can be down, each by itself."""

    FULCIO = "Fulcio"
    CT_LOG = "the CT log"
    REKOR = "Rekor"
    TIMESTAMPS = "the timestamp authority"


class Outage(Enum):
    """How it is down. Fulcio stands before the CT log: when that is down, whichever way, Fulcio answers 500."""

    FAILS = "it answers 503"
    HANGS_UP = "it takes the request and closes the connection"
    SILENT = "it takes the request and never answers; the connection stays as long as the server"
