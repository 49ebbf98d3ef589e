"""What was made here beside what is served now, what the user has, or the hash that was published."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archives import COMPRESSIONS, Member, file, folder, tar
from tests.program import run_in_process
from tests.servers import Page, Site
from tests.statements import statement_of
from verbatim.commands.compare import Compared
from verbatim.compare.sums import write_sums
from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError, MismatchError, UndecidedError
from verbatim.evidence.artifact_sets import open_given
from verbatim.fetch import Fetcher
from verbatim.published.comparer import PublishedComparer, PublishedPair
from verbatim.release import Release
from verbatim.stages.plan import Artifact
from verbatim.store import Store

RELEASE = Release.parse("3.99.0")
XZ, TGZ = RELEASE.source_tarballs
TOP = RELEASE.folder
MEMBERS = (folder(TOP), file(f"{TOP}/a.py", b"a\n"), file(f"{TOP}/configure", b"#!/bin/sh\n", mode=0o755))
STREAM = tar(*MEMBERS)
BYTES = {XZ: COMPRESSIONS["xz"](STREAM), TGZ: COMPRESSIONS["gz"](STREAM)}
#: In 2020, when tarballs were packed by hand.
OLD = tuple(replace(member, time=1_577_836_800) for member in MEMBERS)
BY_HAND = tuple(replace(member, owner="maker") for member in (OLD[0], *reversed(OLD[1:])))


class Scene:
    """A made-up release: what is published, what is served, and what is made here."""

    def __init__(self, top: Path, site: Site, store: Store, fetcher: Fetcher) -> None:
        self.top = top
        self.site = site
        self.store = store
        self.releases = top / "releases"
        self.work = top / "work"
        self.releases.mkdir()
        self.work.mkdir()
        (self.releases / "mirrored.toml").touch()
        self.publish()
        self.fetcher = fetcher

    def publish(self, **contents: bytes) -> None:
        """Let these have been published: ``xz`` and ``tgz``."""
        lines = [
            f'"{TOP}.{end.replace("xz", "tar.xz")}" = "{sha256_bytes(content)}"'
            for end, content in contents.items()
        ]
        (self.releases / "published.toml").write_text("\n".join(['["3.99.0"]', *lines, ""]))

    def serve(self, name: str, content: bytes) -> Page:
        where = "doc/3.99.0" if "docs" in name else "3.99.0"
        return self.site.serve(f"/{where}/{name}", content)

    def made(self, name: str, content: bytes | None = None) -> Artifact:
        (self.top / "made").mkdir(exist_ok=True)
        content = BYTES[name] if content is None else content
        path = self.top / "made" / name
        path.write_bytes(content)
        return Artifact(path, len(content), sha256_bytes(content))

    def comparer(self, against: Path | None = None, *, offline: bool = False) -> PublishedComparer:
        fetcher = Fetcher(self.store, offline=True) if offline else self.fetcher
        return PublishedComparer(
            RELEASE,
            fetcher,
            self.work,
            open_given([against], RELEASE.source_tarballs) if against else None,
            self.releases,
        )

    def compare(self, name: str, content: bytes | None = None, **how: bool) -> PublishedPair:
        [pair] = self.comparer().compare(self.made(name, content), **how)
        return pair


@pytest.fixture
def scene(
    tmp_path: Path, site: Site, store: Store, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    monkeypatch.setenv("VERBATIM_PYTHON_MIRROR", site.url)
    return Scene(tmp_path, site, store, fetcher)


def test_what_is_served_is_identical_and_it_is_said_where_it_was_seen(scene: Scene) -> None:
    scene.publish(tgz=BYTES[TGZ])
    page = scene.serve(TGZ, BYTES[TGZ])
    compared = scene.compare(TGZ)
    assert (compared.verdict.judgement, compared.verdict.text) == ("identical", "identical")
    assert compared.seen.where == f"{scene.site.url}/3.99.0/{TGZ}"
    assert compared.published == sha256_bytes(BYTES[TGZ])
    assert page.asked == [""]
    assert scene.store.find(sha256_bytes(BYTES[TGZ])) is None


def test_of_a_release_whose_hash_is_not_known_yet_what_is_served_is_compared(scene: Scene) -> None:
    scene.serve(TGZ, BYTES[TGZ])
    assert scene.compare(TGZ).verdict.judgement == "identical"


TAMPERED: dict[str, tuple[Sequence[Member], str]] = {
    "a changed file": (
        (*MEMBERS[:1], file(f"{TOP}/a.py", b"evil\n"), *MEMBERS[2:]),
        f"{TOP}/a.py differs (its content)",
    ),
    "a smuggled file": ((*MEMBERS, file(f"{TOP}/m4.m4")), f"{TOP}/m4.m4 is only in python.org's"),
    "a missing file": (MEMBERS[:2], f"{TOP}/configure is only in ours"),
    "a changed mode": (
        (*MEMBERS[:2], replace(MEMBERS[2], mode=0o4755)),
        f"{TOP}/configure differs (mode 755 and 4755)",
    ),
    "a member that leads out": ((*MEMBERS, file("../x")), "'../x' leads out"),
    "other times only": ([replace(member, time=1_749_686_401) for member in MEMBERS], "(times"),
}


@pytest.mark.parametrize(("members", "why"), TAMPERED.values(), ids=TAMPERED.keys())
@pytest.mark.parametrize("is_known", [True, False], ids=["a known hash", "an unknown hash"])
def test_a_tampered_download_is_different_and_the_member_is_named(
    scene: Scene, members: Sequence[Member], why: str, is_known: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if is_known:
        scene.publish(tgz=BYTES[TGZ])
    tampered = COMPRESSIONS["gz"](tar(*members))
    scene.serve(TGZ, tampered)
    compared = scene.compare(TGZ)
    assert compared.verdict.judgement == "different"
    assert why in compared.verdict.text
    said = f"is not the file that was published: it has SHA-256 {sha256_bytes(tampered)}"
    assert (said in compared.verdict.text) == (f"/{TGZ} {said}" in capsys.readouterr().err) == is_known
    assert scene.store.find(sha256_bytes(tampered)) is None
    [(name, ours, theirs)] = Compared([compared]).unequal
    assert ours.path is not None and theirs.path is not None
    assert (name, ours.path.read_bytes(), theirs.path.read_bytes()) == (TGZ, BYTES[TGZ], tampered)


def test_garbage_instead_of_an_archive_is_different(scene: Scene) -> None:
    scene.serve(TGZ, b"<html>Log in to this network</html>" * 100)
    compared = scene.compare(TGZ)
    assert compared.verdict.judgement == "different"
    assert "damaged" in compared.verdict.text


def test_a_file_that_was_replaced_is_different_even_if_ours_is_the_same(scene: Scene) -> None:
    """As if tag and tarball had been moved together: the published hash remembers."""
    scene.publish(tgz=b"what was published once")
    scene.serve(TGZ, BYTES[TGZ])
    compared = scene.compare(TGZ)
    assert compared.verdict.judgement == "different"
    assert "is not the file that was published" in compared.verdict.text
    assert Compared([compared]).unequal == []


def test_a_release_packed_by_hand_is_equivalent(scene: Scene) -> None:
    theirs, ours = COMPRESSIONS["gz"](tar(*BY_HAND)), COMPRESSIONS["gz"](tar(*OLD))
    scene.publish(tgz=theirs)
    scene.serve(TGZ, theirs)
    compared = scene.compare(TGZ, ours)
    assert compared.verdict.judgement == "equivalent"
    assert compared.verdict.comparison is not None
    assert compared.verdict.comparison.stabilizers == ("order", "owners")
    assert "it has its makers' user names" in compared.verdict.text


# Where the file itself cannot be seen.


def test_the_published_hash_tells_where_the_file_is_not_served(scene: Scene) -> None:
    scene.publish(tgz=BYTES[TGZ])
    compared = scene.compare(TGZ)
    assert compared.verdict.judgement == "identical"
    assert "by the published hash" in compared.verdict.text
    assert compared.seen.file is None
    assert "the server answered 404" in compared.seen.where
    [offline] = scene.comparer(offline=True).compare(scene.made(TGZ))
    assert offline.verdict.judgement == "identical"
    assert "was not fetched" in offline.seen.where


def test_the_same_bytes_from_elsewhere_tell_where_the_file_is_not_served(scene: Scene) -> None:
    theirs = COMPRESSIONS["gz"](tar(*MEMBERS[:2]))
    scene.publish(tgz=theirs)
    (scene.top / "theirs").write_bytes(theirs)
    with (scene.top / "theirs").open("rb") as stream:
        scene.store.add(stream)
    compared = scene.compare(TGZ)
    assert compared.verdict.judgement == "different"
    assert f"{TOP}/configure is only in ours" in compared.verdict.text
    assert Compared([compared]).unequal == []


def test_another_hash_and_no_file_is_undecided(scene: Scene) -> None:
    scene.publish(tgz=b"never to be seen")
    compared = scene.compare(TGZ)
    assert compared.verdict.judgement == "undecided"
    assert "the published file cannot be fetched" in compared.verdict.text
    with pytest.raises(UndecidedError, match=r"Python-3\.99\.0\.tgz"):
        Compared([compared]).raise_for_difference()


def test_where_nothing_is_published_that_is_the_verdict(scene: Scene) -> None:
    compared = scene.compare(TGZ)
    assert compared.verdict.judgement == "unpublished"
    assert "nothing is published" in compared.verdict.text
    assert scene.compare("python-3.99.0-linux-x86_64.tar.gz", STREAM, is_served=False).seen.where == (
        "python.org has no such files"
    )


def test_the_documentation_is_compared_where_it_is_served(scene: Scene) -> None:
    name = "python-3.99.0-docs-html.tar.bz2"
    scene.serve(name, COMPRESSIONS["bz2"](tar(*BY_HAND)))
    compared = scene.compare(name, COMPRESSIONS["bz2"](tar(*OLD)))
    assert (compared.verdict.judgement, compared.verdict.text) == (
        "equivalent",
        "equivalent (order, owners): the contents are the same",
    )


# What the user has downloaded.


def test_a_folder_of_the_users_is_used_and_nothing_is_asked_for(scene: Scene) -> None:
    page = scene.serve(TGZ, BYTES[TGZ])
    theirs = scene.top / "downloads"
    theirs.mkdir()
    (theirs / TGZ).write_bytes(COMPRESSIONS["gz"](tar(*MEMBERS[:2])))
    scene.publish(xz=BYTES[XZ], tgz=BYTES[TGZ])
    comparer = scene.comparer(theirs)
    artifacts = [scene.made(XZ), scene.made(TGZ)]
    [xz], [tgz] = (comparer.compare(artifact) for artifact in artifacts)
    assert tgz.verdict.judgement == "different"
    assert tgz.seen.where == str(theirs / TGZ)
    # That the other one is not there is no difference.
    assert (xz.verdict.judgement, xz.seen.where) == ("identical", f"--against does not have {XZ}")
    assert page.asked == []


def test_whatever_else_is_in_a_folder_of_the_users_is_ignored(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = scene.top / "downloads"
    (theirs / "amd64").mkdir(parents=True)
    (theirs / "latest.tgz").symlink_to(TGZ)
    (theirs / "holiday.jpg").write_bytes(b"")
    (theirs / "Python-3.98.0.tgz").write_bytes(COMPRESSIONS["gz"](tar(folder("Python-3.98.0"))))
    os.mkfifo(theirs / "a pipe")
    (theirs / TGZ).write_bytes(BYTES[TGZ])
    [pair] = scene.comparer(theirs).compare(scene.made(TGZ))
    assert pair.verdict.judgement == "identical"
    assert (
        f"{theirs}: 5 other files were ignored: Python-3.98.0.tgz, a pipe, amd64 and 2 more"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "name",
    [f"{TOP} (1).tgz", f"{TGZ}.1", "renamed.tar.gz", "python3.99_3.99.0.orig.tar.gz", "without an ending"],
)
@pytest.mark.parametrize("tampered", [False, True])
def test_a_renamed_download_is_examined_by_what_it_contains(scene: Scene, name: str, tampered: bool) -> None:
    """Also beside a good one of the right name, which must not speak for it."""
    theirs = scene.top / "downloads"
    theirs.mkdir()
    content = COMPRESSIONS["gz"](tar(*MEMBERS[:2], file(f"{TOP}/configure", b"evil", mode=0o755)))
    (theirs / name).write_bytes(content if tampered else BYTES[TGZ])
    (theirs / TGZ).write_bytes(BYTES[TGZ])
    pairs = scene.comparer(theirs).compare(scene.made(TGZ))
    assert {pair.seen.where: pair.verdict.judgement for pair in pairs} == {
        str(theirs / TGZ): "identical",
        str(theirs / name): "different" if tampered else "identical",
    }


@pytest.mark.parametrize("name", [f"{TOP} (1).tgz", f"{TOP} (12).tgz", f"{TGZ}.1", TGZ])
def test_a_damaged_download_is_different_if_its_name_says_what_it_is(scene: Scene, name: str) -> None:
    (scene.top / name).write_bytes(b"tampered with")
    [pair] = scene.comparer(scene.top / name).compare(scene.made(TGZ))
    assert pair.verdict.judgement == "different"


@pytest.mark.parametrize("form", ["a folder", "SHA256SUMS", "a statement"])
@pytest.mark.parametrize("how", [(), ("--quick",)], ids=["", "quickly"])
def test_where_nothing_that_was_given_is_examined_it_is_undecided(
    scene: Scene,
    form: str,
    how: Sequence[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """However good the hashes are that were published: the file that the user asks about may be any other."""
    theirs = scene.top / "SHA256SUMS" if form == "SHA256SUMS" else scene.top / "x.intoto.json"
    if form == "a folder":
        theirs = scene.top / "downloads"
        theirs.mkdir()
        (theirs / "Python-3.13.4 (1).tgz").write_bytes(b"tampered with")
    elif form == "SHA256SUMS":
        theirs.write_bytes(write_sums({"Python-3.13.4.tgz": "0" * 64}))
    else:
        theirs.write_bytes(statement_of().encode())
    ended = run_in_process(
        ["verify", "--version", "3.13.5", "--against", str(theirs), *how], monkeypatch, capsys
    )
    assert (ended.status, ended.out) == (7, "")
    assert f"nothing in {theirs} was examined: it does not have Python-3.13.5.t" in ended.complaint
    assert ("Python-3.13.4 (1).tgz" in ended.err) == (form == "a folder")


@pytest.mark.parametrize("name", [TGZ, "renamed.tgz", "renamed.tar.gz"])
def test_one_file_stands_for_one_artifact_whatever_it_is_called(scene: Scene, name: str) -> None:
    (scene.top / name).write_bytes(BYTES[TGZ])
    scene.publish(tgz=BYTES[TGZ])
    comparer = scene.comparer(scene.top / name)
    assert comparer.compare(scene.made(XZ)) == []
    [pair] = comparer.compare(scene.made(TGZ))
    assert pair.verdict.judgement == "identical"
    scene.publish(tgz=b"another")
    [pair] = comparer.compare(scene.made(TGZ))
    assert pair.verdict.judgement == "different"


def test_a_file_that_stands_for_none_is_undecided(scene: Scene) -> None:
    (scene.top / "a.zip").write_bytes(b"")
    with pytest.raises(UndecidedError, match=r"nothing in .*a\.zip was examined"):
        scene.comparer(scene.top / "a.zip")


def test_hashes_alone_decide_if_they_are_the_same(scene: Scene) -> None:
    sums = scene.top / "SHA256SUMS"
    sums.write_bytes(write_sums({TGZ: sha256_bytes(BYTES[TGZ]), XZ: "0" * 64}))
    comparer = scene.comparer(sums)
    [tgz], [xz] = (comparer.compare(scene.made(name)) for name in (TGZ, XZ))
    assert tgz.verdict.judgement == "identical"
    assert xz.verdict.judgement == "undecided"


# Quickly.


def test_the_stream_is_compared_with_either_tarball(scene: Scene) -> None:
    tar_ = scene.made(f"{TOP}.tar", STREAM)
    for name in (TGZ, XZ):
        scene.serve(name, BYTES[name])
        [compared] = scene.comparer().compare_stream(tar_)
        assert compared.verdict.judgement == "equivalent"
        assert compared.verdict.comparison is not None
        assert compared.verdict.comparison.stabilizers == ("compression",)
        assert compared.seen.where == f"{scene.site.url}/3.99.0/{name}"
        (scene.top / name).write_bytes(BYTES[name])
        [given] = scene.comparer(scene.top / name).compare_stream(tar_)
        assert (given.verdict.judgement, given.seen.where) == ("equivalent", str(scene.top / name))


def test_a_tampered_stream_is_different_and_the_member_is_named(scene: Scene) -> None:
    tar_ = scene.made(f"{TOP}.tar", STREAM)
    for members, why in TAMPERED.values():
        scene.serve(XZ, COMPRESSIONS["xz"](tar(*members)))
        [compared] = scene.comparer().compare_stream(tar_)
        assert compared.verdict.judgement == "different"
        assert why in compared.verdict.text


def test_where_no_tarball_can_be_had_the_stream_is_undecided(scene: Scene) -> None:
    [compared] = scene.comparer().compare_stream(scene.made(f"{TOP}.tar", STREAM))
    assert compared.verdict.judgement == "undecided"


# The whole.


def test_a_difference_outweighs_what_could_not_be_told(scene: Scene) -> None:
    scene.publish(xz=b"never to be seen")
    scene.serve(TGZ, b"garbage")
    compared = [scene.compare(XZ), scene.compare(TGZ)]
    assert [one.verdict.judgement for one in compared] == ["undecided", "different"]
    with pytest.raises(MismatchError, match=r"Python-3\.99\.0\.tgz: different"):
        Compared(compared).raise_for_difference()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ["--version", "3.13.5", "--quick", "--artifacts", "docs"],
            "--quick and --against-git are for the source tarballs",
        ),
        (["--version", "3.13.5", "--against-git", "--quick"], "no --quick"),
        (["--version", "3.13.5", "--against-git", "--explain"], "no --explain"),
        (["--version", "3.13.5", "--against", ""], "--against is empty"),
        (["--version", "3.13.5", "--against", "/missing"], "/missing does not exist"),
        (["--version", "3.13.5", "--quick", "--against", "/missing"], "/missing does not exist"),
        (["--version", "3.13"], "is not a version"),
        (["--version", "3.13.5", "--engine", "abacus"], "abacus"),
    ],
)
def test_a_wrong_use_is_refused_before_anything_is_built(
    arguments: list[str], why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run_in_process(["verify", *arguments], monkeypatch, capsys)
    assert ended.status == 2
    assert why in ended.complaint


def test_a_link_is_not_examined(scene: Scene) -> None:
    (scene.top / TGZ).symlink_to("/dev/zero")
    with pytest.raises(IntegrityError, match="is a link, expected a regular file"):
        scene.comparer(scene.top / TGZ)
