"""``attest``, ``withdraw`` and ``check`` as commands, and the page with the matrix."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.checking import TODAY
from tests.program import Ended, run_in_process
from tests.rebuilders import ALICE, BOB, CAROL, HASHES, RELEASE, Person, remember, statement, write_policy
from verbatim.commands.check import Trust, check_release
from verbatim.data import parse_toml
from verbatim.digest import sha256_bytes
from verbatim.evidence.policy import Policy
from verbatim.evidence.statement import Statement, file_name
from verbatim.release import Release
from verbatim.report.attestations import write_page
from verbatim.stages.choose import artifact_names
from verbatim.store import Store

pytestmark = pytest.mark.usefixtures("interrupts")

SPOILED = statement({**HASHES, "Python-3.13.99.tgz": "c" * 64})


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder of one's own, with a policy."""
    folder = tmp_path / "elsewhere"
    write_policy(folder / "attestations")
    monkeypatch.chdir(folder)
    return folder


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return lambda *arguments: run_in_process(arguments, monkeypatch, capsys)


def _built(folder: Path, store: Store | None) -> Statement:
    """What a build leaves there, and, if it was done here, in the cache."""
    built = folder / "dist" / "3.13.99"
    built.mkdir(parents=True)
    hashes = {}
    for name in HASHES:
        (built / name).write_bytes(name.encode())
        hashes[name] = sha256_bytes(name.encode())
    said = statement(hashes)
    (built / file_name("source")).write_bytes(said.encode())
    if store is not None:
        remember(store, said)
    return said


_ATTEST = ("attest", "--version", "3.13.99", "--as", "alice", "--key", "alice.pem")
_CHECK = ("check", "--version", "3.13.99")


def test_from_a_new_key_to_a_quorum(elsewhere: Path, store: Store, run: Run) -> None:
    _built(elsewhere, store)
    entries = {}
    for name in ("alice", "bob"):
        made = run("keygen", "--as", name, "--key", f"{name}.pem")
        assert made.status == 0
        entries[name] = made.out
    policy = """
sources = ["git"]
[threshold]
"Python-*" = 2
[kinds]
own-machine = "each"
"""
    Path("attestations", "policy.toml").write_text(policy + "".join(entries.values()))
    signed = run(*_ATTEST)
    assert signed.status == 0
    assert "alice attests to source: statement" in signed.out
    assert "  attestations/3.13.99/alice.source.dsse.json\n" in signed.out
    assert "there is no quorum for 3.13.99: too few confirm" in run(*_CHECK).complaint
    assert run("attest", "--version", "3.13.99", "--as", "bob", "--key", "bob.pem").status == 0
    done = run(*_CHECK)
    assert done.status == 0, done.err
    table = [line.split("  ") for line in done.out.splitlines() if line.startswith("Python-")]
    assert [[cell.strip() for cell in line if cell][2:] for line in table] == [
        ["same", "same", "yes, 2 of 2"]
    ] * 2
    assert run(*_ATTEST).out.endswith("  it already exists\n")


def test_the_result_can_be_read_by_programs(elsewhere: Path, run: Run) -> None:
    folder = elsewhere / "attestations"
    for person in (ALICE, BOB):
        person.attest(folder)
    CAROL.attest(folder, SPOILED)
    done = run(*_CHECK, "--json")
    assert done.status == 1
    said = json.loads(done.out)
    assert said["quorum"] is False
    results = {row["name"]: row["result"] for row in said["artifacts"]}
    assert results == {"Python-3.13.99.tar.xz": "quorum", "Python-3.13.99.tgz": "blocked"}
    claims = {claim["rebuilder"]: claim["sha256"] for claim in said["artifacts"][1]["claims"]}
    assert claims == {"alice": "b" * 64, "bob": "b" * 64, "carol": "c" * 64}


def test_an_objection_is_shown_with_what_it_says(elsewhere: Path, run: Run) -> None:
    folder = elsewhere / "attestations"
    for person in (ALICE, BOB):
        person.attest(folder)
    CAROL.attest(folder, SPOILED)
    Person("mallory").attest(folder)
    done = run(*_CHECK)
    assert done.status == 1
    assert f"carol objects to Python-3.13.99.tgz: got {'c' * 64}" in done.out
    assert re.search(
        r"^Python-3\.13\.99\.tgz +b{16} +same +same +DIFFERS +blocked, 2 of 2$", done.out, re.MULTILINE
    )
    assert "not in the policy, and ignored: mallory.source.dsse.json" in done.out
    taken_back = sha256_bytes(SPOILED.encode())
    CAROL.write_key(Path("carol.pem"))
    signing = ("--version", "3.13.99", "--as", "carol", "--key", "carol.pem")
    assert run("withdraw", *signing, "--statement", taken_back, "--reason", "A bad disk.").status == 0
    done = run(*_CHECK)
    assert done.status == 0
    assert f"carol withdrew the statement {taken_back}: A bad disk." in done.out
    assert "DIFFERS, withdrawn" in done.out


