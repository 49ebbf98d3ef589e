"""The policy: whose attestations count, how many are needed, and what may be signed. It extends that of ``invoke check``.

Its entries are described in the README, and in the main program's docs/reference/policy.md.
"""

from __future__ import annotations

import fnmatch
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from verbatim_sign.errors import PolicyError
from verbatim_sign.files import NAME_PATTERN, read_trusted
from verbatim_sign.strict import SHA256_PATTERN, Shape

REBUILDER_PATTERN = r"[a-z0-9][a-z0-9-]{0,38}"
STAGE_PATTERN = r"[a-z0-9][a-z0-9_-]{0,99}"
COMMIT_PATTERN = r"[0-9a-f]{40}"

_REMEDY = "correct the policy"
_WRITE = "write one: `./invoke policy --version VERSION` in a checkout of Verbatim; see its docs/how-to/write-a-policy.md"

#: Of the field that ed25519 calculates in: RFC 8032 (5.1).
_P = 2**255 - 19
_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
#: The y-coordinates of the eight points of small order. As a "public key", such a point verifies signatures that anybody can
#: make. They are what libsodium's ge25519_has_small_order() refuses; the project's tests calculate them.
_SMALL_ORDER = (0, 1, _P - 1, _OF_ORDER_8, _P - _OF_ORDER_8)


