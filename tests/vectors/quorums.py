"""The vectors of quorums: a policy, a folder of attestations, a day, and an artifact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tests.vectors.make import (
    HASHES,
    TARBALL,
    TREE,
    VERSION,
    Vectors,
    canonical,
    changed,
    public_of,
    sha256,
    signed,
    statement,
    withdrawal,
)
from tests.vectors.policies import override, policy, toml

TODAY = date(2026, 6, 1)
DOCS = "python-3.13.99-docs-html.zip"
OTHER = {**HASHES, TARBALL: "f" * 64}


@dataclass(frozen=True)
class Case:
    """What is asked, and of what."""

    policy: Mapping[str, Any]
    #: The attestations, by the names of their files.
    files: Mapping[str, bytes] = field(default_factory=dict)
    artifact: str = TARBALL
    hashes: Mapping[str, str] = field(default_factory=lambda: HASHES)

    def add(self, name: str, payload: bytes, signer: str = "", file: str = "") -> Case:
        """With one more; ``name`` is that of a rebuilder, unless there is another one for the file."""
        data = canonical(signed(payload, signer or name))
        return replace(self, files={**self.files, file or f"{name}.source.dsse.json": data})

    def encode(self) -> bytes:
        content = {
            "version": VERSION,
            "today": TODAY.isoformat(),
            "artifact": self.artifact,
            "hashes": dict(self.hashes),
            "policy": toml(self.policy).decode(),
            "attestations": {name: data.decode() for name, data in self.files.items()},
        }
        return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


_SAID = canonical(statement())
_OBJECTION = canonical(statement(OTHER))


def _agreed(**entries: object) -> Case:
    """Alice and Bob confirm."""
    return Case(policy(**entries)).add("alice", _SAID).add("bob", _SAID)


def _short(content: Mapping[str, Any] | None = None) -> Case:
    return Case(content or policy()).add("alice", _SAID)


def _objected(content: Mapping[str, Any] | None = None) -> Case:
    """Alice and Bob confirm, and Carol got something else."""
    case = _agreed() if content is None else replace(_agreed(), policy=content)
    return case.add("carol", _OBJECTION)


def quorums() -> Vectors:
    for result, cases in (
        ("quorum", _QUORUM),
        ("short", _SHORT),
        ("blocked", _BLOCKED),
        ("refused", _REFUSED),
    ):
        for name, case in cases.items():
            yield f"{result}/{name}.json", case.encode()


def _keys(*names: str, **lapses: object) -> dict[str, Any]:
    return {"kind": "own", "keys": [{"ed25519": public_of(name), **lapses} for name in names]}


def _lapsed(name: str, **lapses: object) -> dict[str, Any]:
    return changed(policy(), f"rebuilders/{name}", _keys(name, **lapses))  # type: ignore[no-any-return]


def _with(**entries: object) -> dict[str, Any]:
    return policy(rebuilders={**policy()["rebuilders"], **entries})


def _tree(tarball: str) -> Case:
    """A tree that was built from a tarball, which has its quorum."""
    content = policy(threshold={"Python-*": 2, "cpython-*-x86_64-linux-gnu.tar.xz": 2})
    content["signing"][VERSION]["artifacts"]["linux-x86_64"] = [TREE]
    case = replace(_agreed(), policy=content, artifact=TREE, hashes={**HASHES, TREE: "7" * 64})
    said = canonical(statement({TREE: "7" * 64}, stage="linux-x86_64", tarball=tarball))
    for name in ("alice", "bob"):
        case = case.add(name, said, file=f"{name}.linux-x86_64.dsse.json")
    return case


def _docs(hashes: Mapping[str, str], tarball: str | None = None) -> Case:
    """The documentation is attested, and maybe more in its name."""
    content = policy(threshold={"Python-*": 2, "python-*-docs-html.zip": 2})
    content["signing"][VERSION]["artifacts"]["docs"] = [DOCS]
    case = Case(content, hashes={**HASHES, DOCS: "8" * 64})
    said = canonical(statement(hashes, stage="docs", tarball=tarball))
    for name in ("alice", "bob"):
        case = case.add(name, said, file=f"{name}.docs.dsse.json")
    return case


def _took_back(reason: str = "The disk was full.", *, of: bytes = _OBJECTION) -> bytes:
    return canonical(withdrawal(of, reason))


_WITHDRAWAL = "carol.withdrawal.dsse.json"
_OVERRIDDEN = {"statement": sha256(_OBJECTION)}
#: Carol's key, and the one that was stolen.
_STOLEN = _with(
    carol={
        "kind": "own",
        "keys": [{"ed25519": public_of("carol")}, {"ed25519": public_of("old"), "revoked": date(2026, 1, 1)}],
    }
)

_QUORUM = {
    "two-rebuilders": _agreed(),
    "three-rebuilders": _agreed().add("carol", _SAID),
    "a-stranger-objects": _agreed().add("mallory", _OBJECTION),
    "a-second-attestation": _agreed().add("alice", _SAID, file="alice.source.2.dsse.json"),
    "the-last-attestation": _agreed().add("alice", _SAID, file="alice.source.99.dsse.json"),
    "an-objection-withdrawn": _objected().add("carol", _took_back(), file=_WITHDRAWAL),
    "an-objection-overridden": _objected(policy(override=[override(**_OVERRIDDEN)])),
    "an-objection-of-a-revoked-key": _objected(_lapsed("carol", revoked=date(2027, 1, 1))),
    "an-objection-to-another-artifact": _agreed().add(
        "carol", canonical(statement({"Python-3.13.99.tgz": "9" * 64}))
    ),
    "a-key-expires-tomorrow": replace(_agreed(), policy=_lapsed("bob", expires=date(2026, 6, 2))),
    "a-kind-once-and-one-of-ones-own": replace(
        _agreed(),
        policy=_with(bob={**_keys("bob"), "kind": "hosted"}, dora={**_keys("dora"), "kind": "hosted"}),
    ),
    "a-tree-from-a-tarball-that-has-its-quorum": _tree(HASHES[TARBALL]),
    "docs-from-git": replace(_docs({DOCS: "8" * 64}), artifact=DOCS),
}

_SHORT = {
    "nobody": Case(policy()),
    "one-rebuilder": _short(),
    "one-rebuilder-twice": _short().add("alice", _SAID, file="alice.source.2.dsse.json"),
    "a-stranger-confirms": _short().add("mallory", _SAID),
    "two-of-a-kind-once": replace(
        _agreed(), policy=_with(**{name: {**_keys(name), "kind": "hosted"} for name in ("alice", "bob")})
    ),
    "a-key-expired-today": replace(_agreed(), policy=_lapsed("bob", expires=TODAY)),
    "a-key-expired-yesterday": replace(_agreed(), policy=_lapsed("bob", expires=date(2026, 5, 31))),
    "a-key-revoked-in-the-future": replace(_agreed(), policy=_lapsed("bob", revoked=date(2027, 1, 1))),
    "from-a-tarball": _short().add("bob", canonical(statement(tarball="3" * 64))),
    "from-the-tarball-itself": _short().add("bob", canonical(statement(tarball=HASHES[TARBALL]))),
    "a-confirmation-withdrawn": _agreed().add("bob", _took_back(of=_SAID), file="bob.withdrawal.dsse.json"),
    "a-confirmation-overridden": replace(
        _agreed(), policy=policy(override=[override(rebuilder="bob", statement=sha256(_SAID))])
    ),
    "a-tree-from-another-tarball": _tree("9" * 64),
    "docs-say-nothing-of-the-tarball": _docs({DOCS: "8" * 64}, tarball=HASHES[TARBALL]),
}

_BLOCKED = {
    "an-objection": _objected(),
    "an-objection-of-one-who-confirms-as-well": _agreed().add(
        "alice", _OBJECTION, file="alice.source.2.dsse.json"
    ),
    "an-objection-of-an-expired-key": _objected(_lapsed("carol", expires=date(2020, 1, 1))),
    "an-objection-from-a-tarball": _agreed().add("carol", canonical(statement(OTHER, tarball="3" * 64))),
    "withdrawn-by-another": _objected().add("bob", _took_back(), file="bob.withdrawal.dsse.json"),
    "withdrawn-with-a-stolen-key": _objected(_STOLEN).add("carol", _took_back(), "old", file=_WITHDRAWAL),
    "another-statement-withdrawn": _objected().add("carol", _took_back(of=_SAID), file=_WITHDRAWAL),
    "overridden-for-another-version": _objected(
        policy(override=[override(version="3.13.98", **_OVERRIDDEN)])
    ),
    "overridden-for-another-rebuilder": _objected(
        policy(override=[override(rebuilder="bob", **_OVERRIDDEN)])
    ),
    "another-statement-overridden": _objected(policy(override=[override()])),
}

_REFUSED = {
    "docs-that-name-the-tarball": _docs({**HASHES, DOCS: "8" * 64}),
    "docs-that-were-built-from-the-tarball-and-name-it": _docs(
        {**HASHES, DOCS: "8" * 64}, tarball=HASHES[TARBALL]
    ),
    "source-that-names-the-docs": _docs({DOCS: "8" * 64}).add(
        "alice", canonical(statement({**HASHES, DOCS: "9" * 64}))
    ),
    "another-version": _agreed().add(
        "carol", canonical(statement({"Python-3.13.98.tgz": "b" * 64}, version="3.13.98"))
    ),
    "another-stage": _agreed().add("carol", _SAID, file="carol.docs.dsse.json"),
    "another-rebuilders-file": _agreed().add("carol", _SAID, "alice"),
    "a-withdrawal-as-an-attestation": _agreed().add("carol", _took_back()),
    "an-attestation-as-a-withdrawal": _agreed().add("carol", _SAID, file=_WITHDRAWAL),
    "a-withdrawal-in-two-lines": _objected().add("carol", _took_back("a\nb"), file=_WITHDRAWAL),
    "a-withdrawal-without-a-reason": _objected().add("carol", _took_back(""), file=_WITHDRAWAL),
    "a-statement-that-is-not-canonical": _agreed().add("carol", _SAID + b"\n"),
    "an-envelope-without-a-signature": replace(
        _agreed(),
        files={
            **_agreed().files,
            "carol.source.dsse.json": canonical({**signed(_SAID, "carol"), "signatures": []}),
        },
    ),
    "an-empty-file": replace(_agreed(), files={**_agreed().files, "carol.source.dsse.json": b""}),
    **{
        f"a-file-called-{kind}": _agreed().add("carol", _SAID, file=name)
        for kind, name in (
            ("in-capitals", "Carol.source.dsse.json"),
            ("by-a-stage-with-dot", "carol.so.urce.dsse.json"),
            ("by-a-stage-with-hyphen", "carol.-source.dsse.json"),
            ("by-no-stage", "carol.dsse.json"),
            ("by-number-zero", "carol.source.0.dsse.json"),
            ("by-number-one", "carol.source.1.dsse.json"),
            ("by-number-02", "carol.source.02.dsse.json"),
            ("by-number-100", "carol.source.100.dsse.json"),
            ("by-another-form", "carol.source.pgp.json"),
            ("by-another-ending", "carol.source.dsse.json.bak"),
            ("hidden", ".carol.source.dsse.json"),
            ("with-a-space", "carol .source.dsse.json"),
            ("with-a-line-feed", "carol.source.dsse.json\n"),
            ("beyond-ascii", "c\u00e4rol.source.dsse.json"),
            ("by-a-name-too-long", f"{'c' * 40}.source.dsse.json"),
        )
    },
}