def test_a_refused_file_is_named_and_fails_the_check_though_there_is_a_quorum(
    elsewhere: Path, run: Run
) -> None:
    folder = elsewhere / "attestations"
    for person in (ALICE, BOB, CAROL):
        person.attest(folder)
    (folder / "3.13.99" / "carol.source.dsse.json").write_text("{}")
    done = run(*_CHECK)
    assert done.status == 6
    assert "yes, 2 of 2" in done.out
    assert "carol.source.dsse.json is not a DSSE envelope" in done.complaint
    done = run("check", "--all")
    assert done.status == 6
    assert "3.13.99: 2 attestations by 2 rebuilders, quorum" in done.out
    assert "  refused: carol.source.dsse.json" in done.out


def test_an_objection_to_what_was_published_is_said_aloud(elsewhere: Path, store: Store, run: Run) -> None:
    ALICE.write_key(Path("alice.pem"))
    built = elsewhere / "dist" / "3.13.5"
    built.mkdir(parents=True)
    (built / "Python-3.13.5.tgz").write_bytes(b"something else")

    said = statement({"Python-3.13.5.tgz": sha256_bytes(b"something else")}, release=Release.parse("3.13.5"))
    (built / file_name("source")).write_bytes(said.encode())
    remember(store, said)
    done = run("attest", "--version", "3.13.5", "--as", "alice", "--key", "alice.pem")
    assert done.status == 0
    assert "this is an objection: Python-3.13.5.tgz differs from what was published" in " ".join(
        done.err.split()
    )


# What is not signed.


def test_what_was_not_built_here_is_not_signed(elsewhere: Path, run: Run) -> None:
    _built(elsewhere, None)
    ALICE.write_key(Path("alice.pem"))
    done = run(*_ATTEST)
    assert done.status == 2
    assert "was not built here, according to this cache" in done.complaint
    assert not Path("attestations", "3.13.99").exists()


def test_what_lies_in_the_store_was_not_built_here_for_that(elsewhere: Path, store: Store, run: Run) -> None:
    """Whatever is downloaded, or named as a source, gets there."""
    said = _built(elsewhere, None)
    sha256, _ = store.add(io.BytesIO(said.encode()))
    store.remember("git", "1" * 40, sha256)
    ALICE.write_key(Path("alice.pem"))
    done = run(*_ATTEST)
    assert done.status == 2
    assert "was not built here, according to this cache" in done.complaint
    assert not Path("attestations", "3.13.99").exists()


def _alter(built: Path) -> None:
    (built / "Python-3.13.99.tgz").write_bytes(b"else")


def _link(built: Path) -> None:
    path = built / "Python-3.13.99.tgz"
    path.rename(built.parent / "elsewhere")
    path.symlink_to("../elsewhere")


def _lie(built: Path) -> None:
    (built / file_name("source")).write_bytes(statement().encode())


def _rename(built: Path) -> None:
    built.rename(built.with_name("3.13.98"))


@pytest.mark.parametrize(
    ("spoil", "version", "status", "complaint"),
    [
        (_alter, "3.13.99", 6, "was altered: it has SHA-256"),
        (_link, "3.13.99", 6, "is missing, or not a regular file"),
        (_lie, "3.13.99", 2, "was not built here"),
        (_rename, "3.13.98", 6, "is a statement of 3.13.99, expected 3.13.98"),
        (_rename, "3.13.99", 2, "has no statement of anything"),
    ],
)
def test_what_is_not_as_it_was_built_is_not_signed(
    spoil: Callable[[Path], None],
    version: str,
    status: int,
    complaint: str,
    elsewhere: Path,
    store: Store,
    run: Run,
) -> None:
    _built(elsewhere, store)
    spoil(elsewhere / "dist" / "3.13.99")
    ALICE.write_key(Path("alice.pem"))
    done = run("attest", "--version", version, "--as", "alice", "--key", "alice.pem")
    assert done.status == status
    assert complaint in done.complaint
    assert list(Path("attestations").iterdir()) == [Path("attestations", "policy.toml")]


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("keygen", "--as", "alice"), 2, "--key is empty"),
        (("keygen", "--key", "k"), 2, "--as is missing"),
        (("keygen", "--as", "Al ice", "--key", "k"), 2, "'Al ice' is not a valid rebuilder name"),
        (
            ("keygen", "--as", "alice", "--key", "k", "--protect"),
            2,
            "there is no terminal to ask for a passphrase",
        ),
        (("attest", "--version", "3.13.99", "--as", "alice"), 2, "expected either --key or --identity"),
        ((*_ATTEST, "--identity"), 2, "expected either --key or --identity"),
        (_ATTEST, 2, "there is no key alice.pem"),
        (("check", "--version", "3.13"), 2, "'3.13' is not a version"),
        (("check", "--version", "3.13.99", "--attestations", "nowhere"), 6, "nowhere/policy.toml is missing"),
        (("check", "--version", "3.13.99", "--policy", "nowhere.toml"), 6, "nowhere.toml is missing"),
        (
            ("check", "--version", "3.13.99", "--attestations", "/dev/zero"),
            6,
            "/dev/zero/policy.toml is missing",
        ),
        (_CHECK, 2, "there is no folder attestations/3.13.99"),
        (
            ("check", "--all", "--attestations", "nowhere", "--policy", "attestations/policy.toml"),
            2,
            "there is no folder nowhere",
        ),
    ],
)
def test_wrong_requests_end_in_one_line(
    arguments: tuple[str, ...], status: int, complaint: str, run: Run
) -> None:
    done = run(*arguments)
    assert (done.status, done.out) == (status, "")
    assert complaint in done.complaint


