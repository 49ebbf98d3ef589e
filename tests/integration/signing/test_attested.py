"""From builds on several engines to a quorum: the same statement under several names, and one that objects."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.command import Finished, verbatim
from tests.integration.engines import require
from tests.integration.releases import SMALL, small_repository
from verbatim.digest import sha256_bytes, sha256_file
from verbatim.engines.choose import engine
from verbatim.environments.definition import load_definition
from verbatim.paths import PROJECT

_POLICY = """
sources = ["git", "tarball"]

[threshold]
"Python-*" = 2

[kinds]
own-machine = "each"

"""
#: What somebody did to the gzip of an environment: its level is another than asked for.
_SPOILED = """
activate = [
    "mv /usr/bin/gzip /usr/bin/gzip.real",
    "printf '#!/usr/bin/bash\\\\nexec gzip.real -n -8\\\\n' > /usr/bin/gzip",
    "chmod 755 /usr/bin/gzip",
]
"""


@dataclass
class Rebuilder:
    """Somebody with a checkout, a cache and a key of one's own."""

    name: str
    engine: str
    folder: Path
    attestations: Path
    cache: Path
    project: Path = PROJECT

    def run(self, task: str, *options: str) -> Finished:
        return verbatim(task, *options, cache=self.cache, project=self.project)

    def keygen(self) -> str:
        """Make a key; give the entry for the policy."""
        made = self.run("keygen", "--as", self.name, "--key", str(self.folder / "key.pem"))
        assert made.status == 0, made.err
        return made.out

    def build(self, version: str, source: str) -> Finished:
        return self.run(
            *("build", "--version", version, "--source", source, "--engine", self.engine),
            *("--output", str(self.folder / "dist"), "--json"),
        )

    def attest(self, version: str) -> Finished:
        return self.run(
            *("attest", "--version", version, "--as", self.name, "--key", str(self.folder / "key.pem")),
            *("--output", str(self.folder / "dist"), "--attestations", str(self.attestations)),
        )


@pytest.fixture
def four(tmp_path: Path, downloads: Path, project: Path) -> dict[str, Rebuilder]:
    """Three with an engine each; and Dora, whose environment somebody has spoiled."""
    people = {}
    for name, engine_name in {"alice": "sandbox", "bob": "docker", "carol": "nix", "dora": "sandbox"}.items():
        require(engine(engine_name))
        folder = tmp_path / name
        folder.mkdir()
        people[name] = Rebuilder(name, engine_name, folder, tmp_path / "attestations", downloads)
    _spoil(people["dora"], project)
    people["dora"].project = project
    (tmp_path / "attestations").mkdir()
    entries = "\n".join(person.keygen() for person in people.values())
    (tmp_path / "attestations" / "policy.toml").write_text(_POLICY + entries)
    return people


def _spoil(person: Rebuilder, project: Path) -> None:
    """Change an environment, and let its lock have the digest that comes of it."""
    definition = project / "containers" / "build" / "source" / "environment.toml"
    lock = definition.with_name("lock.toml")
    was = load_definition(definition.parent).sha256
    definition.write_text(definition.read_text() + _SPOILED)
    lock.write_text(lock.read_text().replace(was, load_definition(definition.parent).sha256))
    refused = verbatim("environments", "--make", "source", cache=person.cache, project=project)
    digests = re.findall(r"[0-9a-f]{64}", refused.refusal(1))
    assert len(digests) == 2
    text = lock.read_text()
    former = re.search(r'^root_sha256 = "(.+)"$', text, re.MULTILINE)
    assert former is not None
    digests.remove(former[1])
    lock.write_text(text.replace(former[1], digests[0]))


def _flow(four: dict[str, Rebuilder], version: str, source: str) -> None:
    *honest, dora = four.values()
    for person in honest:
        assert person.build(version, source).status == 0
        assert person.attest(version).status == 0
    alice = four["alice"]
    folder = alice.attestations
    payloads = {
        json.loads((folder / version / f"{person.name}.source.dsse.json").read_bytes())["payload"]
        for person in honest
    }
    assert len(payloads) == 1
    check = ("check", "--version", version, "--attestations", str(folder), "--json")
    quorum = alice.run(*check)
    assert {row["result"]: row["voices"] for row in quorum.result["artifacts"]} == {"quorum": 3}
    # A quorum no longer, once somebody who counts got something else.
    spoiled = dora.build(version, source)
    assert dora.attest(version).status == 0
    blocked = alice.run(*check)
    assert blocked.status == 1
    rows = {row["name"]: row for row in json.loads(blocked.out)["artifacts"]}
    assert rows[f"Python-{version}.tar.xz"]["result"] == "quorum"
    row = rows[f"Python-{version}.tgz"]
    assert (row["result"], row["voices"]) == ("blocked", 3)
    got = {claim["rebuilder"]: claim["sha256"] for claim in row["claims"]}
    assert got["dora"] == sha256_file(dora.folder / "dist" / version / f"Python-{version}.tgz")
    assert {sha256 for name, sha256 in got.items() if name != "dora"} == {row["sha256"]}
    assert spoiled.status in (0, 1)
    shown = alice.run(*check[:-1])
    assert f"dora objects to Python-{version}.tgz: got {got['dora']}" in shown.out
    assert "there is no quorum" in shown.err
    # Until she takes it back.
    statement = sha256_bytes((dora.folder / "dist" / version / "source.intoto.json").read_bytes())
    taken_back = dora.run(
        *("withdraw", "--version", version, "--as", "dora", "--key", str(dora.folder / "key.pem")),
        *("--attestations", str(folder), "--statement", statement, "--reason", "My gzip was another."),
    )
    assert taken_back.status == 0, taken_back.err
    assert alice.run(*check).status == 0


@pytest.mark.integration
def test_three_engines_and_three_keys_are_a_quorum_and_a_spoiled_environment_blocks_it(
    four: dict[str, Rebuilder], tmp_path: Path
) -> None:
    repository = small_repository(tmp_path / "repository")
    _flow(four, SMALL, str(repository.path))


@pytest.mark.slow
def test_the_same_of_a_real_release(four: dict[str, Rebuilder]) -> None:
    _flow(four, "3.13.5", "tarball")
