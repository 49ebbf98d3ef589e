"""Attestations: what is signed, by whom it must be signed, and everything that is refused."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checking import checked
from tests.rebuilders import ALICE, BOB, HASHES, RELEASE, Person, statement, tampered, write_policy
from verbatim.errors import IntegrityError, UsageError
from verbatim.evidence.envelope import PAYLOAD_TYPE
from verbatim.release import Release


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of attestations with a policy, and nothing else."""
    folder = tmp_path / "attestations"
    write_policy(folder)
    return folder


def refusal(folder: Path, *, release: Release = RELEASE) -> str:
    """Why the only file is refused."""
    result = checked(folder, release=release)
    assert result.found.attestations == []
    (reason,) = result.found.refused.values()
    with pytest.raises(IntegrityError) as caught:
        result.raise_for_refused_files()
    assert reason in str(caught.value)
    return reason


def test_an_attestation_is_an_envelope_around_the_statement_itself(folder: Path) -> None:
    path = ALICE.attest(folder)
    assert path == folder / "3.13.99" / "alice.source.dsse.json"
    envelope = json.loads(path.read_bytes())
    assert base64.b64decode(envelope["payload"]) == statement().encode()
    assert envelope["payloadType"] == PAYLOAD_TYPE
    assert [set(signature) for signature in envelope["signatures"]] == [{"keyid", "sig"}]
    (found,) = checked(folder).found.attestations
    assert (found.signed.rebuilder, found.statement) == ("alice", statement())


def test_the_statement_is_the_same_bytes_for_all(folder: Path) -> None:
    paths = [ALICE.attest(folder), BOB.attest(folder)]
    payloads = {json.loads(path.read_bytes())["payload"] for path in paths}
    assert len(payloads) == 1


def test_the_same_attestation_is_not_added_twice_and_another_replaces_nothing(folder: Path) -> None:
    first = ALICE.attest(folder)
    before = first.read_bytes()
    with pytest.raises(AssertionError):
        ALICE.attest(folder)
    second = ALICE.attest(folder, statement({**HASHES, "Python-3.13.99.tgz": "c" * 64}))
    assert second.name == "alice.source.2.dsse.json"
    assert first.read_bytes() == before


# What an envelope may be in place of what it should.


def _deep(path: Path) -> None:
    path.write_text('{"payload":' + "[" * 100_000 + "]" * 100_000 + "}")


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100_000_000)


def _duplicate(path: Path) -> None:
    text = path.read_text()
    path.write_text('{"payloadType":"text/plain",' + text[1:])


def _resigned(path: Path) -> None:
    path.write_bytes(Person("mallory").sign(statement().encode()))


def _bent(path: Path) -> None:
    """Other statement, old signature."""
    other = statement({**HASHES, "Python-3.13.99.tgz": "c" * 64}).encode()
    tampered(path, payload=base64.b64encode(other).decode())


def _twice_signed(path: Path) -> None:
    envelope = json.loads(path.read_bytes())
    tampered(path, signatures=envelope["signatures"] * 2)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: tampered(path, signatures=[]), "has no signatures, expected one"),
        (_twice_signed, "has 2 signatures, expected one"),
        (lambda path: tampered(path, signatures=[{"keyid": "", "sig": ""}]), "is not signed by any key"),
        (lambda path: tampered(path, signatures=[{"sig": "AAAA"}]), "is not signed by any key"),
        (lambda path: tampered(path, signatures=[{"sig": "%"}]), "the signature is not base64"),
        (lambda path: tampered(path, signatures=[{"sig": "é"}]), "the signature is not base64"),
        (
            lambda path: tampered(path, signatures=[{"keyid": "", "sig": 7}]),
            "it has the number 7, expected none",
        ),
        (
            lambda path: tampered(path, payloadType="text/plain"),
            "has the payload type 'text/plain', expected",
        ),
        (lambda path: tampered(path, payload="%%%"), "the payload is not base64"),
        (lambda path: tampered(path, more="?"), "is not a DSSE envelope: more"),
        (lambda path: path.write_text("[]"), "is not a DSSE envelope"),
        (lambda path: path.write_text("{"), "is not the expected JSON"),
        (lambda path: path.write_bytes(b"\xff{}"), "is not the expected JSON"),
        (lambda path: path.write_text('{"a":NaN}'), "it has the number NaN, expected none"),
        (lambda path: path.write_text('{"a":' + "9" * 10_000 + "}"), "the number 9999999"),
        (lambda path: path.write_text(""), "is not the expected JSON"),
        (_duplicate, "the name 'payloadType' appears twice"),
        (_deep, "is nested too deeply"),
        (_huge, "has more than 2,097,152 bytes"),
        (_resigned, "is not signed by any key of that rebuilder"),
        (_bent, "is not signed by any key of that rebuilder"),
    ],
)
def test_a_file_that_is_no_honest_envelope_is_refused(
    spoil: Callable[[Path], object], reason: str, folder: Path
) -> None:
    spoil(ALICE.attest(folder))
    assert reason in refusal(folder)