# What a user names may be anything.


@pytest.mark.parametrize("option", ["--policy", "--attestations", "--key"])
@pytest.mark.parametrize("what", ["/dev/zero", "fifo", "link", "folder"])
def test_what_is_no_file_ends_in_one_line(
    option: str, what: str, elsewhere: Path, store: Store, run: Run
) -> None:
    """Neither is read without end, nor waited for."""
    os.mkfifo("fifo")
    Path("link").symlink_to("/dev/zero")
    Path("folder").mkdir()
    if option == "--key":
        _built(elsewhere, store)
        done = run("attest", "--version", "3.13.99", "--as", "alice", "--key", what)
    elif option == "--attestations":
        path = ALICE.attest(elsewhere / "attestations")
        path.unlink()
        path.symlink_to(Path(what).absolute())
        done = run(*_CHECK)
    else:
        done = run(*_CHECK, option, what)
    assert done.status == (2 if option == "--key" else 6)
    assert re.search(r"is a link, expected a regular file|is not a regular file", done.complaint)


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        ("a = " + "[" * 5000 + "]" * 5000, "is nested too deeply"),
        ("a = " + "9" * 5000, "is not TOML: Exceeds the limit"),
        ("a\rb = 1", "is not TOML"),
        ("#" * (1 << 20) + "\n", "has more than 1,048,576 bytes"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(policy: str, complaint: str, run: Run) -> None:
    Path("attestations", "policy.toml").write_text(policy, newline="")
    done = run(*_CHECK)
    assert done.status == 6
    assert complaint in done.complaint


def test_a_policy_is_read_once(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted by is what is hashed, whoever writes to it meanwhile."""
    path = elsewhere / "attestations" / "policy.toml"
    before = path.read_bytes()

    def and_then(data: bytes, *rest: Any) -> dict[str, Any]:
        path.write_bytes(before.replace(b"= 2", b"= 1"))
        return parse_toml(data, *rest)

    monkeypatch.setattr("verbatim.evidence.policy.parse_toml", and_then)
    policy, sha256 = Policy.load(path)
    assert path.read_bytes() != before
    assert (policy.needed("Python-3.13.99.tgz"), sha256) == (2, sha256_bytes(before))


# The page.


class _Cells(HTMLParser):
    """The classes and texts of a table's cells, and every tag that there is."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.kinds: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "td":
            self.kinds.append(dict(attrs).get("class") or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_has_a_cell_for_each_rebuilder_and_artifact(elsewhere: Path, run: Run) -> None:
    folder = elsewhere / "attestations"
    revoked = Person("dora", lapses={"revoked": TODAY})
    write_policy(folder, (ALICE, BOB, CAROL, revoked))
    for person in (ALICE, BOB, revoked):
        person.attest(folder)
    CAROL.attest(folder, SPOILED)
    assert run(*_CHECK, "--html", "matrix.html").status == 1
    cells = _Cells(Path("matrix.html").read_text(encoding="utf-8"))
    by_artifact = [
        ["verdict", "confirms", "confirms", "confirms", "uncounted", "verdict quorum"],
        ["verdict", "confirms", "confirms", "objects", "uncounted", "verdict blocked"],
    ]
    assert cells.kinds == [kind for row in by_artifact for kind in row]
    assert any("carol objects to Python-3.13.99.tgz" in text for text in cells.text)


def test_the_page_runs_nothing_and_takes_nothing_as_markup(elsewhere: Path) -> None:
    folder = elsewhere / "attestations"
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    for person in (ALICE, BOB):
        person.attest(folder)
    CAROL.attest(folder, SPOILED)
    CAROL.withdraw(folder, SPOILED, hostile)
    (folder / "3.13.99" / f"{hostile.replace('/', '')}.json").write_text("{}")
    result = check_release(RELEASE, folder, Trust.load(folder / "policy.toml", None), today=TODAY)
    write_page(result, Path("matrix.html"))
    page = Path("matrix.html").read_text(encoding="utf-8")
    cells = _Cells(page)
    assert not cells.tags & {"script", "img", "link", "iframe", "a"}
    assert hostile in "".join(cells.text)
    assert "default-src 'none'" in page


def test_the_page_holds_fifty_rebuilders_by_all_artifacts(elsewhere: Path) -> None:
    folder = elsewhere / "attestations"
    people = [Person(f"rebuilder-{number}") for number in range(50)]
    write_policy(folder, people)
    for person in people:
        person.attest(folder)
    result = check_release(RELEASE, folder, Trust.load(folder / "policy.toml", None), today=TODAY)
    write_page(result, Path("matrix.html"))
    cells = _Cells(Path("matrix.html").read_text(encoding="utf-8"))
    assert cells.kinds.count("confirms") == 50 * len(artifact_names(RELEASE)["source"])
