"""The policy: whose word counts, how many are needed, and what may be signed. It is that of ``invoke check``, and more.

What each entry means is in the README, and in the main program's docs/reference/policy.md.
"""

from __future__ import annotations

import fnmatch
import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from verbatim_sign.errors import PolicyError
from verbatim_sign.files import NAME_PATTERN, read_trusted
from verbatim_sign.strict import SHA256_PATTERN, Shape

REBUILDER_PATTERN = r"[a-z0-9][a-z0-9-]{0,38}"
STAGE_PATTERN = r"[a-z0-9][a-z0-9_-]*"
COMMIT_PATTERN = r"[0-9a-f]{40}"

_REMEDY = "correct the policy"
_LAPSES = ("expires", "revoked")


@dataclass(frozen=True)
class Key:
    """An ed25519 key of a rebuilder's; 32 bytes in hexadecimal."""

    ed25519: str
    expires: date | None
    revoked: date | None

    def lapse(self, today: date) -> Literal["expired", "revoked"] | None:
        """Why it does not count; None if it does."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= today else None


@dataclass(frozen=True)
class Rebuilder:
    """Somebody whose word counts."""

    kind: str
    keys: Mapping[str, Key]
    #: Issuer and subject; here they only tell who is the same as somebody else.
    identities: tuple[str, ...]


@dataclass(frozen=True)
class Override:
    """Somebody answers for it that an objection does not block."""

    version: str
    rebuilder: str
    statement: str
    by: str
    reason: str


@dataclass(frozen=True)
class Signing:
    """What may be signed as one version, and by whom."""

    commit: str
    #: The names of the artifacts, by the stages that make them.
    artifacts: Mapping[str, tuple[str, ...]]
    #: The SHA-256 of everything else that goes into a build, by the name that statements have for it.
    inputs: Mapping[str, str]
    #: Who signs with Sigstore.
    identity: str
    issuer: str
    #: The fingerprint of who signs with GPG.
    gpg: str | None
    #: The public key, 32 bytes in hexadecimal, of who signs SHA256SUMS behind an air gap.
    ed25519: str | None


@dataclass(frozen=True)
class Policy:
    """Whose word counts, how many are needed, and what may be signed."""

    sha256: str
    thresholds: Mapping[str, int]
    kinds: Mapping[str, str]
    rebuilders: Mapping[str, Rebuilder]
    overrides: tuple[Override, ...]
    versions: Mapping[str, Signing]

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read one; raises PolicyError if it is wrong, or others can change it."""
        return cls.parse(read_trusted(path), str(path))

    @classmethod
    def parse(cls, data: bytes, name: str) -> Policy:
        """What a policy says; raises PolicyError."""
        shape = Shape(name, PolicyError)
        try:
            content = tomllib.loads(data.decode())
        except ValueError as error:
            raise PolicyError(f"{name} is not TOML: {error}", _REMEDY) from error
        required = ("threshold", "sources", "kinds", "rebuilders", "signing")
        shape.table(content, "policy", required, ("override",))
        if "git" not in shape.items(content["sources"], "sources"):
            raise PolicyError(f"{name}: sources lacks 'git'; nothing else is signed", _REMEDY)
        kinds = shape.named(content["kinds"], "kinds")
        for kind, counts in kinds.items():
            shape.text(counts, f"kinds.{kind}", "each|once")
        rebuilders = shape.named(content["rebuilders"], "rebuilders")
        overrides = shape.items(content.get("override", []), "override")
        versions = shape.named(content["signing"], "signing")
        return cls(
            hashlib.sha256(data).hexdigest(),
            _thresholds(shape, content["threshold"]),
            kinds,
            {name: _rebuilder(shape, name, entry, kinds) for name, entry in rebuilders.items()},
            tuple(_override(shape, entry) for entry in overrides),
            {version: _signing(shape, f"signing.{version}", entry) for version, entry in versions.items()},
        )

    def signing(self, version: str) -> Signing:
        """What may be signed as that version; raises PolicyError if nothing may."""
        if version not in self.versions:
            remedy = f'if it is to be, add [signing."{version}"] to it'
            raise PolicyError(f"the policy does not allow {version} to be signed", remedy)
        return self.versions[version]

    def needed(self, artifact: str) -> int:
        """How many have to confirm it: the most that a pattern asks for. Raises PolicyError if none fits."""
        asked = self.thresholds.items()
        fitting = [count for pattern, count in asked if fnmatch.fnmatchcase(artifact, pattern)]
        if not fitting:
            raise PolicyError(f"the policy has no threshold for {artifact}", _REMEDY)
        return max(fitting)

    def voices(self, names: Iterable[str]) -> int:
        """How many independent voices some rebuilders are.

        Whoever shares a key, by its bytes, or an identity, is one voice, and so are all of a kind that counts once.
        """
        groups: list[set[str]] = []
        for name in names:
            joined = set(self._ties(name))
            apart = [group for group in groups if not group & joined]
            for group in groups:
                joined |= group if group & joined else set()
            groups = [*apart, joined]
        return len(groups)

    def _ties(self, name: str) -> Iterator[str]:
        rebuilder = self.rebuilders[name]
        yield f"name {name}"
        yield from (f"key {key}" for key in rebuilder.keys)
        yield from (f"identity {identity}" for identity in rebuilder.identities)
        if self.kinds[rebuilder.kind] == "once":
            yield f"kind {rebuilder.kind}"


