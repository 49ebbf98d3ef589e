"""Rebuilders with keys of their own, what they sign, and policies that name them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import tomli_w
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from verbatim.commands.build import BUILT
from verbatim.digest import sha256_bytes
from verbatim.evidence.attestation import WITHDRAWAL, WithdrawalStatement, add_attestation
from verbatim.evidence.envelope import seal
from verbatim.evidence.keys import public_half
from verbatim.evidence.statement import BuildDefinition, Statement
from verbatim.release import Release
from verbatim.sources.source import Identity
from verbatim.stages.choose import artifact_names, source_stage, target_stage
from verbatim.stages.plan import Artifact, Plan
from verbatim.store import Store

#: Of which nothing is published.
RELEASE = Release.parse("3.13.99")
GIT = Identity("git", "cpython", {"gitCommit": "1" * 40, "gitTree": "2" * 40})
TARBALL = Identity("tarball", "Python-3.13.99.tgz", {"sha256": "3" * 64})

#: What honest builds give.
HASHES = {"Python-3.13.99.tar.xz": "a" * 64, "Python-3.13.99.tgz": "b" * 64}


def statement(
    hashes: Mapping[str, str] = HASHES, *, release: Release = RELEASE, source: Identity = GIT
) -> Statement:
    """The statement of a build of the source tarballs."""
    plan = Plan(release, source, source_stage(release))
    artifacts = [Artifact(Path("/nowhere", name), 1, sha256) for name, sha256 in hashes.items()]
    return Statement.of(BuildDefinition.of(plan), artifacts)


def tree_statement(tarball: str, sha256: str = "e" * 64) -> Statement:
    """The statement of a build for Linux from a tarball with that SHA-256, where all that was made has the other."""
    stage = target_stage("linux-x86_64", RELEASE)
    source = Identity("tarball", "Python-3.13.99.tar.xz", {"sha256": tarball})
    artifacts = [Artifact(Path("/nowhere", name), 1, sha256) for name in stage.artifacts]
    return Statement.of(BuildDefinition.of(Plan(RELEASE, source, stage)), artifacts)


def hashes_of(release: Release, digit: str) -> dict[str, str]:
    """Some hash of each source tarball."""
    return dict.fromkeys(artifact_names(release)["source"], digit * 64)


@dataclass(frozen=True)
class Person:
    """A rebuilder."""

    name: str
    #: Whose key is the same for the same word.
    seed: str = ""
    kind: str = "own"
    lapses: Mapping[str, object] = field(default_factory=dict)

    @property
    def signer(self) -> CryptoSigner:
        seed = sha256_bytes((self.seed or self.name).encode())
        return CryptoSigner(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))

    @property
    def entry(self) -> dict[str, object]:
        """What the policy says of this one."""
        return {"kind": self.kind, "keys": self.keys}

    @property
    def keys(self) -> list[dict[str, object]]:
        return [{"ed25519": public_half(self.signer), **self.lapses}]

    def write_key(self, path: Path) -> Path:
        """The private key, as keygen writes it."""
        path.write_bytes(self.signer.private_bytes)
        path.chmod(0o600)
        return path

    def sign(self, payload: bytes) -> bytes:
        return seal(payload, self.signer)

    def attest(self, folder: Path, said: Statement | None = None, *, release: Release = RELEASE) -> Path:
        """Add a statement to a folder of attestations."""
        said = said or statement(release=release)
        path = add_attestation(
            folder / release.version,
            self.name,
            said.definition.external_parameters.artifacts,
            "dsse",
            self.sign(said.encode()),
        )
        assert path is not None
        return path

    def withdraw(self, folder: Path, said: Statement, reason: str = "The disk was full.") -> Path:
        """Take a statement back."""
        payload = WithdrawalStatement.of(sha256_bytes(said.encode()), reason).encode()
        path = add_attestation(folder / RELEASE.version, self.name, WITHDRAWAL, "dsse", self.sign(payload))
        assert path is not None
        return path

    def called(self, name: str) -> Person:
        """With the same key, under another name."""
        return replace(self, name=name, seed=self.seed or self.name)


def remember(store: Store, said: Statement) -> None:
    """Let the cache know of a build that was made here."""
    sha256, _ = store.add(io.BytesIO(said.encode()))
    store.remember(BUILT, sha256, sha256)


ALICE, BOB, CAROL = Person("alice"), Person("bob"), Person("carol")


def write_policy(folder: Path, people: Iterable[Person] = (ALICE, BOB, CAROL), **other: object) -> Path:
    """The policy of a folder of attestations: two of these people, each counting, unless ``other`` entries say more."""
    policy = {
        "threshold": {"Python-*": 2},
        "sources": ["git"],
        "kinds": {"own": "each", "hosted": "once"},
        "rebuilders": {person.name: person.entry for person in people},
        **other,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "policy.toml"
    path.write_text(tomli_w.dumps(policy), encoding="utf-8")
    return path


def tampered(path: Path, **changes: object) -> None:
    """Put other values into an envelope's outermost object."""
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}), encoding="utf-8")