# What may be in an envelope that is signed as it should be.


def _changed(**changes: object) -> bytes:
    return json.dumps(
        {**json.loads(statement().encode()), **changes}, separators=(",", ":"), sort_keys=True
    ).encode()


def _subject(name: str, sha256: object) -> dict[str, object]:
    return {"name": name, "digest": {"sha256": sha256}}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{}", "is not a build statement"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"_type":"1","_type":"1"}', "the name '_type' appears twice"),
        (statement().encode() + b"\n", "is not in canonical JSON"),
        (statement().encode().replace(b":", b": ", 1), "is not in canonical JSON"),
        (_changed(subject=[]), "is not a build statement: subject"),
        (_changed(subject=[_subject("Python-3.13.99.tgz", "b" * 63)]), "subject.0.digest.sha256"),
        (_changed(subject=[_subject("Python-3.13.99.tgz", "b" * 65)]), "subject.0.digest.sha256"),
        (_changed(subject=[_subject("Python-3.13.99.tgz", "B" * 64)]), "subject.0.digest.sha256"),
        (_changed(subject=[_subject("Python-3.13.99.tgz", 7)]), "it has the number 7, expected none"),
        (_changed(subject=[_subject("Python-3.13.99.tgz", None)]), "subject.0.digest.sha256"),
        (
            _changed(subject=[{"name": "Python-3.13.99.tgz", "digest": {"sha512": "b" * 128}}]),
            "subject.0.digest",
        ),
        (_changed(subject=[_subject("../Python-3.13.99.tgz", "b" * 64)]), "subject.0.name"),
        (_changed(subject=[_subject("Python-3.13.99.tgz", "b" * 64)] * 2), "or one appears twice"),
        (_changed(subject=[_subject("Python-3.13.99.zip", "b" * 64)]), "which source does not make"),
        (_changed(predicateType="https://example.org/praise/v1"), "predicateType"),
        (_changed(_type="https://in-toto.io/Statement/v0.1"), "_type"),
        (_changed(more=True), "more"),
    ],
)
def test_a_payload_that_is_no_statement_of_ours_is_refused(payload: bytes, reason: str, folder: Path) -> None:
    path = ALICE.attest(folder)
    path.write_bytes(ALICE.sign(payload))
    assert reason in refusal(folder)


def test_a_statement_of_another_version_is_refused(folder: Path) -> None:
    """A replay: what was once signed for 3.13.98."""
    other = Release.parse("3.13.98")
    said = statement({"Python-3.13.98.tgz": "b" * 64}, release=other)
    old = ALICE.attest(folder, said, release=other)
    (folder / "3.13.99").mkdir()
    os.link(old, folder / "3.13.99" / old.name)
    assert "is a statement of 3.13.98, expected 3.13.99" in refusal(folder)


def test_a_statement_under_another_stage_is_refused(folder: Path) -> None:
    path = ALICE.attest(folder)
    path.rename(path.with_name("alice.docs.dsse.json"))
    assert "is a statement of source, expected docs" in refusal(folder)


def test_a_statement_under_another_rebuilders_name_is_refused(folder: Path) -> None:
    path = ALICE.attest(folder)
    path.rename(path.with_name("bob.source.dsse.json"))
    assert "is not signed by any key of that rebuilder" in refusal(folder)


@pytest.mark.parametrize(
    "name",
    [
        "alice.dsse.json",
        "alice.source.json",
        "Alice.source.dsse.json",
        "alice.source.0.dsse.json",
        "alice.source.1.dsse.json",
        "alice.source.dsse.json.bak",
        "alice source.dsse.json",
        "-.source.dsse.json",
        "README.md",
        "new\nline.source.dsse.json",
    ],
)
def test_a_file_of_another_name_is_refused(name: str, folder: Path) -> None:
    path = ALICE.attest(folder)
    path.rename(path.with_name(name))
    assert "is not a valid attestation name" in refusal(folder)


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_link, "is a link, expected a regular file"),
        (_pipe, "is not a regular file"),
        (_folder, "is not a regular file"),
    ],
)
def test_what_is_no_plain_file_is_refused(spoil: Callable[[Path], None], reason: str, folder: Path) -> None:
    path = ALICE.attest(folder)
    spoil(path)
    assert reason in checked(folder).found.refused[path.name]


def test_a_name_that_the_policy_has_not_is_no_error_and_does_not_count(folder: Path) -> None:
    Person("mallory").attest(folder)
    result = checked(folder)
    result.raise_for_refused_files()
    assert result.found.unknown_rebuilders == ["mallory.source.dsse.json"]
    assert {row.voices for row in result.matrix.rows} == {0}


def test_a_folder_that_is_not_there_is_a_wrong_request(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder .*3\.13\.99"):
        checked(folder)
