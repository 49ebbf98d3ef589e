"""The quorum: who counts, how often, what blocks, and what answers an objection."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import tomli
import tomli_w

from tests.checking import checked
from tests.rebuilders import (
    ALICE,
    BOB,
    CAROL,
    HASHES,
    RELEASE,
    TARBALL,
    Person,
    hashes_of,
    statement,
    tree_statement,
    write_policy,
)
from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError, MismatchError, UsageError
from verbatim.evidence.attestation import WithdrawalStatement
from verbatim.evidence.policy import Policy
from verbatim.evidence.quorum import Row
from verbatim.release import Published, Release
from verbatim.sources.source import Identity
from verbatim.stages.choose import artifact_names

SPOILED = statement({**HASHES, "Python-3.13.99.tgz": "c" * 64})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "attestations"
    write_policy(folder)
    return folder


def rows(folder: Path) -> dict[str, Row]:
    return {row.artifact: row for row in checked(folder).matrix.rows}


def results(folder: Path) -> set[str]:
    return {row.result for row in rows(folder).values()}


def test_enough_independent_rebuilders_are_a_quorum(folder: Path) -> None:
    ALICE.attest(folder)
    assert results(folder) == {"short"}
    with pytest.raises(MismatchError, match=r"too few confirm .*tgz \(1 of 2\)"):
        checked(folder).raise_for_missing_quorum()
    BOB.attest(folder)
    assert results(folder) == {"quorum"}
    checked(folder).raise_for_missing_quorum()


def test_an_artifact_that_nobody_has_is_missing_from_the_quorum(folder: Path) -> None:
    write_policy(folder, threshold={"Python-*": 2, "python-*-docs-html.zip": 1})
    for person in (ALICE, BOB):
        person.attest(folder)
    with pytest.raises(
        MismatchError, match=r"too few confirm python-3\.13\.99-docs-html\.zip \(0 of 1\)$|docs-html"
    ):
        checked(folder).raise_for_missing_quorum()
    assert rows(folder)["Python-3.13.99.tgz"].result == "quorum"


def test_what_the_policy_does_not_ask_for_is_shown_all_the_same(folder: Path) -> None:
    write_policy(folder, threshold={"*.tgz": 1})
    ALICE.attest(folder)
    assert {name: row.result for name, row in rows(folder).items()} == {
        "Python-3.13.99.tar.xz": "open",
        "Python-3.13.99.tgz": "quorum",
    }


# Who is the same voice.


@pytest.mark.parametrize("lapses", [{}, {"revoked": date(2026, 1, 1)}])
def test_one_key_under_two_names_is_refused(lapses: dict[str, object], folder: Path) -> None:
    """A key that was revoked for one of them would still count for the other."""
    path = write_policy(folder, (replace(ALICE, lapses=lapses), ALICE.called("alina"), BOB))
    with pytest.raises(IntegrityError, match=r"alice and alina both have ed25519:[0-9a-f]{64}, expected one"):
        Policy.load(path)


def test_one_identity_under_two_names_is_refused(folder: Path) -> None:
    identities = [{"subject": "a@example.com", "issuer": "https://example.com"}]
    hosted = {name: {"kind": "hosted", "identities": identities} for name in ("dora", "emil")}
    with pytest.raises(IntegrityError, match=r"dora and emil both have sigstore:https://example\.com a@"):
        Policy.load(write_policy(folder, rebuilders=hosted))


@pytest.mark.parametrize("credentials", ["keys", "identities"])
def test_one_key_twice_under_one_name_is_refused(credentials: str, folder: Path) -> None:
    """Two entries could say two things of it: that it was revoked, and that it was not."""
    path = write_policy(folder)
    policy = tomli.loads(path.read_text())
    policy["rebuilders"]["alice"]["identities"] = [{"subject": "alice", "issuer": "x"}]
    policy["rebuilders"]["alice"][credentials] += policy["rebuilders"]["alice"][credentials]
    path.write_text(tomli_w.dumps(policy))
    with pytest.raises(IntegrityError, match="has each key and each identity once"):
        Policy.load(path)


def test_many_attestations_of_one_rebuilder_count_once(folder: Path) -> None:
    path = ALICE.attest(folder)
    for number in range(2, 6):
        path.with_name(f"alice.source.{number}.dsse.json").write_bytes(path.read_bytes())
    assert {row.voices for row in rows(folder).values()} == {1}


def test_a_kind_that_counts_once_is_one_voice(folder: Path) -> None:
    hosted = [Person(name, kind="hosted") for name in ("dora", "emil", "fay")]
    write_policy(folder, (ALICE, *hosted))
    for person in hosted:
        person.attest(folder)
    assert results(folder) == {"short"}
    ALICE.attest(folder)
    assert results(folder) == {"quorum"}


@pytest.mark.parametrize(
    ("lapses", "counts"),
    [
        ({"expires": date(2026, 11, 25)}, False),
        ({"expires": date(2026, 11, 26)}, True),
        ({"revoked": date(2020, 1, 1)}, False),
        ({"revoked": date(2099, 1, 1)}, False),
    ],
)
def test_expired_and_revoked_keys_do_not_count(lapses: dict[str, object], counts: bool, folder: Path) -> None:
    bob = Person("bob", lapses=lapses)
    write_policy(folder, (ALICE, bob))
    for person in (ALICE, bob):
        person.attest(folder)
    assert results(folder) == ({"quorum"} if counts else {"short"})


def test_only_the_sources_that_the_policy_names_count(folder: Path) -> None:
    ALICE.attest(folder)
    BOB.attest(folder, statement(source=TARBALL))
    assert results(folder) == {"short"}
    write_policy(folder, sources=["git", "tarball"])
    assert results(folder) == {"quorum"}


def test_what_was_built_from_a_tarball_that_has_its_quorum_counts(folder: Path) -> None:
    write_policy(folder, threshold={"*": 2})
    trees = artifact_names(RELEASE)["linux-x86_64"]
    tarball = HASHES["Python-3.13.99.tar.xz"]

    def found() -> set[str]:
        return {rows(folder)[name].result for name in trees}

    ALICE.attest(folder, tree_statement(tarball))
    BOB.attest(folder, tree_statement("d" * 64))
    ALICE.attest(folder)
    assert found() == {"short"}
    CAROL.attest(folder, tree_statement(tarball))
    # It is not known yet whether that is the right tarball.
    assert found() == {"short"}
    BOB.attest(folder)
    assert found() == {"quorum"}
    assert [claim.standing for claim in rows(folder)[trees[0]].claims] == ["counts", "source", "counts"]
    CAROL.attest(folder, SPOILED)
    assert rows(folder)["Python-3.13.99.tgz"].result == "blocked"
    assert found() == {"quorum"}


def test_a_tarball_is_not_confirmed_by_what_was_made_of_itself(folder: Path) -> None:
    ALICE.attest(folder)
    source = Identity("tarball", "Python-3.13.99.tar.xz", {"sha256": HASHES["Python-3.13.99.tar.xz"]})
    BOB.attest(folder, statement(source=source))
    assert results(folder) == {"short"}


# What blocks.


def _object(folder: Path) -> None:
    for person in (ALICE, BOB):
        person.attest(folder)
    CAROL.attest(folder, SPOILED)


def test_an_objection_blocks_whatever_the_number(folder: Path) -> None:
    _object(folder)
    found = rows(folder)
    assert found["Python-3.13.99.tar.xz"].result == "quorum"
    blocked = found["Python-3.13.99.tgz"]
    assert (blocked.result, blocked.voices, blocked.sha256) == ("blocked", 2, "b" * 64)
    assert [claim.rebuilder for claim in blocked.objections] == ["carol"]
    with pytest.raises(MismatchError, match=r"blocked: Python-3\.13\.99\.tgz"):
        checked(folder).raise_for_missing_quorum()


def test_rebuilders_at_odds_block_each_other(folder: Path) -> None:
    ALICE.attest(folder)
    BOB.attest(folder, SPOILED)
    row = rows(folder)["Python-3.13.99.tgz"]
    assert (row.result, row.sha256, row.voices) == ("blocked", None, 0)


def test_what_was_published_is_what_counts_however_many_got_something_else(folder: Path) -> None:
    release = Release.parse("3.13.5")
    for person in (ALICE, BOB, CAROL):
        person.attest(folder, statement(hashes_of(release, "d"), release=release), release=release)
    for row in checked(folder, release=release).matrix.rows:
        assert row.sha256 == Published.of(release).hashes[row.artifact]
        assert (row.result, row.voices) == ("blocked", 0)


@pytest.mark.parametrize(
    ("carol", "blocks"),
    [
        (Person("carol", lapses={"expires": date(2020, 1, 1)}), True),
        (Person("carol", lapses={"revoked": date(2020, 1, 1)}), False),
    ],
    ids=["expired", "revoked"],
)
def test_an_objection_with_an_expired_key_blocks_and_with_a_revoked_one_does_not(
    carol: Person, blocks: bool, folder: Path
) -> None:
    write_policy(folder, (ALICE, BOB, carol))
    _object(folder)
    assert (rows(folder)["Python-3.13.99.tgz"].result == "blocked") is blocks


def test_an_objection_blocks_though_it_was_built_from_a_tarball(folder: Path) -> None:
    for person in (ALICE, BOB):
        person.attest(folder)
    CAROL.attest(folder, statement({"Python-3.13.99.tgz": "c" * 64}, source=TARBALL))
    assert rows(folder)["Python-3.13.99.tgz"].result == "blocked"


# What answers an objection.


def test_whoever_objected_can_take_it_back(folder: Path) -> None:
    _object(folder)
    assert CAROL.withdraw(folder, SPOILED).name == "carol.withdrawal.dsse.json"
    assert results(folder) == {"quorum"}
    CAROL.attest(folder)
    assert {row.voices for row in rows(folder).values()} == {3}


def test_a_confirmation_can_be_taken_back_too(folder: Path) -> None:
    for person in (ALICE, BOB):
        person.attest(folder)
    BOB.withdraw(folder, statement())
    assert results(folder) == {"short"}


def test_nobody_takes_back_what_another_said(folder: Path) -> None:
    _object(folder)
    BOB.withdraw(folder, SPOILED)
    assert "blocked" in results(folder)


def test_a_stolen_key_that_was_revoked_takes_nothing_back(folder: Path) -> None:
    """Carol has a new key; whoever has her old one signs that her objection was a mistake."""
    old = Person("carol", seed="old", lapses={"revoked": date(2026, 1, 1)})
    path = write_policy(folder)
    policy = tomli.loads(path.read_text())
    policy["rebuilders"]["carol"]["keys"] += old.entry["keys"]
    path.write_text(tomli_w.dumps(policy))
    _object(folder)
    old.withdraw(folder, SPOILED)
    assert "blocked" in results(folder)


def test_what_was_taken_back_cannot_be_played_again(folder: Path) -> None:
    """The envelope may be written otherwise; the statement in it is the same."""
    _object(folder)
    CAROL.withdraw(folder, SPOILED)
    path = folder / "3.13.99" / "carol.source.dsse.json"
    path.with_name("carol.source.2.dsse.json").write_bytes(b" " + path.read_bytes())
    assert len(checked(folder).found.attestations) == 4
    assert results(folder) == {"quorum"}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{}", "does not hold a withdrawal"),
        (b'{"_type":"https://in-toto.io/Statement/v1", "a":"1"}', "does not hold a withdrawal"),
        (statement().encode(), "does not hold a withdrawal"),
        (b" " + WithdrawalStatement.of("a" * 64, "x").encode(), "is not in canonical JSON"),
        (
            WithdrawalStatement.of("a" * 64, "x").encode().replace(b'"x"', b'"\\ud800"'),
            "does not hold a withdrawal: predicate.reason",
        ),
    ],
)
def test_what_is_no_withdrawal_is_refused(payload: bytes, reason: str, folder: Path) -> None:
    path = CAROL.withdraw(folder, SPOILED)
    path.write_bytes(CAROL.sign(payload))
    assert reason in checked(folder).found.refused[path.name]


def test_a_withdrawal_needs_a_reason(folder: Path) -> None:
    for reason in ("", "x" * 1001):
        with pytest.raises(UsageError, match="--reason"):
            CAROL.withdraw(folder, SPOILED, reason)


def test_a_withdrawal_names_a_statement_by_its_hash() -> None:
    for wrong in ("", "a" * 63, "A" * 64):
        with pytest.raises(UsageError, match="--statement"):
            WithdrawalStatement.of(wrong, "The disk was full.")


def _override(**changes: str) -> dict[str, str]:
    return {
        "version": "3.13.99",
        "rebuilder": "carol",
        "statement": sha256_bytes(SPOILED.encode()),
        "by": "The release manager",
        "reason": "Her memory was faulty; see the list.",
        **changes,
    }


def test_an_objection_can_be_overridden_by_name_on_record(folder: Path) -> None:
    _object(folder)
    write_policy(folder, override=[_override()])
    row = rows(folder)["Python-3.13.99.tgz"]
    assert (row.result, row.voices) == ("quorum", 2)
    assert {claim.rebuilder: claim.standing for claim in row.claims}["carol"] == "overridden"


@pytest.mark.parametrize(
    "changes",
    [{"version": "3.13.98"}, {"rebuilder": "bob"}, {"statement": "0" * 64}],
    ids=lambda each: next(iter(each)),
)
def test_an_override_is_for_one_statement_of_one_rebuilder_for_one_version(
    changes: dict[str, str], folder: Path
) -> None:
    _object(folder)
    write_policy(folder, override=[_override(**changes)])
    assert "blocked" in results(folder)


# Policies.


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"threshold": {}}, "threshold"),
        ({"threshold": {"Python-*": 0}}, "threshold"),
        ({"threshold": {"Python-*": "2"}}, "threshold"),
        ({"threshold": {"Python-*": True}}, "threshold"),
        ({"sources": []}, "sources"),
        ({"sources": ["rumour"]}, "sources"),
        ({"kinds": {}}, "kinds"),
        ({"kinds": {"own": "twice"}}, "kinds"),
        ({"kinds": {"hosted": "once"}}, "which is not among the kinds"),
        ({"rebuilders": {}}, "rebuilders"),
        ({"rebuilders": {"alice": {"kind": "own"}}}, "needs keys or identities"),
        ({"rebuilders": {"Alice": ALICE.entry}}, "rebuilders"),
        ({"rebuilders": {"alice": {"kind": "own", "keys": [{"ed25519": "A" * 64}]}}}, "ed25519"),
        ({"rebuilders": {"alice": {"kind": "own", "keys": [{"ed25519": "a" * 63}]}}}, "ed25519"),
        ({"rebuilders": {"alice": {**ALICE.entry, "weight": 9}}}, "weight"),
        ({"override": [_override(rebuilder="dora")]}, "who is not among the rebuilders"),
        ({"override": [_override(reason="")]}, "reason"),
        ({"override": [_override(statement="f" * 63)]}, "statement"),
        ({"treshold": {"Python-*": 2}}, "treshold"),
    ],
)
def test_a_policy_that_says_something_else_is_refused(
    other: dict[str, object], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(IntegrityError, match=reason):
        Policy.load(write_policy(tmp_path, (ALICE, BOB, CAROL), **other))


def test_a_threshold_that_fits_nothing_is_refused(folder: Path) -> None:
    """It would ask for nothing, unnoticed."""
    write_policy(folder, threshold={"Python-*": 2, "cPython-*": 2})
    ALICE.attest(folder)
    with pytest.raises(IntegrityError, match="'cPython-\\*', but no artifact"):
        checked(folder)
