"""The mutants of the signing stage's checking code; `./invoke mutants` tries them."""

from __future__ import annotations

import tomli

from tests.mutation.mutants import LIST, module_of, mutants_of


def test_what_decides_is_altered() -> None:
    names = [mutant.name for mutant in mutants_of("quorum")]
    assert len(set(names)) == len(names)
    assert "quorum.Count.quorum: if voices < needed: => if voices <= needed:" in names
    # A constant, and what is decorated, which mutmut itself leaves alone.
    assert any(mutant.place == "check" for mutant in mutants_of("check"))
    assert any(mutant.place == "check.checked" for mutant in mutants_of("check"))


def test_what_may_survive_is_a_mutant_with_a_reason() -> None:
    entries = tomli.loads(LIST.read_text(encoding="utf-8"))["survivors"]
    assert all(entry["reason"] for entry in entries)
    listed = [name for entry in entries for name in entry["mutants"]]
    assert len(set(listed)) == len(listed)
    modules = {module_of(name) for name in listed}
    assert not set(listed) - {mutant.name for module in modules for mutant in mutants_of(module)}