@dataclass(frozen=True)
class Key:
    """A rebuilder's ed25519 key; 32 bytes in hexadecimal."""

    ed25519: str
    expires: date | None
    revoked: date | None

    def lapse(self, today: date) -> Literal["expired", "revoked"] | None:
        """Why it does not count on that day; None if it does."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= today else None


@dataclass(frozen=True)
class Rebuilder:
    """A rebuilder whose attestations count."""

    kind: str
    keys: Mapping[str, Key]
    #: Issuer and subject; what they sign is not verified here.
    identities: tuple[str, ...]


@dataclass(frozen=True)
class Override:
    """An objection that does not block, and who takes responsibility for that."""

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
    #: The SHA-256 of all other inputs of a build, by their names in statements.
    inputs: Mapping[str, str]
    #: The identity that signs with Sigstore.
    identity: str
    issuer: str
    #: The fingerprint of the GPG key that signs.
    gpg: str | None
    #: The public key, 32 bytes in hexadecimal, that signs SHA256SUMS behind an air gap.
    ed25519: str | None


@dataclass(frozen=True)
class Policy:
    """The whole file."""

    sha256: str
    thresholds: Mapping[str, int]
    kinds: Mapping[str, str]
    rebuilders: Mapping[str, Rebuilder]
    overrides: tuple[Override, ...]
    versions: Mapping[str, Signing]

    @classmethod
    def load(cls, path: Path) -> Policy:
        """Read a policy; raises PolicyError if it is missing, not valid, or others can change it."""
        if not path.exists():
            raise PolicyError(f"there is no policy {path}", _WRITE)
        return cls.parse(read_trusted(path), str(path))

    @classmethod
    def parse(cls, data: bytes, name: str) -> Policy:
        """Parse a policy, called ``name`` in messages; raises PolicyError if it is not valid."""
        shape = Shape(name, PolicyError)
        try:
            content = tomllib.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise PolicyError(f"{name} is not TOML: {error}", _REMEDY) from error
        required = ("threshold", "sources", "kinds", "rebuilders", "signing")
        shape.table(content, "policy", required, ("override",))
        if "git" not in shape.texts(content["sources"], "sources", "git|tarball"):
            raise PolicyError(f"{name}: sources lacks 'git', and only builds from git are signed", _REMEDY)
        kinds = shape.named(content["kinds"], "kinds")
        for kind, counts in kinds.items():
            shape.text(kind, "kinds", REBUILDER_PATTERN)
            shape.text(counts, f"kinds.{kind}", "each|once")
        entries = shape.named(content["rebuilders"], "rebuilders").items()
        rebuilders = {name: _rebuilder(shape, name, entry, kinds) for name, entry in entries}
        _refuse_two_owners(shape, rebuilders)
        overrides = shape.items(content.get("override", []), "override")
        versions = shape.named(content["signing"], "signing")
        return cls(
            hashlib.sha256(data).hexdigest(),
            _thresholds(shape, content["threshold"]),
            kinds,
            rebuilders,
            tuple(_override(shape, entry, rebuilders) for entry in overrides),
            {version: _signing(shape, f"signing.{version}", entry) for version, entry in versions.items()},
        )

    def signing(self, version: str) -> Signing:
        """What may be signed as that version; raises PolicyError if nothing may."""
        if version not in self.versions:
            remedy = f"to allow it, add what `./invoke policy --version {version}` prints in a checkout of Verbatim"
            raise PolicyError(f"the policy does not allow {version} to be signed", remedy)
        return self.versions[version]

    def needed(self, artifact: str) -> int:
        """How many must confirm it: the highest threshold whose pattern matches. Raises PolicyError if none does."""
        fitting = [count for each, count in self.thresholds.items() if fnmatch.fnmatchcase(artifact, each)]
        if not fitting:
            raise PolicyError(f"the policy has no threshold for {artifact}", _REMEDY)
        return max(fitting)

    def voices(self, names: Iterable[str]) -> int:
        """How many independent voices these rebuilders are: all of a kind that counts once are one voice."""
        kinds = {name: self.rebuilders[name].kind for name in names}
        return len({kind if self.kinds[kind] == "once" else (kind, name) for name, kind in kinds.items()})


def _thresholds(shape: Shape, value: object) -> dict[str, int]:
    thresholds = shape.named(value, "threshold")
    for pattern, count in thresholds.items():
        shape.text(pattern, "threshold")
        # True is an int to Python.
        if type(count) is not int or not 1 <= count <= 1000:
            raise shape.refused(f"threshold.{pattern}", count, "a number from 1 to 1000")
    return thresholds


def _rebuilder(shape: Shape, name: str, value: object, kinds: Mapping[str, str]) -> Rebuilder:
    field = f"rebuilders.{name}"
    shape.text(name, field, REBUILDER_PATTERN)
    entry = shape.table(value, field, ("kind",), ("keys", "identities"))
    kind = shape.text(entry["kind"], f"{field}.kind", "|".join(kinds))
    listed = [shape.items(entry.get(name, []), f"{field}.{name}") for name in ("keys", "identities")]
    keys = [_key(shape, f"{field}.keys", each) for each in listed[0]]
    identities = [_identity(shape, f"{field}.identities", each) for each in listed[1]]
    credentials = [*(key.ed25519 for key in keys), *identities]
    if not credentials or len(set(credentials)) < len(credentials):
        raise shape.refused(field, credentials, "keys or identities, each once")
    return Rebuilder(kind, {key.ed25519: key for key in keys}, tuple(identities))


def _refuse_two_owners(shape: Shape, rebuilders: Mapping[str, Rebuilder]) -> None:
    """Raise PolicyError for a key or an identity of two rebuilders: revoked for one, it would still count for the other."""
    owners: dict[str, str] = {}
    for name, rebuilder in rebuilders.items():
        for each in (*rebuilder.keys, *rebuilder.identities):
            if owners.setdefault(each, name) != name:
                raise shape.refused(f"rebuilders.{name}", each, f"a credential that is not {owners[each]}'s")


def _key(shape: Shape, field: str, value: object) -> Key:
    entry = _credential(shape, field, value, "ed25519")
    public = _public_key(shape, entry["ed25519"], f"{field}.ed25519")
    return Key(public, entry.get("expires"), entry.get("revoked"))


def _identity(shape: Shape, field: str, value: object) -> str:
    entry = _credential(shape, field, value, "subject", "issuer")
    return f"{shape.text(entry['issuer'], field)} {shape.text(entry['subject'], field)}"


def _credential(shape: Shape, field: str, value: object, *required: str) -> dict[str, Any]:
    entry = shape.table(value, field, required, ("expires", "revoked"))
    for lapse in entry.keys() - {*required}:
        # A datetime is a date to Python.
        if type(entry[lapse]) is not date:
            raise shape.refused(f"{field}.{lapse}", entry[lapse], "a date")
    return entry


def _public_key(shape: Shape, value: object, field: str) -> str:
    """A sound ed25519 key in hexadecimal."""
    public = shape.text(value, field, SHA256_PATTERN)
    # The last bit is the sign of x; a y beyond the field is a second spelling of another y.
    y = int.from_bytes(bytes.fromhex(public), "little") % 2**255
    if y >= _P or y in _SMALL_ORDER:
        raise shape.refused(field, public, "a key that is not a point of small order")
    return public


def _override(shape: Shape, value: object, rebuilders: Mapping[str, Rebuilder]) -> Override:
    names = ("version", "rebuilder", "statement", "by", "reason")
    entry = shape.table(value, "override", names)
    shape.text(entry["statement"], "override.statement", SHA256_PATTERN)
    shape.text(entry["rebuilder"], "override.rebuilder", "|".join(rebuilders))
    return Override(*(shape.text(entry[name], f"override.{name}") for name in names))


def _signing(shape: Shape, field: str, value: object) -> Signing:
    required = ("commit", "artifacts", "inputs", "identity", "issuer")
    entry = shape.table(value, field, required, ("gpg", "ed25519"))
    artifacts: dict[str, tuple[str, ...]] = {}
    for stage, names in shape.named(entry["artifacts"], f"{field}.artifacts").items():
        shape.text(stage, f"{field}.artifacts", STAGE_PATTERN)
        artifacts[stage] = tuple(sorted(shape.texts(names, f"{field}.artifacts", NAME_PATTERN)))
    every = [name for names in artifacts.values() for name in names]
    if len(set(every)) < len(every):
        raise shape.refused(f"{field}.artifacts", every, "each artifact once")
    inputs = shape.named(entry["inputs"], f"{field}.inputs")
    for sha256 in inputs.values():
        shape.text(sha256, f"{field}.inputs", SHA256_PATTERN)
    gpg, ed25519 = entry.get("gpg"), entry.get("ed25519")
    if gpg is not None:
        shape.text(gpg, f"{field}.gpg", r"[0-9A-F]{40}")
    if ed25519 is not None:
        _public_key(shape, ed25519, f"{field}.ed25519")
    commit = shape.text(entry["commit"], f"{field}.commit", COMMIT_PATTERN)
    identity, issuer = (shape.text(entry[name], f"{field}.{name}") for name in ("identity", "issuer"))
    return Signing(commit, artifacts, inputs, identity, issuer, gpg, ed25519)
