"""Whether enough rebuilders agree on what is to be signed: who counts, who objects, and who does neither."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from release_maker import (
    INPUTS,
    TARBALL,
    TODAY,
    VERSION,
    MadeRelease,
    canonical,
    other,
    public_of,
    sha256,
    statement,
    withdrawal,
)

Output = pytest.CaptureFixture[str]
Check = Callable[..., str]


def test_one_rebuilder_too_few_is_refused(made: MadeRelease, check: Check) -> None:
    (made.attestations / "bob.source.dsse.json").unlink()
    assert f"Python-{VERSION}.tar.xz: too few confirm it: 1 of 2 (alice)" in check(1)
    (made.attestations / "alice.source.dsse.json").unlink()
    assert f"Python-{VERSION}.tar.xz: too few confirm it: 0 of 2;" in check(1)


def test_a_kind_may_count_once(made: MadeRelease, check: Check) -> None:
    for name in ("alice", "bob"):
        made.rebuilder(name, kind="hosted")
    assert "too few confirm it: 1 of 2 (alice, bob); those of a kind that counts once are one voice" in check(
        1
    )
    made.attest("carol")
    check(0)


def test_the_highest_threshold_that_fits_counts(made: MadeRelease, check: Check) -> None:
    made.policy["threshold"] = {"*": 1, "*.tgz": 3, "python-*": 9}
    made.write_policy()
    assert f"Python-{VERSION}.tgz: too few confirm it: 2 of 3" in check(1)
    made.attest("carol")
    assert f"unusual: one rebuilder is enough for Python-{VERSION}.tar.xz" in check(0)


def test_an_objection_blocks(made: MadeRelease, check: Check) -> None:
    made.attest("carol", other(statement(), "f" * 64))
    why = check(1)
    assert f"Python-{VERSION}.tar.xz is blocked: carol got {'f' * 64}; it is" in why


def test_so_does_one_by_somebody_who_confirms_as_well(made: MadeRelease, check: Check) -> None:
    made.attest("alice", other(statement(), "f" * 64), number=2)
    assert "is blocked: alice got" in check(1)


def test_an_objection_by_an_expired_key_or_to_another_commit_blocks_all_the_same(
    made: MadeRelease, check: Check
) -> None:
    made.attest("carol", other(statement(commit="3" * 40), "f" * 64))
    assert f"carol got {'f' * 64} (it was built from the commit {'3' * 40}" in check(1)
    made.rebuilder("carol", keys=[{"ed25519": public_of("carol"), "expires": TODAY}])
    assert f"carol got {'f' * 64} (its key has expired)" in check(1)


def test_an_objection_that_was_withdrawn_does_not_block(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    made.add("carol.withdrawal", withdrawal(canonical(said), "Le disque était plein."), "carol")
    assert "carol.source.dsse.json does not count: it was withdrawn: Le disque était plein." in check(0)


def test_nobody_withdraws_for_another(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    made.add("bob.withdrawal", withdrawal(canonical(said)), "bob")
    assert "is blocked: carol got" in check(1)


def test_a_confirmation_that_was_withdrawn_does_not_count(made: MadeRelease, check: Check) -> None:
    made.add("bob.withdrawal", withdrawal(canonical(statement())), "bob")
    assert "too few confirm it: 1 of 2 (alice); bob does not count: it was withdrawn" in check(1)


def test_an_override_by_name_answers_an_objection(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    override = {
        "version": VERSION,
        "rebuilder": "carol",
        "statement": sha256(canonical(said)),
        "by": "Dora",
        "reason": "A faulty disk.",
    }
    for wrong in ({"version": "3.13.98"}, {"rebuilder": "bob"}, {"statement": "0" * 64}):
        made.policy["override"] = [override | wrong]
        made.write_policy()
        assert "is blocked" in check(1)
    made.policy["override"] = [override]
    made.write_policy()
    assert "unusual: carol.source.dsse.json does not count: Dora overrides it: A faulty disk." in check(0)


def test_an_expired_key_does_not_count(made: MadeRelease, check: Check) -> None:
    made.rebuilder("bob", keys=[{"ed25519": public_of("bob"), "expires": TODAY}])
    assert "too few confirm it: 1 of 2 (alice); bob does not count: its key has expired" in check(1)
    made.rebuilder("bob", keys=[{"ed25519": public_of("bob"), "expires": TODAY + timedelta(days=1)}])
    check(0)


def test_a_revoked_key_says_nothing_at_all(made: MadeRelease, check: Check) -> None:
    made.rebuilder("bob", keys=[{"ed25519": public_of("bob"), "revoked": TODAY + timedelta(days=9)}])
    assert "too few confirm it: 1 of 2 (alice); bob does not count: its key was revoked" in check(1)
    made.attest("bob", other(statement(), "f" * 64))
    made.attest("carol")
    assert "unusual: bob.source.dsse.json does not count: its key was revoked" in check(0)


def test_a_revoked_key_takes_nothing_back(made: MadeRelease, check: Check) -> None:
    said = other(statement(), "f" * 64)
    made.attest("carol", said)
    keys = [{"ed25519": public_of("carol")}, {"ed25519": public_of("stolen"), "revoked": TODAY}]
    made.rebuilder("carol", keys=keys)
    made.add("carol.withdrawal", withdrawal(canonical(said)), "stolen")
    assert "is blocked: carol got" in check(1)
    made.attest("carol")
    assert "carol.withdrawal.dsse.json withdraws nothing: it is signed with a key that was revoked" in check(
        0
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (statement(kind="tarball"), "it was built from the tarball"),
        # Not even where it is the one in question: that says nothing of the commit.
        (statement(kind="tarball", tarball=TARBALL), "it was built from the tarball"),
        (statement(commit="3" * 40), "it was built from the commit"),
        (statement(inputs=INPUTS | {"recipe/source": "0" * 64}), "it was built with recipe/source"),
    ],
)
def test_what_was_built_from_something_else_does_not_count(
    said: object, why: str, made: MadeRelease, check: Check
) -> None:
    made.attest("bob", said)
    assert f"too few confirm it: 1 of 2 (alice); bob does not count: {why}" in check(1)
    made.attest("carol")
    assert f"unusual: bob.source.dsse.json does not count: {why}" in check(0)


def test_who_is_not_in_the_policy_is_left_aside(made: MadeRelease, check: Check) -> None:
    for name in ("aaron", "mallory"):
        made.attest(name, other(statement(), "f" * 64))
    out = check(0)
    for name in ("aaron", "mallory"):
        assert f"unusual: {name}.source.dsse.json is by a rebuilder who is not in the policy" in out


def test_a_stage_that_is_not_to_be_signed_is_left_aside(made: MadeRelease, check: Check) -> None:
    made.add("carol.docs", canonical(statement({"docs.zip": b"made"}, stage="docs")), "carol")
    assert "unusual: carol.docs.dsse.json is of a stage that is not signed" in check(0)


def test_a_stage_speaks_of_its_own_artifacts_alone(made: MadeRelease, check: Check) -> None:
    """Otherwise docs that were built from a tarball could confirm that tarball."""
    said = canonical(statement(stage="docs", kind="tarball", tarball=TARBALL))
    for name in ("alice", "bob"):
        (made.attestations / f"{name}.source.dsse.json").unlink()
        made.add(f"{name}.docs", said, name)
    assert (
        "alice.docs.dsse.json names Python-3.13.99.tar.xz, Python-3.13.99.tgz, which docs does not make"
        in check(6)
    )


def test_what_is_said_of_another_artifact_is_nothing_to_these(made: MadeRelease, check: Check) -> None:
    made.attest("carol", statement({"Python-3.13.99.zip": b"made"}))
    check(0)
