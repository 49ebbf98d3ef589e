"""Voices: in both programs, each rebuilder is one, and so are all of a kind that counts once."""

from __future__ import annotations

from typing import Any

import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from verbatim_sign.policy import Policy as SigningPolicy

from tests.policies import KINDS, policy_of
from verbatim.evidence.policy import Policy

_NAMES = [f"r{number}" for number in range(10)]


@st.composite
def _rebuilders(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, unique=True))
    return {
        name: {
            "kind": draw(st.sampled_from(sorted(KINDS))),
            "keys": [{"ed25519": f"{number + 2:02x}" * 32}],
            "identities": [{"subject": name, "issuer": "https://accounts.example.com"}],
        }
        for number, name in enumerate(names)
    }


@given(rebuilders=_rebuilders(), data=st.data())
def test_both_programs_count_the_same_voices(rebuilders: dict[str, Any], data: st.DataObject) -> None:
    spoken = data.draw(st.lists(st.sampled_from(sorted(rebuilders))))
    content = policy_of(rebuilders)
    policy = Policy.model_validate(content)
    voices = policy.voices(spoken)
    assert SigningPolicy.parse(tomli_w.dumps(content).encode(), "policy.toml").voices(spoken) == voices
    own = {name for name in spoken if rebuilders[name]["kind"] == "own"}
    hosts = {rebuilders[name]["kind"] for name in spoken} - {"own"}
    assert voices == len(own) + len(hosts)
    # Whoever speaks as well never makes them fewer.
    assert voices <= policy.voices([*spoken, next(iter(rebuilders))]) <= voices + 1
