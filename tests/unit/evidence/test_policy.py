"""Voices: in both programs, the connected groups of the whole policy that those who have spoken are in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from verbatim_sign.policy import Policy as SigningPolicy

from tests.policies import KINDS, policy_of
from verbatim.evidence.policy import Policy

_KEYS = [f"{number:02x}" * 32 for number in range(2, 12)]
_IDENTITIES = [{"subject": f"s{number}", "issuer": "https://accounts.example.com"} for number in range(4)]
_NAMES = [f"r{number}" for number in range(10)]


@st.composite
def _rebuilders(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, unique=True))
    rebuilders: dict[str, Any] = {}
    for name in names:
        keys = draw(st.lists(st.sampled_from(_KEYS), max_size=3, unique=True))
        identities = draw(
            st.lists(
                st.sampled_from(range(4)), max_size=1 if keys else 2, min_size=0 if keys else 1, unique=True
            )
        )
        rebuilders[name] = {
            "kind": draw(st.sampled_from(["own", "own", "own", "hosted", "cloud"])),
            "keys": [{"ed25519": key} for key in keys],
            "identities": [_IDENTITIES[number] for number in identities],
        }
    return rebuilders


def reference(rebuilders: Mapping[str, Any], spoken: Collection[str]) -> int:
    """A walk through the graph whose edges are what two rebuilders have in common, from each who has spoken."""

    def ties(name: str) -> set[str]:
        entry = rebuilders[name]
        kind = {entry["kind"]} if KINDS[entry["kind"]] == "once" else set()
        return (
            {key["ed25519"] for key in entry["keys"]} | {who["subject"] for who in entry["identities"]} | kind
        )

    seen: set[str] = set()
    voices = 0
    for start in spoken:
        voices += start not in seen
        reached = [start]
        while reached:
            name = reached.pop()
            if name not in seen:
                seen.add(name)
                reached += [other for other in rebuilders if ties(name) & ties(other)]
    return voices


@given(rebuilders=_rebuilders(), data=st.data())
def test_both_programs_count_the_groups_of_the_whole_policy(
    rebuilders: dict[str, Any], data: st.DataObject
) -> None:
    spoken = data.draw(st.lists(st.sampled_from(sorted(rebuilders))))
    content = policy_of(rebuilders)
    expected = reference(rebuilders, spoken)
    assert Policy.model_validate(content).voices(spoken) == expected
    assert SigningPolicy.parse(tomli_w.dumps(content).encode(), "policy.toml").voices(spoken) == expected
    # Whoever speaks as well never makes them fewer.
    assert expected <= reference(rebuilders, [*spoken, next(iter(rebuilders))]) <= expected + 1
