"""The parsers of what is signed, in both programs: each ends with a refusal of its own, or gives something.

Where both read the same, both must take it, or neither.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import tomli
import tomli_w
from verbatim_sign import airgap, attestations
from verbatim_sign import statement as signing_statement
from verbatim_sign.errors import HostError, QuorumError, Refusal
from verbatim_sign.files import opened
from verbatim_sign.log import opened_log
from verbatim_sign.policy import Policy as SigningPolicy
from verbatim_sign.quorum import Count

from tests.vectors.make import FOLDER, VERSION, canonical, public_of, signed
from verbatim.errors import VerbatimError
from verbatim.evidence.attestation import parse_withdrawal, read_attestations
from verbatim.evidence.envelope import Envelope
from verbatim.evidence.keys import load_signer
from verbatim.evidence.policy import Policy
from verbatim.evidence.quorum import count
from verbatim.evidence.statement import Statement
from verbatim.release import Release

_KEYS = [public_of(name) for name in ("alice", "bob")]


def vectors(kind: str, result: str = "accepted") -> list[bytes]:
    """The bytes of some golden vectors, which are what mutations begin with."""
    return [path.read_bytes() for path in sorted((FOLDER / kind / result).iterdir())]


def takes(parse: Callable[[], object]) -> bool:
    """Whether it is taken; what is raised that is no refusal is raised here as well."""
    try:
        parse()
    except (VerbatimError, Refusal) as refusal:
        assert str(refusal)
        return False
    return True


def _alike(main: Callable[[], object], signing: Callable[[], object]) -> None:
    assert takes(main) == takes(signing)


def statement(data: bytes) -> None:
    _alike(lambda: Statement.parse(data, "x"), lambda: signing_statement.Statement.parse(data, "x"))


def withdrawal(data: bytes) -> None:
    _alike(lambda: parse_withdrawal(data, "x"), lambda: signing_statement.Withdrawal.parse(data, "x"))


def envelope(data: bytes) -> None:
    _alike(
        lambda: Envelope.parse(data, "x").verify(_KEYS), lambda: attestations.open_envelope(data, "x", _KEYS)
    )


def policy(data: bytes, folder: Path) -> None:
    """The signing stage wants more of it, and never less."""
    path = folder / "policy.toml"
    path.write_bytes(data)
    by_main = takes(lambda: Policy.load(path))
    by_signing = takes(lambda: SigningPolicy.parse(data, "x"))
    assert by_main or not by_signing


def quorum(content: Any, folder: Path) -> None:
    """What the signing stage would sign has its quorum by `check` as well, or is refused there."""
    scene = _Scene.of(content, folder)
    if scene is None:
        return
    by_main: list[str] = []
    by_signing: list[str] = []
    takes(lambda: by_main.extend(scene.check()))
    takes(lambda: by_signing.append(scene.sign()))
    if by_signing == ["quorum"]:
        assert by_main in (["quorum"], [])
    if by_main == ["quorum"]:
        assert by_signing != ["blocked"]


@dataclass(frozen=True)
class _Scene:
    """A policy, and a folder with attestations that are signed as they should be, whatever is in them."""

    policy: bytes
    folder: Path
    today: date
    artifact: str
    hashes: Mapping[str, str]

    @classmethod
    def of(cls, content: Any, folder: Path) -> _Scene | None:
        """None for what cannot be laid out, because there is no such file or date."""
        there = folder / VERSION
        there.mkdir(exist_ok=True)
        for path in there.iterdir():
            path.unlink()
        try:
            for name, said in content["attestations"].items():
                (there / name).write_bytes(canonical(signed(canonical(said), name.partition(".")[0])))
            policy = tomli_w.dumps(content["policy"]).encode(errors="replace")
            (folder / "policy.toml").write_bytes(policy)
            today, hashes = date.fromisoformat(content["today"]), dict(content["hashes"])
            assert hashes[content["artifact"]]
            return cls(policy, folder, today, content["artifact"], hashes)
        except (AssertionError, AttributeError, KeyError, OSError, TypeError, ValueError):
            return None

    def check(self) -> list[str]:
        """The artifact's result for the main program; none if a file is refused."""
        policy, _ = Policy.load(self.folder / "policy.toml")
        release = Release.parse(VERSION)
        found = read_attestations(self.folder / VERSION, release, policy, _no_bundle)
        rows = count(release, policy, found, {}, today=self.today).rows
        sha256 = self.hashes[self.artifact]
        own = [row for row in rows if row.artifact == self.artifact and not found.refused]
        return [row.result if row.sha256 == sha256 else "other" for row in own]

    def sign(self) -> str:
        """The same, for the signing stage."""
        policy = SigningPolicy.parse(self.policy, "x")
        signing = policy.signing(VERSION)
        made: dict[str, list[str]] = {}
        before: list[str] = []
        for stage, names in signing.artifacts.items():
            made[stage] = list(before)
            before += [self.hashes[name] for name in names if name in self.hashes]
        with opened(self.folder / VERSION) as held:
            found = attestations.read_attestations(held, VERSION, policy, signing)
        try:
            Count(VERSION, policy, found, self.today, made).quorum(self.artifact, self.hashes[self.artifact])
        except QuorumError as error:
            return "blocked" if "is blocked" in str(error) else "short"
        return "quorum"


def quorum_documents() -> list[Any]:
    """The vectors of quorums, taken apart: the policy, and what is in each envelope."""
    documents = []
    for result in ("quorum", "short", "blocked"):
        for data in vectors("quorum", result):
            content = json.loads(data)
            content["policy"] = tomli.loads(content["policy"])
            content["attestations"] = {
                name: json.loads(base64.b64decode(json.loads(text)["payload"]))
                for name, text in content["attestations"].items()
            }
            documents.append(content)
    return documents


def _no_bundle(*_: object) -> NoReturn:
    raise VerbatimError("there are no bundles here")


def key(data: bytes, folder: Path) -> None:
    """A private key, in PEM."""
    path = folder / "key.pem"
    path.write_bytes(data)
    path.chmod(0o600)
    takes(lambda: load_signer(path, "x"))
    with mock.patch("getpass.getpass", lambda _: "x"):
        takes(airgap.Ed25519(_KEYS[0], path).prepare)


def log(data: bytes, folder: Path) -> None:
    """The log of what was signed."""
    path = folder / "log.jsonl"
    path.write_bytes(data)
    path.chmod(0o600)

    def use() -> None:
        with opened_log(path) as entries:
            entries.knows("3.13.99", "x", b"x")
            entries.refuse_other_state("3.13.99", "x", "x")
            # The clock may be said to be wrong.
            with contextlib.suppress(HostError):
                entries.append(event="x")

    takes(use)
