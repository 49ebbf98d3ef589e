"""What is said of two archives of one release: identical, equivalent or different, and why."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.archives import COMPRESSIONS, TIME, Member, file, folder, hard_link, link, tar
from verbatim.compare.archives import read_inventory
from verbatim.compare.comparison import compare_inventories
from verbatim.compare.inventory import Inventory
from verbatim.compare.verdict import Verdict
from verbatim.digest import sha256_file
from verbatim.errors import IntegrityError
from verbatim.fetch import Fetcher
from verbatim.published.judge import judge, packing_reasons
from verbatim.release import Published, Release
from verbatim.stages.plan import Artifact
from verbatim.store import Store

TOP = "Python-3.99.0"
#: Packed as CPython's release job does now: sorted, one time, owner 0:0, two modes.
MODERN = (
    folder(TOP),
    folder(f"{TOP}/Lib"),
    file(f"{TOP}/Lib/a.py", b"a\n"),
    file(f"{TOP}/Lib/b.py", b"b\n"),
    file(f"{TOP}/configure", b"#!/bin/sh\n", mode=0o755),
    link(f"{TOP}/link", "Lib/a.py"),
)
#: The same contents, as release managers packed them before.
OLD = tuple(
    replace(member, owner="maker", time=TIME + number, mode=member.mode | 0o020)
    for number, member in enumerate([MODERN[0], *reversed(MODERN[1:])])
)


def content_differences(ours: Inventory, theirs: Inventory) -> list[str]:
    return compare_inventories(ours, theirs).differences("ours", "python.org's")


def inventory(path: Path, members: Sequence[Member], compression: str = "tar") -> Inventory:
    path.write_bytes(COMPRESSIONS[compression](tar(*members)))
    return read_inventory(path, path.name)


@pytest.fixture
def modern(tmp_path: Path) -> Inventory:
    return inventory(tmp_path / "modern.tar", MODERN)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_the_same_contents_are_the_same_in_any_compression(
    tmp_path: Path, modern: Inventory, compression: str
) -> None:
    other = inventory(tmp_path / "other", MODERN, compression)
    assert (other.stream_sha256, other.contents) == (modern.stream_sha256, modern.contents)
    assert content_differences(other, modern) == content_differences(modern, modern) == []


def test_the_modern_way_of_packing_gives_no_reason(modern: Inventory) -> None:
    assert packing_reasons(modern) == []


def test_the_old_way_of_packing_gives_every_reason_and_no_difference(
    tmp_path: Path, modern: Inventory
) -> None:
    old = inventory(tmp_path / "old.tar", OLD)
    assert content_differences(modern, old) == []
    assert packing_reasons(old) == [
        "its members are unsorted",
        "it has its makers' user names (maker/maker)",
        f"it has {len(OLD)} times, from 2025-06-12 00:00:00 to 2025-06-12 00:00:05",
        "its modes depend on its maker's umask",
    ]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([MODERN[0], *reversed(MODERN[1:])], "its members are unsorted"),
        (
            [replace(member, owner="maker") for member in MODERN],
            "it has its makers' user names (maker/maker)",
        ),
        (
            [*MODERN[:-1], replace(MODERN[-1], time=0)],
            "it has 2 times, from 1970-01-01 00:00:00 to 2025-06-12 00:00:00",
        ),
        (
            [*MODERN[:-1], replace(MODERN[-1], time=TIME + 0.5)],
            "it has 2 times, from 2025-06-12 00:00:00 to 2025-06-12 00:00:00",
        ),
        (
            [replace(member, mode=member.mode & 0o750) for member in MODERN],
            "its modes depend on its maker's umask",
        ),
    ],
)
def test_each_reason_comes_alone(
    tmp_path: Path, modern: Inventory, members: Sequence[Member], reason: str
) -> None:
    other = inventory(tmp_path / "other.tar", members)
    assert packing_reasons(other) == [reason]
    assert content_differences(modern, other) == []


def test_sorting_is_by_folder(tmp_path: Path) -> None:
    """As GNU tar's ``--sort=name`` has it: what is in ``a`` comes before ``a-b``."""
    names = ["a", "a/b", "a-b", "a.c"]
    assert inventory(tmp_path / "a.tar", [file(name) for name in names]).is_sorted
    assert not inventory(tmp_path / "b.tar", [file(name) for name in sorted(names)]).is_sorted


