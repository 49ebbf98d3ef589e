"""``attest`` and ``withdraw``: what the policy at hand would not count is refused before anything is written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.program import Ended
from tests.rebuilders import ALICE, BOB, HASHES, RELEASE, Person, remember, statement, write_policy
from tests.unit.conftest import Run
from verbatim.digest import sha256_bytes
from verbatim.evidence.keys import public_half
from verbatim.evidence.signing_entry import SigningEntry
from verbatim.evidence.statement import file_name
from verbatim.stages.choose import source_stage
from verbatim.store import Store

pytestmark = pytest.mark.usefixtures("interrupts", "elsewhere")

SPOILED = statement({**HASHES, "Python-3.13.99.tgz": "c" * 64})


@pytest.fixture(autouse=True)
def built(elsewhere: Path, store: Store) -> str:
    """Something that was built here; gives the hash of its statement."""
    folder = elsewhere / "dist" / "3.13.99"
    folder.mkdir(parents=True)
    for name in HASHES:
        (folder / name).write_bytes(name.encode())
    said = statement({name: sha256_bytes(name.encode()) for name in HASHES})
    (folder / file_name("source")).write_bytes(said.encode())
    remember(store, said)
    return sha256_bytes(said.encode())


def attest(run: Run, name: str, person: Person, *options: str) -> Ended:
    """Attest under a name, with the key of a person."""
    key = person.write_key(Path("key.pem"))
    return run("attest", "--version", "3.13.99", "--as", name, "--key", str(key), *options)


def withdraw(run: Run, name: str, person: Person, sha256: str) -> Ended:
    key = person.write_key(Path("key.pem"))
    signing = ("--version", "3.13.99", "--as", name, "--key", str(key))
    return run("withdraw", *signing, "--statement", sha256, "--reason", "The disk was full.")


def refused(ended: Ended) -> str:
    """Why nothing was written."""
    assert (ended.status, ended.out) == (2, "")
    assert not Path("attestations", "3.13.99").exists()
    return ended.complaint


def test_a_name_that_the_policy_does_not_list_is_refused(run: Run) -> None:
    write_policy(Path("attestations"), (BOB, ALICE))
    why = refused(attest(run, "mallory", ALICE))
    assert (
        "attestations/policy.toml does not list the rebuilder mallory; it lists alice, bob; correct --as"
        in why
    )


def test_a_key_of_another_rebuilder_is_refused_by_name(run: Run) -> None:
    write_policy(Path("attestations"))
    why = refused(attest(run, "alice", BOB))
    assert f"ed25519:{public_half(BOB.signer)} belongs to bob in attestations/policy.toml" in why
    assert f"expected one of alice's: ed25519:{public_half(ALICE.signer)}; sign as bob" in why


def test_a_key_of_nobody_is_refused(run: Run) -> None:
    write_policy(Path("attestations"))
    assert "is not listed in attestations/policy.toml" in refused(attest(run, "alice", Person("mallory")))


def test_a_revoked_key_is_refused(run: Run) -> None:
    write_policy(Path("attestations"), (Person("alice", lapses={"revoked": date(2026, 5, 1)}),))
    why = refused(attest(run, "alice", ALICE))
    assert "of alice was revoked on 2026-05-01" in why
    assert "make another key: ./invoke keygen" in why


def test_an_expired_key_signs_with_a_warning_since_it_can_object(run: Run) -> None:
    write_policy(Path("attestations"), (Person("alice", lapses={"expires": date(2020, 1, 1)}),))
    done = attest(run, "alice", ALICE)
    assert done.status == 0
    assert "has expired, according to attestations/policy.toml: it can object, but not confirm" in done.err


def test_a_policy_that_is_given_counts_in_place_of_the_one_beside(run: Run) -> None:
    write_policy(Path("attestations"), (BOB,))
    given = write_policy(Path("other"), (ALICE,))
    assert attest(run, "alice", ALICE, "--policy", str(given)).status == 0
    missing = attest(run, "alice", ALICE, "--policy", "nowhere.toml")
    assert (missing.status, "nowhere.toml is missing" in missing.complaint) == (6, True)


def test_without_a_policy_a_note_says_that_nothing_was_checked(run: Run) -> None:
    done = attest(run, "alice", ALICE)
    assert done.status == 0
    assert "there is no attestations/policy.toml, so neither the name nor the key is checked" in done.err


def _signing(**inputs: str) -> dict[str, object]:
    entry = SigningEntry.of([source_stage(RELEASE)]).model_dump()
    return {"3.13.99": {**entry, "inputs": {**entry["inputs"], **inputs}}}


def test_a_statement_of_other_inputs_is_signed_with_a_warning(run: Run) -> None:
    write_policy(Path("attestations"), signing=_signing())
    assert "the policy allows" not in attest(run, "alice", ALICE).err
    write_policy(Path("attestations"), signing=_signing(**{"recipe/source": "0" * 64}))
    done = attest(run, "bob", BOB)
    assert done.status == 0
    assert f"the policy allows {'0' * 64}; so it can object" in done.err
    assert Path("attestations", "3.13.99", "bob.source.dsse.json").exists()


def test_an_entry_that_is_not_valid_does_not_keep_anybody_from_objecting(run: Run) -> None:
    write_policy(Path("attestations"), signing={"3.13.99": {"inputs": 7}})
    done = attest(run, "alice", ALICE)
    assert done.status == 0
    assert "inputs are not compared with the policy" in done.err


def test_a_statement_that_nobody_made_is_not_withdrawn(run: Run, built: str) -> None:
    write_policy(Path("attestations"))
    assert "there is no folder attestations/3.13.99" in refused(withdraw(run, "alice", ALICE, built))
    BOB.attest(Path("attestations"))
    assert attest(run, "alice", ALICE).status == 0
    there = sorted(Path("attestations", "3.13.99").iterdir())
    done = withdraw(run, "alice", ALICE, "0" * 64)
    assert done.status == 2
    assert f"alice made no statement {'0' * 64}; in attestations/3.13.99 are {built}; give" in done.complaint
    # Bob made another one.
    assert "bob made no statement" in withdraw(run, "bob", BOB, built).complaint
    assert "carol made no statement" in withdraw(run, "carol", Person("carol"), built).complaint
    assert sorted(Path("attestations", "3.13.99").iterdir()) == there
    assert withdraw(run, "alice", ALICE, built).status == 0
    assert withdraw(run, "alice", ALICE, built).out == "it is already withdrawn\n"


def test_a_withdrawal_with_another_key_is_refused(run: Run, built: str) -> None:
    write_policy(Path("attestations"))
    assert attest(run, "alice", ALICE).status == 0
    assert "belongs to bob" in withdraw(run, "alice", BOB, built).complaint
    assert not Path("attestations", "3.13.99", "alice.withdrawal.dsse.json").exists()


def test_a_damaged_file_does_not_keep_anybody_from_withdrawing(run: Run, built: str) -> None:
    write_policy(Path("attestations"))
    assert attest(run, "alice", ALICE).status == 0
    for name, content in {
        "alice.source.2.dsse.json": "{}",
        "alice.source.sigstore.json": "[]",
        "x": "",
    }.items():
        Path("attestations", "3.13.99", name).write_text(content)
    done = withdraw(run, "alice", ALICE, built)
    assert done.status == 0
    assert "alice.source.2.dsse.json is ignored" in done.err
