"""The first line of a verification: what it comes to, in words for everybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from verbatim.commands.verify import Verified
from verbatim.compare.comparison import Comparison, File, Judgement
from verbatim.compare.verdict import Verdict
from verbatim.errors import MismatchError
from verbatim.published.comparer import PublishedFile, PublishedPair
from verbatim.published.signatures import Signature
from verbatim.release import PYTHON_ORG, Release
from verbatim.report.headline import headline, style
from verbatim.report.verification import show_verified
from verbatim.sources.source import Identity

NAME = "Python-3.13.5.tgz"
COMMIT = Identity("git", "v3.13.5", {"gitCommit": "1" * 40, "gitTree": "2" * 40})
TARBALL = Identity("tarball", "Python-3.13.5.tar.xz", {"sha256": "0" * 64})
OURS = File(NAME, "a" * 64)


def pair(judgement: Judgement, seen: PublishedFile, published: str | None = "a" * 64) -> PublishedPair:
    return PublishedPair(NAME, OURS, seen.file, Verdict(judgement, f"{judgement}: why"), published, seen)


def users(sha256: str = "a" * 64) -> PublishedFile:
    path = Path("/home/me/Python-3.13.5 (1).tgz")
    return PublishedFile(File(path.name, sha256, path), str(path), is_users=True)


def served(sha256: str = "a" * 64) -> PublishedFile:
    return PublishedFile(File(NAME, sha256, Path(NAME)), "https://example.org/a")


YOURS = "your file /home/me/Python-3.13.5 (1).tgz"


@pytest.mark.parametrize(
    ("given", "source", "line"),
    [
        (
            pair("identical", users()),
            COMMIT,
            f"GENUINE: {YOURS} is python.org's own file, and was built again here from commit {'1' * 40}",
        ),
        (
            pair("identical", served()),
            TARBALL,
            f"GENUINE: {NAME}, as it is served now, is python.org's own file, and was built again here from the"
            " tarball Python-3.13.5.tar.xz, not from git",
        ),
        (
            pair("identical", users(), None),
            COMMIT,
            f"GENUINE: {YOURS} has the bytes that were built here from commit {'1' * 40}",
        ),
        (
            pair("identical", PublishedFile(None, "no network")),
            COMMIT,
            f"GENUINE: {NAME} has the published hash, and was built again here from commit {'1' * 40}",
        ),
        (
            pair("equivalent", users()),
            COMMIT,
            f"GENUINE, not made again: {YOURS} is python.org's own file, and has the contents that were built here from"
            f" commit {'1' * 40}",
        ),
        (
            pair("different", users("b" * 64)),
            COMMIT,
            f"NOT python.org's file: {YOURS} differs from what was built here from commit {'1' * 40}",
        ),
        (
            pair("different", users()),
            COMMIT,
            f"NOT made from this source: {YOURS} is python.org's own file, but not what was built here",
        ),
        (
            pair("undecided", PublishedFile(None, "no network")),
            COMMIT,
            f"UNDECIDED: {NAME} could not be compared: why",
        ),
        (
            pair("unpublished", PublishedFile(None, "no network")),
            COMMIT,
            f"UNDECIDED: {NAME} could not be compared: unpublished: why",
        ),
    ],
)
def test_the_first_line_says_what_the_file_is_and_how_that_is_known(
    given: PublishedPair, source: Identity, line: str
) -> None:
    assert ": ".join(headline(given, source)) == line


GOOD = Signature("Sigstore", "good", "signed by the manager")
WRONG = Signature("Sigstore", "wrong", "WRONG: it is by somebody else")


@pytest.mark.parametrize(
    ("published", "line"),
    [
        (
            None,
            f"NOT made from this source: {YOURS} is signed by python.org's release manager, but not what was built here",
        ),
        (
            "a" * 64,
            f"NOT the file that was published: {YOURS} is signed by python.org's release manager, but does not have the hash"
            " that was published",
        ),
    ],
)
def test_a_signature_does_not_make_another_file_genuine(published: str | None, line: str) -> None:
    other = replace(pair("different", users("b" * 64), published), signatures=[GOOD])
    assert ": ".join(headline(other, COMMIT)) == line


def test_a_signature_says_whose_file_it_is_where_no_hash_is_known() -> None:
    own = replace(pair("identical", users(), None), signatures=[GOOD])
    expected = f"GENUINE: {YOURS} is signed by python.org's release manager, and was built again here from commit {'1' * 40}"
    assert ": ".join(headline(own, COMMIT)) == expected


@pytest.mark.parametrize("judgement", ["identical", "equivalent"])
def test_a_wrong_signature_is_said_first_and_is_a_difference(judgement: Judgement) -> None:
    own = replace(pair(judgement, users()), signatures=[GOOD, WRONG])
    answer, _ = headline(own, COMMIT)
    assert (answer, style(answer)) == ("GENUINE, but wrongly signed", "bold red")
    with pytest.raises(MismatchError, match="WRONG: it is by somebody else"):
        Verified([own], Release.parse("3.13.5"), COMMIT).raise_for_difference()


def test_where_only_the_stream_was_made_again_the_file_is_genuine_all_the_same() -> None:
    verdict = Verdict("equivalent", "why", Comparison("equivalent", ("compression",)))
    quick = replace(pair("equivalent", users()), name="Python-3.13.5.tar", verdict=verdict)
    answer, text = headline(quick, COMMIT)
    assert (answer, "its tar stream was made again" in text) == ("GENUINE", True)


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        (users(), "  your file is /home/me/Python-3.13.5 (1).tgz"),
        (served(), "  the mirror serves https://example.org/a"),
        (
            replace(served(), where=f"{PYTHON_ORG}/3.13.5/{NAME}"),
            f"  python.org serves {PYTHON_ORG}/3.13.5/{NAME}",
        ),
        (
            PublishedFile(None, "what is served now could not be fetched: no"),
            "  what is served now could not be fetched: no",
        ),
    ],
)
def test_whose_file_it_is_is_said(seen: PublishedFile, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_verified(Verified([pair("identical", seen)], Release.parse("3.13.5"), COMMIT), as_json=False)
    assert line in capsys.readouterr().out.splitlines()