@pytest.mark.parametrize(
    ("members", "difference", "turned"),
    [
        (
            (*MODERN, file(f"{TOP}/new")),
            f"{TOP}/new is only in ours",
            f"{TOP}/new is only in python.org's",
        ),
        (
            (*MODERN[:-1], link(f"{TOP}/link", "Lib/b.py")),
            f"{TOP}/link differs (to 'Lib/b.py' and to 'Lib/a.py')",
            f"{TOP}/link differs (to 'Lib/a.py' and to 'Lib/b.py')",
        ),
        (
            (*MODERN[:-1], file(f"{TOP}/link", b"a\n")),
            f"{TOP}/link differs (a file and a link)",
            f"{TOP}/link differs (a link and a file)",
        ),
        (
            (*MODERN[:-1], hard_link(f"{TOP}/link", f"{TOP}/Lib/a.py")),
            f"{TOP}/link differs (a file and a link)",
            f"{TOP}/link differs (a link and a file)",
        ),
        (
            (*MODERN[:-1], Member(f"{TOP}/link", kind=tarfile.CHRTYPE)),
            f"{TOP}/link differs (a special and a link)",
            f"{TOP}/link differs (a link and a special)",
        ),
        (
            (*MODERN[:4], replace(MODERN[4], mode=0o644), MODERN[5]),
            f"{TOP}/configure differs (mode 644 and 755)",
            f"{TOP}/configure differs (mode 755 and 644)",
        ),
        (
            (*MODERN[:3], replace(MODERN[3], content=b"c\n"), *MODERN[4:]),
            f"{TOP}/Lib/b.py differs (its content)",
            f"{TOP}/Lib/b.py differs (its content)",
        ),
    ],
)
def test_a_changed_member_is_named(
    tmp_path: Path, modern: Inventory, members: Sequence[Member], difference: str, turned: str
) -> None:
    other = inventory(tmp_path / "other.tar", members)
    assert content_differences(other, modern) == [difference]
    assert content_differences(modern, other) == [turned]


members_at = st.integers(0, len(MODERN) - 1)


