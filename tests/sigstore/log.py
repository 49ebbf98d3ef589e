"""A transparency log: RFC 6962's Merkle tree, and checkpoints, which are signed notes of its size and root."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from tests.sigstore.faults import Lie
from tests.sigstore.keys import LogKey

#: What others have logged before, so that no proof is empty, and the right side of the tree is not full.
_FORMER = 5


@dataclass(frozen=True)
class Inclusion:
    """That a leaf is in a tree."""

    index: int
    size: int
    root: bytes
    #: From the leaf's sibling up.
    path: tuple[bytes, ...]
    checkpoint: str


class Log:
    """A log that only grows. `origin` is the first line of its checkpoints; up to a space, it names who signs them."""

    def __init__(self, origin: str, key: LogKey, impostor: LogKey) -> None:
        self.key = key
        self._origin = origin
        self._forged = key.forged(impostor)
        self._leaves = [leaf_hash(bytes([number])) for number in range(_FORMER)]
        self._lock = Lock()

    def append(self, entry: bytes, lie: Lie | None) -> Inclusion:
        """Add an entry, and prove it."""
        with self._lock:
            self._leaves.append(leaf_hash(entry))
            leaves = tuple(self._leaves)
        index, root = len(leaves) - 1, _root(leaves)
        checkpoint = self._checkpoint(len(leaves), root, lie)
        inclusion = Inclusion(index, len(leaves), root, _path(index, leaves), checkpoint)
        if lie is Lie.INCLUSION_PROOF:
            first, *others = inclusion.path
            return replace(inclusion, path=(bytes([first[0] ^ 1]) + first[1:], *others))
        return inclusion

    def signer(self, lie: Lie | None) -> LogKey:
        """The key, or what passes itself off as it."""
        return self._forged if lie is Lie.REKOR_KEY else self.key

    def _checkpoint(self, size: int, root: bytes, lie: Lie | None) -> str:
        """A checkpoint as in c2sp.org/tlog-checkpoint."""
        if lie is Lie.OTHER_TREE:
            root = hashlib.sha256(root).digest()
        text = f"{self._origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = self.key.log_id[:4] + self.signer(lie).sign(text.encode())
        name, _, _ = self._origin.partition(" ")
        return f"{text}\n\N{EM DASH} {name} {base64.b64encode(signature).decode()}\n"


def leaf_hash(entry: bytes) -> bytes:
    """A leaf's hash: RFC 6962 (2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _root(leaves: Sequence[bytes]) -> bytes:
    """The hash of a tree with these leaves, at least one: RFC 6962 (2.1)."""
    if len(leaves) == 1:
        return leaves[0]
    left, right = _halves(leaves)
    return hashlib.sha256(b"\x01" + _root(left) + _root(right)).digest()


def _path(index: int, leaves: Sequence[bytes]) -> tuple[bytes, ...]:
    """The audit path of a leaf: RFC 6962 (2.1.1)."""
    if len(leaves) == 1:
        return ()
    left, right = _halves(leaves)
    if index < len(left):
        return (*_path(index, left), _root(right))
    return (*_path(index - len(left), right), _root(left))


def _halves(leaves: Sequence[bytes]) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """The left one is full: as many leaves as the largest power of two that is less than all."""
    size = 1 << ((len(leaves) - 1).bit_length() - 1)
    return leaves[:size], leaves[size:]
