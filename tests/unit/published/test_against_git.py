"""What differs between a release tarball and its commit: each way in which one can be tampered with is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.archives import Member, file, folder
from tests.honest_release import EXPECTED, EXPECTED_TREE, FILES, MEMBERS, TARGET, TOP, inventory
from tests.tampered_release import TAMPERED, lines
from verbatim.errors import IntegrityError


@pytest.mark.parametrize("tampering", TAMPERED)
def test_what_was_tampered_with_is_named(tampering: str) -> None:
    members, expected = TAMPERED[tampering]
    assert lines(EXPECTED.compare(inventory(members))) == expected


@pytest.mark.parametrize(
    ("member", "complaint"),
    [
        (file(f"{TOP}/LICENSE", FILES["LICENSE"]), "two members"),
        (file(f"{TOP}/../LICENSE"), "leads out"),
        (file("/LICENSE"), "absolute name"),
        (file(f"{TOP}/a\nb"), "control characters"),
        (replace(file(f"{TOP}/a"), pax={"path": "../a"}), "leads out"),
        (replace(file(f"{TOP}/a"), pax={"path": f"{TOP}/LICENSE"}), "two members"),
        (replace(file(f"{TOP}/a"), pax={"SCHILY.xattr.security.capability": "x"}), "has the headers"),
        (replace(file(f"{TOP}/a"), pax={"GNU.sparse.realsize": "1"}), "has the headers|damaged"),
    ],
    ids=["twice", "above", "absolute", "odd", "above, by pax", "twice, by pax", "capability", "sparse"],
)
def test_an_archive_that_no_honest_tool_makes_is_refused(member: Member, complaint: str) -> None:
    with pytest.raises(IntegrityError, match=complaint):
        inventory([*MEMBERS, member])


# Any change whatever.

_NAMES = st.text("abC.-_/", min_size=1, max_size=12).filter(
    lambda name: all(part not in ("", ".", "..") for part in name.split("/"))
)
_KINDS = {"file": b"0", "link": b"2", "hard link": b"1", "folder": b"5", "pipe": b"6"}


@st.composite
def single_changes(draw: st.DrawFn) -> list[Member]:
    """The honest tarball with any one thing changed of any one member, or one member more, less or twice."""
    members = list(MEMBERS)
    number = draw(st.integers(0, len(members) - 1))
    member = members[number]
    what = draw(st.sampled_from(["more", "less", "twice", "content", "mode", "name", "kind", "target"]))
    if what == "more":
        name = draw(_NAMES.filter(lambda name: name not in EXPECTED_TREE))
        return [*members, draw(st.sampled_from([file, folder]))(f"{TOP}/x{name}")]
    if what == "less":
        return members[:number] + members[number + 1 :]
    if what == "twice":
        return [*members, member]
    if what == "content":
        content = draw(st.binary(max_size=40).filter(lambda content: content != member.content))
        assume(member.kind == b"0")
        members[number] = replace(member, content=content)
    elif what == "mode":
        assume(member.kind != b"2")
        mode = draw(st.integers(0, 0o7777).filter(lambda mode: mode != member.mode))
        members[number] = replace(member, mode=mode)
    elif what == "name":
        members[number] = replace(member, name=f"{TOP}/x{draw(_NAMES)}")
    elif what == "kind":
        kind = draw(st.sampled_from(sorted(set(_KINDS.values()) - {member.kind})))
        members[number] = replace(member, kind=kind, content=b"", target="README.rst")
    else:
        target = draw(_NAMES.filter(lambda name: name != TARGET))
        members = [replace(each, target=target) if each.kind == b"2" else each for each in members]
    return members


@settings(deadline=None)
@given(single_changes())
def test_any_single_change_is_noticed(members: list[Member]) -> None:
    try:
        found = inventory(members)
    except IntegrityError:
        return
    assert EXPECTED.compare(found).differences
