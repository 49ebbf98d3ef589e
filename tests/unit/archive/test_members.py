"""The names and the links that an archive, or a git tree, may have."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verbatim.archive.members import UnsafeMemberError, check_link, member_parts

#: What a name is made of, the honest and the hostile.
PIECES = (
    "a",
    "b",
    "ä",
    "c d",
    "..",
    ".",
    "",
    "...",
    "\n",
    "\\",
    "\x00",
    "\x1b[2J",
    "\u202e",
    "\udcff",
    "x" * 256,
)

names = st.lists(st.sampled_from(PIECES), max_size=5).map("/".join)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a", ("a",)),
        ("./a", ("a",)),
        ("a/b/c", ("a", "b", "c")),
        ("a/b/", ("a", "b")),
        ("./", ()),
        (".", ()),
        ("a/...", ("a", "...")),
        ("..a/b..", ("..a", "b..")),
        ("Grüße/日本", ("Grüße", "日本")),
        ("with space", ("with space",)),
        ("ab:c/d:e", ("ab:c", "d:e")),
        ("./a:b", ("a:b",)),
        ("1:b", ("1:b",)),
        ("x" * 255, ("x" * 255,)),
        ("ä" * 127, ("ä" * 127,)),
    ],
)
def test_an_honest_name_is_taken_apart(name: str, parts: tuple[str, ...]) -> None:
    assert member_parts("an archive", name) == parts


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("/a", "absolute"),
        ("//a", "absolute"),
        ("a:", "a drive letter"),
        ("C:b/c", "a drive letter"),
        ("..", "leads out"),
        ("../a", "leads out"),
        ("./../a", "leads out"),
        ("a/..", "leads out"),
        ("a/../../b", "leads out"),
        ("a/../b", "leads out"),
        ("a//b", "empty"),
        ("a/./b", "empty"),
        (".//a", "empty"),
        ("x" * 256, "255 bytes"),
        ("ä" * 128, "255 bytes"),
        ("a\nb", "control characters"),
        ("a\0b", "control characters"),
        ("a\x1b[31mb", "control characters"),
        ("a\x7fb", "control characters"),
        ("a\x85b", "control characters"),
        ("a\u2028b", "control characters"),
        ("a\u202eb", "control characters"),
        ("a\\b", "backslashes"),
        ("..\\a", "backslashes"),
        ("a\udcff", "not UTF-8"),
    ],
)
def test_a_name_that_could_mean_another_place_is_refused(name: str, complaint: str) -> None:
    with pytest.raises(UnsafeMemberError, match=complaint) as caught:
        member_parts("the archive", name)
    assert caught.value.message.startswith("the archive: the member ")
    assert caught.value.remedy


@given(names)
@settings(deadline=None)
def test_what_is_accepted_is_one_place_below_the_top(name: str) -> None:
    try:
        parts = member_parts("an archive", name)
    except UnsafeMemberError:
        return
    place = os.path.normpath(os.path.join("/top", name))
    assert place == os.path.join("/top", *parts)
    assert all(part not in ("", ".", "..") and part.isprintable() for part in parts)


@pytest.mark.parametrize("target", ["b", "./b", "../b", "b/c", "../b/c", ".", "..", "no/such/thing", "ä"])
def test_a_link_that_stays_inside_is_accepted(target: str) -> None:
    check_link("an archive", ("folder", "link"), target)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "/etc/passwd",
        "../..",
        "../../b",
        "../b/../../c",
        "./../../b",
        "b/../../../c",
        "a\nb",
        "a\0",
        "\udcff",
    ],
)
def test_a_link_that_leads_out_is_refused(target: str) -> None:
    with pytest.raises(
        UnsafeMemberError, match=r"is a link (that leads out|with an empty or unprintable target)"
    ):
        check_link("an archive", ("folder", "link"), target)


def test_in_a_root_file_system_a_link_may_start_at_the_root() -> None:
    check_link("an archive", ("link",), "/etc/alternatives/awk", absolute=True)
    with pytest.raises(UnsafeMemberError):
        check_link("an archive", ("link",), "../etc/alternatives/awk", absolute=True)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "f/a", "f/b", "f/g/a"]), names), max_size=5))
@settings(deadline=None)
def test_links_lead_out_neither_alone_nor_together(links: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        top = Path(temporary).resolve() / "top"
        (top / "f" / "g").mkdir(parents=True)
        for name, target in links:
            try:
                check_link("an archive", member_parts("an archive", name), target)
            except UnsafeMemberError:
                continue
            if not os.path.lexists(top / name):
                (top / name).symlink_to(target)
        for link in top.rglob("*"):
            try:
                os.stat(link)
            except OSError as error:
                if error.errno == errno.ELOOP:  # It leads nowhere, which realpath does not say.
                    continue
            resolved = os.path.realpath(link)
            assert resolved == str(top) or resolved.startswith(f"{top}/"), (link, os.readlink(link))
