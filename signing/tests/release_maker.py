"""Releases as the main program writes them, made up, with rebuilders, their keys and a policy."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import tomli_w
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

TODAY = date(2026, 6, 1)
VERSION = "3.13.99"
COMMIT, TREE = "1" * 40, "2" * 40
IDENTITY, ISSUER = "alice@example.com", "https://accounts.example.com"
INPUTS = {
    "environment/source/lock.toml": "a" * 64,
    "environment/source/root.tar": "b" * 64,
    "recipe/source": "c" * 64,
}


def artifacts_of(version: str) -> dict[str, bytes]:
    """Two, of the same size."""
    return {f"Python-{version}.tar.xz": b"made with xz", f"Python-{version}.tgz": b"made, gzip'd"}


def canonical(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def statement(
    artifacts: Mapping[str, bytes] | None = None,
    *,
    version: str = VERSION,
    stage: str = "source",
    kind: str = "git",
    commit: str = COMMIT,
    inputs: Mapping[str, str] = INPUTS,
    tarball: str = "d" * 64,
) -> dict[str, Any]:
    """What a build of these says."""
    artifacts = artifacts_of(version) if artifacts is None else artifacts
    source: dict[str, Any] = {"name": "cpython", "digest": {"gitCommit": commit, "gitTree": TREE}}
    if kind != "git":
        source = {"name": f"Python-{version}.tgz", "digest": {"sha256": tarball}}
    others = [{"name": name, "digest": {"sha256": digest}} for name, digest in inputs.items()]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": name, "digest": {"sha256": sha256(data)}} for name, data in sorted(artifacts.items())
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:verbatim:build-type:v1",
                "externalParameters": {"artifacts": stage, "source": {"kind": kind}, "version": version},
                "resolvedDependencies": [source, *others],
            },
            "runDetails": {"builder": {"id": "urn:verbatim:builder:v1"}},
        },
    }


def withdrawal(of: bytes, reason: str = "The disk was full.") -> bytes:
    return canonical(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "statement", "digest": {"sha256": sha256(of)}}],
            "predicateType": "urn:verbatim:withdrawal:v1",
            "predicate": {"reason": reason},
        }
    )


def key_of(name: str) -> Ed25519PrivateKey:
    """The same for the same name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def public_of(name: str) -> str:
    return key_of(name).public_key().public_bytes_raw().hex()


PAYLOAD_TYPE = "application/vnd.in-toto+json"


def envelope(payload: bytes, signer: str) -> dict[str, Any]:
    encoded = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} ".encode() + payload
    signature = key_of(signer).sign(encoded)
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": "", "sig": base64.b64encode(signature).decode()}],
    }


@dataclass
class MadeRelease:
    """A release folder, and a policy beside it that two of three rebuilders meet."""

    folder: Path
    version: str = VERSION
    policy: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.dist / "buildinfo").mkdir(parents=True)
        self.attestations.mkdir(parents=True)
        self.policy_path.parent.mkdir(mode=0o700)
        self.policy = {
            "sources": ["git"],
            "threshold": {"Python-*": 2},
            "kinds": {"own": "each", "hosted": "once"},
            "rebuilders": {
                name: {"kind": "own", "keys": [{"ed25519": public_of(name)}]}
                for name in ("alice", "bob", "carol")
            },
            "signing": {
                self.version: {
                    "commit": COMMIT,
                    "identity": IDENTITY,
                    "issuer": ISSUER,
                    "artifacts": {"source": sorted(artifacts_of(self.version))},
                    "inputs": dict(INPUTS),
                }
            },
        }
        for name, data in artifacts_of(self.version).items():
            (self.dist / name).write_bytes(data)
        self.put(statement(version=self.version))
        self.sums()
        for name in ("alice", "bob"):
            self.attest(name)
        self.write_policy()

    @property
    def release(self) -> Path:
        return self.folder / "release"

    @property
    def dist(self) -> Path:
        return self.release / "dist" / self.version

    @property
    def attestations(self) -> Path:
        return self.release / "attestations" / self.version

    @property
    def policy_path(self) -> Path:
        return self.folder / "mine" / "policy.toml"

    @property
    def signing(self) -> dict[str, Any]:
        entry = self.policy["signing"][self.version]
        assert isinstance(entry, dict)
        return entry

    @property
    def tgz(self) -> Path:
        return self.dist / f"Python-{self.version}.tgz"

    @property
    def names(self) -> list[str]:
        return sorted(artifacts_of(self.version))

    def signatures(self) -> list[str]:
        """What was signed."""
        ends = (".sigstore", ".asc", ".ed25519")
        return sorted(path.name for path in self.dist.iterdir() if path.name.endswith(ends))

    def write_policy(self) -> None:
        self.policy_path.write_text(tomli_w.dumps(self.policy))
        self.policy_path.chmod(0o600)

    def put(self, said: object) -> None:
        """The statement in the release's folder."""
        (self.dist / "source.intoto.json").write_bytes(canonical(said))

    def sums(self, artifacts: Mapping[str, bytes] | None = None) -> None:
        """The list of their hashes; of the release's own, if left out."""
        artifacts = artifacts_of(self.version) if artifacts is None else artifacts
        lines = [f"{sha256(data)}  {name}\n" for name, data in sorted(artifacts.items())]
        (self.dist / "SHA256SUMS").write_text("".join(lines))

    def attest(self, name: str, said: object = None, *, signer: str = "", number: int = 1) -> Path:
        """Add an attestation; by the key of another, if there is one."""
        payload = canonical(statement(version=self.version) if said is None else said)
        return self.add(f"{name}.source{f'.{number}' if number > 1 else ''}", payload, signer or name)

    def add(self, stem: str, payload: bytes, signer: str) -> Path:
        path = self.attestations / f"{stem}.dsse.json"
        path.write_text(json.dumps(envelope(payload, signer)))
        return path

    def rebuilder(self, name: str, **entry: object) -> None:
        """Another rebuilder in the policy, with a key unless other entries say so."""
        own: dict[str, object] = {"kind": "own", "keys": [{"ed25519": public_of(name)}]}
        self.policy["rebuilders"][name] = own | entry
        self.write_policy()


def other(said: Mapping[str, Any], digest: str, *, of: Iterable[int] = (0,)) -> dict[str, Any]:
    """The same statement, but for the hashes of some subjects."""
    changed = deepcopy(dict(said))
    for number in of:
        changed["subject"][number]["digest"]["sha256"] = digest
    return changed


#: The hash of the release's own tarball, for builds that are made from it.
TARBALL = sha256(artifacts_of(VERSION)["Python-3.13.99.tar.xz"])