def _thresholds(shape: Shape, value: object) -> dict[str, int]:
    thresholds = shape.named(value, "threshold")
    for pattern, count in thresholds.items():
        # True is an int to Python.
        if type(count) is not int or not 1 <= count <= 1000:
            raise shape.refused(f"threshold.{pattern}", count, "a number from 1 to 1000")
    return thresholds


def _rebuilder(shape: Shape, name: str, value: object, kinds: Mapping[str, str]) -> Rebuilder:
    place = f"rebuilders.{name}"
    shape.text(name, place, REBUILDER_PATTERN)
    entry = shape.table(value, place, ("kind",), ("keys", "identities"))
    kind = shape.text(entry["kind"], f"{place}.kind")
    if kind not in kinds:
        raise shape.refused(f"{place}.kind", kind, f"one of {', '.join(kinds)}")
    keys = [_key(shape, f"{place}.keys", key) for key in shape.items(entry.get("keys", []), f"{place}.keys")]
    if len({key.ed25519 for key in keys}) < len(keys):
        raise shape.refused(f"{place}.keys", [key.ed25519 for key in keys], "each key once")
    identities = [
        _identity(shape, f"{place}.identities", identity)
        for identity in shape.items(entry.get("identities", []), f"{place}.identities")
    ]
    return Rebuilder(kind, {key.ed25519: key for key in keys}, tuple(identities))


def _key(shape: Shape, place: str, value: object) -> Key:
    entry = shape.table(value, place, ("ed25519",), _LAPSES)
    for lapse in _LAPSES:
        day = entry.get(lapse)
        # A datetime is a date to Python.
        if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
            raise shape.refused(f"{place}.{lapse}", day, "a date")
    public = shape.text(entry["ed25519"], f"{place}.ed25519", SHA256_PATTERN)
    return Key(public, entry.get("expires"), entry.get("revoked"))


def _identity(shape: Shape, place: str, value: object) -> str:
    entry = shape.table(value, place, ("subject", "issuer"), _LAPSES)
    return f"{shape.text(entry['issuer'], place)} {shape.text(entry['subject'], place)}"


def _override(shape: Shape, value: object) -> Override:
    names = ("version", "rebuilder", "statement", "by", "reason")
    entry = shape.table(value, "override", names)
    shape.text(entry["statement"], "override.statement", SHA256_PATTERN)
    return Override(*(shape.text(entry[name], f"override.{name}") for name in names))


def _signing(shape: Shape, place: str, value: object) -> Signing:
    required = ("commit", "artifacts", "inputs", "identity", "issuer")
    entry = shape.table(value, place, required, ("gpg", "ed25519"))
    artifacts: dict[str, tuple[str, ...]] = {}
    for stage, names in shape.named(entry["artifacts"], f"{place}.artifacts").items():
        shape.text(stage, f"{place}.artifacts", STAGE_PATTERN)
        for name in shape.items(names, f"{place}.artifacts"):
            shape.text(name, f"{place}.artifacts", NAME_PATTERN)
        artifacts[stage] = tuple(sorted(names))
    every = [name for names in artifacts.values() for name in names]
    if len(set(every)) < len(every) or not all(artifacts.values()):
        raise shape.refused(f"{place}.artifacts", every, "each artifact once, and some for each stage")
    inputs = shape.named(entry["inputs"], f"{place}.inputs")
    for sha256 in inputs.values():
        shape.text(sha256, f"{place}.inputs", SHA256_PATTERN)
    gpg, ed25519 = entry.get("gpg"), entry.get("ed25519")
    if gpg is not None:
        shape.text(gpg, f"{place}.gpg", r"[0-9A-F]{40}")
    if ed25519 is not None:
        shape.text(ed25519, f"{place}.ed25519", SHA256_PATTERN)
    commit = shape.text(entry["commit"], f"{place}.commit", COMMIT_PATTERN)
    identity, issuer = (shape.text(entry[name], f"{place}.{name}") for name in ("identity", "issuer"))
    return Signing(commit, artifacts, inputs, identity, issuer, gpg, ed25519)