@given(st.data(), members_at, st.booleans())
@settings(deadline=None)
def test_no_way_of_packing_hides_a_changed_content(data: st.DataObject, at: int, is_old: bool) -> None:
    packed = list(OLD if is_old else MODERN)
    original = packed[at]
    if original.kind == tarfile.REGTYPE:
        content = data.draw(st.binary(max_size=700).filter(lambda content: content != original.content))
        packed[at] = replace(original, content=content)
    else:
        target = data.draw(
            st.text("abc/.", min_size=1, max_size=9).filter(lambda text: text != original.target)
        )
        packed[at] = link(original.name, target)
    packed = data.draw(st.permutations(packed))
    with tempfile.TemporaryDirectory() as temporary:
        ours = inventory(Path(temporary) / "ours.tar", MODERN)
        theirs = inventory(Path(temporary) / "theirs.tar", packed)
    for differences in (content_differences(ours, theirs), content_differences(theirs, ours)):
        assert [text.partition(" (")[0] for text in differences] == [f"{original.name} differs"]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_damaged_archive_is_refused(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "an archive"
    whole = COMPRESSIONS[compression](tar(file("a", bytes(range(256)) * 40)))
    for damaged in (b"", b"garbage" * 1000, whole[: len(whole) // 3]):
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="the name"):
            read_inventory(path, "the name")


def test_an_archive_cut_off_between_two_members_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "an archive"
    path.write_bytes(tar(file("a"), file("b"))[:1024])
    with pytest.raises(IntegrityError):
        read_inventory(path, "the name")


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="two members 'a'"):
        inventory(tmp_path / "a.tar", [file("a"), file("a", b"other")])


@pytest.fixture
def fetcher(store: Store) -> Fetcher:
    return Fetcher(store, offline=True)


def artifact(path: Path, sha256: str) -> Artifact:
    path.write_bytes(tar(*MODERN))
    return Artifact(path, path.stat().st_size, sha256)


def test_the_published_hash_is_identical_and_nothing_is_read(tmp_path: Path, fetcher: Fetcher) -> None:
    release = Release.parse("3.13.5")
    published = Published.of(release).hashes
    artifacts = [Artifact(tmp_path / name, 0, sha256) for name, sha256 in published.items()]
    assert len(artifacts) == 2
    assert [verdict.judgement for verdict in judge(release, artifacts, fetcher)] == ["identical", "identical"]


def test_where_nothing_is_published_that_is_said(tmp_path: Path, fetcher: Fetcher) -> None:
    [verdict] = judge(Release.parse("3.99.0"), [artifact(tmp_path / f"{TOP}.tgz", "0" * 64)], fetcher)
    assert verdict.judgement == "unpublished"


def test_where_the_published_file_cannot_be_had_another_hash_is_no_match(
    tmp_path: Path, fetcher: Fetcher
) -> None:
    release = Release.parse("3.11.2")
    [verdict] = judge(release, [artifact(tmp_path / "Python-3.11.2.tgz", "0" * 64)], fetcher)
    assert (verdict.judgement, verdict.is_unexplained) == ("undecided", True)
    assert "its hash is not the published one, and the published file cannot be fetched" in verdict.text


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """Where the published hashes of a made-up release are to be."""
    folder = tmp_path / "releases"
    folder.mkdir()
    (folder / "mirrored.toml").touch()
    return folder


def publish(releases: Path, store: Store, *members: Member, behind: bytes = b"") -> None:
    """Let a tarball of these members be the published one, and be at hand."""
    sha256, _ = store.add(io.BytesIO(COMPRESSIONS["gz"](tar(*members) + behind)))
    (releases / "published.toml").write_text(f'["3.99.0"]\n"{TOP}.tgz" = "{sha256}"\n')


def judged(releases: Path, fetcher: Fetcher, path: Path, members: Sequence[Member]) -> Verdict:
    path.write_bytes(COMPRESSIONS["xz"](tar(*members)))
    made = Artifact(path, path.stat().st_size, sha256_file(path))
    [verdict] = judge(Release.parse("3.99.0"), [made], fetcher, releases=releases)
    return verdict


#: In 2020, when tarballs were still packed by hand.
LONG_AGO = tuple(replace(member, time=1_577_836_800) for member in MODERN)
BY_HAND = tuple(
    replace(member, owner="maker", time=1_577_836_800 + number)
    for number, member in enumerate([LONG_AGO[0], *reversed(LONG_AGO[1:])])
)


def test_a_release_packed_by_hand_is_equivalent(
    releases: Path, store: Store, fetcher: Fetcher, tmp_path: Path
) -> None:
    publish(releases, store, *BY_HAND)
    verdict = judged(releases, fetcher, tmp_path / f"{TOP}.tgz", LONG_AGO)
    assert verdict.judgement == "equivalent"
    assert verdict.text.startswith(
        "equivalent (order, times, owners, compression): the contents are python.org's"
    )
    assert "its members are unsorted" in verdict.text


def test_a_release_of_today_that_is_packed_by_hand_is_different(
    releases: Path, store: Store, fetcher: Fetcher, tmp_path: Path
) -> None:
    publish(releases, store, *OLD)
    verdict = judged(releases, fetcher, tmp_path / f"{TOP}.tgz", MODERN)
    assert verdict.judgement == "different"
    assert "the same contents, but its members are unsorted" in verdict.text


def test_the_other_compression_tells_why_but_does_not_stand_in(
    releases: Path, store: Store, fetcher: Fetcher, tmp_path: Path
) -> None:
    publish(releases, store, *BY_HAND)
    with (releases / "published.toml").open("a") as published:
        published.write(f'"{TOP}.tar.xz" = "{"0" * 64}"\n')
    verdict = judged(releases, fetcher, tmp_path / f"{TOP}.tar.xz", LONG_AGO)
    assert verdict.judgement == "undecided"
    assert "seen in Python-3.99.0.tgz" in verdict.text


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1755, 0o757])
def test_more_rights_than_ours_are_different(
    releases: Path, store: Store, fetcher: Fetcher, tmp_path: Path, mode: int
) -> None:
    tampered = [replace(member, mode=mode) if "configure" in member.name else member for member in BY_HAND]
    publish(releases, store, *tampered)
    verdict = judged(releases, fetcher, tmp_path / f"{TOP}.tgz", LONG_AGO)
    assert verdict.judgement == "different"
    assert f"{TOP}/configure differs" in verdict.text


@pytest.mark.parametrize(
    ("attributes", "behind"),
    [({"SCHILY.xattr.security.capability": "x"}, b""), ({}, b"smuggled" * 1000)],
    ids=["a capability", "something after the end"],
)
def test_what_no_release_has_is_refused(
    releases: Path, store: Store, fetcher: Fetcher, tmp_path: Path, attributes: dict[str, str], behind: bytes
) -> None:
    publish(releases, store, *(replace(member, pax=attributes) for member in BY_HAND), behind=behind)
    with pytest.raises(IntegrityError, match=r"Python-3\.99\.0\.tgz"):
        judged(releases, fetcher, tmp_path / f"{TOP}.tgz", LONG_AGO)
