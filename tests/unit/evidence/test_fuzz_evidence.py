"""Whatever strangers write, no parser of what is signed ends in a traceback, and both programs take the same.

A few hundred mutations in each run; the slow tests try as many as ten minutes give.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import tomli
import tomli_w
from hypothesis import strategies as st
from verbatim_sign import attestations, bundles
from verbatim_sign.files import OpenFile, opened

from tests.fuzz import probes
from tests.fuzz.mutations import VALUES, run, spoiled_bytes, spoiled_documents
from tests.sigstore import PrivateSigstore
from tests.vectors.make import canonical
from verbatim import trust
from verbatim.evidence import identity
from verbatim.evidence.policy import Rebuilder

_ISSUER = "https://accounts.example.com"
#: How many in each run, and in the slow one; a second, and ten minutes, of one core.
_FEW, _ROUND = 25, 5_000

Parser = tuple[Callable[[Any], None], st.SearchStrategy[Any], int]


def _json(kind: str) -> st.SearchStrategy[bytes]:
    """Bytes of a kind of vector: spoiled as documents, as bytes, and as both."""
    seeds = probes.vectors(kind)
    documents = spoiled_documents([json.loads(seed) for seed in seeds])
    spoiled = documents.filter(_is_text).map(canonical)
    return st.one_of(
        spoiled, spoiled, spoiled_bytes(seeds), spoiled.flatmap(lambda data: spoiled_bytes([data]))
    )


def _is_text(document: Any) -> bool:
    try:
        json.loads(canonical(document))
    except (TypeError, ValueError):
        return False
    return True


def _toml() -> st.SearchStrategy[bytes]:
    seeds = probes.vectors("policy")
    # There is no nothing in TOML.
    values = [value for value in VALUES if value is not None and value != 10**400]
    documents = spoiled_documents([tomli.loads(seed.decode()) for seed in seeds], values)
    return st.one_of(documents.map(_toml_of), spoiled_bytes(seeds))


def _toml_of(document: Any) -> bytes:
    try:
        return tomli_w.dumps(document).encode(errors="replace")
    except (TypeError, AttributeError):
        return b"x"


def _pem() -> st.SearchStrategy[bytes]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    from tests.vectors.make import key_of

    plain, protected = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"x")
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    keys = [key_of("alice").private_bytes(*form, kind) for kind in (plain, protected)]
    return spoiled_bytes([*keys, generate_private_key(SECP256R1()).private_bytes(*form, plain)])


def _lines() -> st.SearchStrategy[bytes]:
    """Logs, some of whose lines follow from those before."""
    entry = {"time": "2025-01-01T00:00:00+00:00", "event": "signed", "version": "3.13.99", "file": "x"}

    def chained(entries: list[Any]) -> bytes:
        text, previous = b"", "0" * 64
        for each in entries:
            said = {**each, "previous": previous} if isinstance(each, dict) else each
            line = canonical_or(said) + b"\n"
            previous = hashlib.sha256(line).hexdigest()
            text += line
        return text

    entries = st.lists(st.one_of(spoiled_documents([entry]), st.sampled_from(VALUES)), max_size=4)
    logs = entries.map(chained)
    return st.one_of(logs, logs, logs.flatmap(lambda data: spoiled_bytes([data])))


def canonical_or(said: Any) -> bytes:
    try:
        return canonical(said)
    except ValueError:
        return b"[" * 5000


PARSERS = ("statement", "withdrawal", "envelope", "policy", "quorum", "key", "log")


def _parser(name: str, folder: Path) -> tuple[Callable[[Any], None], st.SearchStrategy[Any]]:
    if name == "policy":
        return partial(probes.policy, folder=folder), _toml()
    if name == "quorum":
        documents = probes.quorum_documents()
        values = [value for value in VALUES if value is not None and value != 10**400]
        return partial(probes.quorum, folder=folder), spoiled_documents(documents, values)
    if name == "key":
        return partial(probes.key, folder=folder), _pem()
    if name == "log":
        return partial(probes.log, folder=folder), _lines()
    return getattr(probes, name), _json(name)


@pytest.mark.parametrize("name", PARSERS)
def test_nothing_that_is_spoiled_ends_in_a_traceback(name: str, tmp_path: Path) -> None:
    probe, strategy = _parser(name, tmp_path)
    assert run(probe, strategy, examples=_FEW) >= _FEW


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("number", range(1, 21))
def test_nothing_of_a_hundred_thousand_does(name: str, number: int, tmp_path: Path) -> None:
    probe, strategy = _parser(name, tmp_path)
    assert run(probe, strategy, examples=_ROUND, number=number) >= _ROUND


# What Sigstore's client reads.


@dataclass(frozen=True)
class Sigstore:
    """What a private one has signed: a statement for the main program, and a file for the signing stage."""

    running: PrivateSigstore
    folder: Path
    bundle: Any
    file_bundle: Any
    config: Any
    token: str

    def verify_statement(self, document: Any) -> None:
        dora = Rebuilder.model_validate(
            {"kind": "own", "identities": [{"subject": "dora@example.com", "issuer": _ISSUER}]}
        )
        data = canonical(document)
        probes.takes(lambda: identity.verify_with_identity(data, "x", dora, self.running.trust_config))
        probes.takes(lambda: attestations._unverified(data, "x"))

    def verify_file(self, document: Any) -> None:
        with opened(self.folder / "files") as folder:
            file = OpenFile.of(folder, "file")
            probes.takes(lambda: self.signer(self.running.trust_config).verify(file, canonical(document)))
            file.close()

    def trust(self, document: Any) -> None:
        path = self.folder / "other.json"
        path.write_bytes(canonical(document))
        probes.takes(lambda: trust.verifier.__wrapped__(path))
        probes.takes(lambda: self.signer(path))

    def use_token(self, token: bytes) -> None:
        given = token.decode("ascii", "replace").replace("\0", "")
        with mock.patch.dict(os.environ, {identity.TOKEN_VARIABLE: given or "x"}):
            probes.takes(lambda: identity._token(mock.Mock()))
            probes.takes(self.signer(self.running.trust_config)._token)

    def signer(self, config: Path) -> bundles.Sigstore:
        signing: Any = SimpleNamespace(identity="dora@example.com", issuer=_ISSUER)
        return bundles.Sigstore(signing, config, None)


@pytest.fixture(scope="module")
def sigstores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sigstore]]:
    before = os.umask(0o077)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        found = []
        for version in ("v1", "v2"):
            folder = tmp_path_factory.mktemp("sigstore")
            (folder / "files").mkdir()
            (folder / "files" / "file").write_bytes(b"made")
            with PrivateSigstore(folder, rekor=version) as running:
                token = running.token("dora@example.com", issuer=_ISSUER)
                patch.setenv(identity.TOKEN_VARIABLE, token)
                bundle = json.loads(
                    identity.sign_with_identity(probes.vectors("statement")[-1], running.trust_config)[1]
                )
                made = Sigstore(
                    running, folder, bundle, None, json.loads(running.trust_config.read_bytes()), token
                )
                with opened(folder / "files") as held:
                    file = OpenFile.of(held, "file")
                    data = made.signer(running.trust_config).prepare()(file)
                    file.close()
            found.append(Sigstore(running, folder, bundle, json.loads(data), made.config, token))
        yield found
    os.umask(before)


CLIENTS = ("verify_statement", "verify_file", "trust", "use_token")


def _client(name: str, sigstore: Sigstore) -> tuple[Callable[[Any], None], st.SearchStrategy[Any]]:
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "verify_statement": spoiled_documents([sigstore.bundle]).filter(_is_text),
        "verify_file": spoiled_documents([sigstore.file_bundle]).filter(_is_text),
        "trust": spoiled_documents([sigstore.config]).filter(_is_text),
        "use_token": spoiled_bytes([sigstore.token.encode()], [b".", b"e30", b"bnVsbA", b"="]),
    }
    return getattr(sigstore, name), strategies[name]


@pytest.mark.parametrize("name", CLIENTS)
def test_nothing_that_sigstores_client_reads_ends_in_a_traceback(
    name: str, sigstores: list[Sigstore]
) -> None:
    for number, sigstore in enumerate(sigstores):
        run(*_client(name, sigstore), examples=_FEW // 5, number=number)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("number", range(1, 11))
def test_nothing_of_ten_thousand_that_it_reads_does(
    name: str, number: int, sigstores: list[Sigstore]
) -> None:
    for sigstore in sigstores:
        run(*_client(name, sigstore), examples=_ROUND // 10, number=number)
