"""Every parser of foreign bytes: whatever comes, it is understood, or refused with an error of ours.

What servers answer is tried in test_web.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.archives import Repository
from tests.diffoscope_reports import node, report
from tests.fuzzing import for_ten_minutes
from verbatim.addresses import WEB, Address, checked, masked, showable
from verbatim.compare.sums import parse_sums
from verbatim.data import load_model, load_model_like
from verbatim.engines.nix_output import exit_status
from verbatim.environments.definition import Definition
from verbatim.environments.lock import Environment, Lock
from verbatim.environments.resolve import read_packages
from verbatim.environments.wheels import read_report
from verbatim.errors import IntegrityError, VerbatimError
from verbatim.explain.findings import read_findings
from verbatim.paths import CONTAINERS, RELEASES
from verbatim.published.declared import Declared
from verbatim.release import Release, _Mirrored, _Published
from verbatim.sources.choose import SourceChoice
from verbatim.sources.git import git_source
from verbatim.sources.remote import Remote
from verbatim.store import Store
from verbatim.web import asked_pause, redirected

#: What has broken readers of one format or the other.
TOKENS = (
    *(
        b"[" * 2_000,
        b"{" * 2_000,
        b'{"a":' * 2_000,
        b"a." * 2_000,
        b"9" * 5_000,
        b"-0",
        b"1e999",
        b"NaN",
        b"null",
    ),
    *(
        b'"\\ud800"',
        b"\\u0000",
        b"\0",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
        b"\x85",
        b'"',
        b"'",
    ),
    *(
        b"[[a]]\n",
        b"[a]\n",
        b"a = 1\n",
        b"like = 'x'\n",
        b"1979-99-27",
        b"inf",
        b"=",
        b":",
        b"%",
        b"@",
        b"//",
        b"?",
    ),
    *(
        b"/",
        b"..",
        b"Package: a\n",
        b"\n\n",
        b" ",
        b"'''",
        b"{}",
        b"[]",
        b'""',
        b"true",
        b"-----BEGIN PGP SIGNED",
    ),
)
_Alteration: TypeAlias = tuple[float, int, bytes]
_alterations = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from([0, 0, 0, 1, 2, 8, 64, 100_000]),
        st.one_of(st.sampled_from([b"", *TOKENS]), st.binary(max_size=4)),
    ),
    min_size=1,
    max_size=4,
)


def altered(*seeds: bytes) -> st.SearchStrategy[bytes]:
    """One of these, with pieces of it replaced by something else."""

    def alter(seed: bytes, alterations: list[_Alteration]) -> bytes:
        for place, length, piece in alterations:
            start = int(place * (len(seed) + 1))
            seed = seed[:start] + piece + seed[start + length :]
        return seed

    return st.builds(alter, st.sampled_from(seeds), _alterations)


_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=8),
    st.sampled_from(["name", "a" * 64, "http://[", "/a.whl", "pool/a_1.deb"]),
)
_shapes = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["install", "metadata", "name", "version", "url", "details", "source1", "comments"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_json = _shapes.map(lambda shape: json.dumps(shape).encode())

# Each takes any bytes, and returns, or raises a VerbatimError.


def read_data(data: bytes) -> None:
    path = Path("any", "environment.toml")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    models: tuple[type[BaseModel], ...] = (Lock, _Published, _Mirrored, Declared)
    for model in models:
        _refusing(lambda: load_model(path, model, "restore it"))  # noqa: B023
    _refusing(lambda: load_model_like(path, Definition, "restore it", Path("bases")))


def read_lock(data: bytes) -> None:
    for name in ("environment.toml", "lock.toml"):
        Path("any", name).parent.mkdir(exist_ok=True)
    Path("any", "environment.toml").write_bytes((_SMALLEST / "environment.toml").read_bytes())
    Path("any", "lock.toml").write_bytes(data)
    Environment(Path("any"))


def read_index(data: bytes) -> None:
    found = read_packages([("aa", "1", "amd64"), ("bb:i386", "2", "i386")], data.decode("utf-8", "replace"))
    assert [package.name for package in found] == ["aa", "bb:i386"]


def read_address(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    showable(text)
    masked(text, text)
    asked_pause(text, 0)
    for parse in (Address.parse, lambda text: redirected("https://a/b", text)):
        try:
            parse(text)
        except ValueError:
            continue
    for read in (
        lambda: checked(text, "it", WEB),
        lambda: Remote.parse(text),
        lambda: SourceChoice(text).is_tarball,
        lambda: Release.parse(text),
    ):
        _refusing(read)


def read_nix(data: bytes) -> None:
    assert exit_status(data.decode("utf-8", "replace").splitlines()) >= 0


def _refusing(read: Callable[[], object]) -> None:
    try:
        read()
    except VerbatimError as error:
        assert error.message


_SMALLEST = min(CONTAINERS.glob("build/*/lock.toml"), key=lambda path: path.stat().st_size).parent
_DATA = altered(
    (_SMALLEST / "lock.toml").read_bytes()[:2_000],
    (_SMALLEST / "environment.toml").read_bytes(),
    *((RELEASES / name).read_bytes()[:2_000] for name in ("against-git.toml", "mirrored.toml")),
)
_STANZA = (
    "Package: {}\nVersion: {}\nArchitecture: {}\nSize: 5\nSHA256: "
    + "a" * 64
    + "\nFilename: pool/a/{}_1.deb\n\n"
)
_PIP = {
    "metadata": {"name": "a", "version": "1"},
    "download_info": {
        "url": "https://example.org/a-1-py3-none-any.whl",
        "archive_info": {"hashes": {"sha256": "a" * 64}},
    },
}
PARSERS: dict[str, tuple[st.SearchStrategy[bytes], Callable[[bytes], object]]] = {
    "data": (_DATA, read_data),
    "lock": (altered((_SMALLEST / "lock.toml").read_bytes()), read_lock),
    "sums": (
        altered(f"{'a' * 64}  b\n{'c' * 64} *d e\n".encode()),
        lambda data: parse_sums(data, "the list"),
    ),
    "index": (
        altered((_STANZA.format("aa", 1, "amd64", "a") + _STANZA.format("bb", 2, "i386", "b")).encode()),
        read_index,
    ),
    "pip": (
        st.one_of(altered(json.dumps({"install": [_PIP]}).encode()), _json),
        lambda data: read_report(data.decode("utf-8", "replace")),
    ),
    "diffoscope": (
        st.one_of(
            altered(report(node("member:a", "@@ -1 +1 @@\n-a\n+b\n", node("b", None, comments=("c",))))),
            _shapes.map(report),
            _json,
        ),
        read_findings,
    ),
    "nix": (
        altered(b"verbatim: the command ended with status 3\n", b"error: builder failed\nverbatim: a\n"),
        read_nix,
    ),
    "addresses": (
        altered(b"https://me:pw@example.org:80/a/b?c=d#e", b"git@example.org:a/b.git", b"3.13.5rc1", b"120"),
        read_address,
    ),
}

each_parser = pytest.mark.parametrize(("inputs", "parse"), PARSERS.values(), ids=PARSERS.keys())


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@each_parser
def test_whatever_comes_is_understood_or_refused(
    inputs: st.SearchStrategy[bytes], parse: Callable[[bytes], object]
) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs)
    def some(data: bytes) -> None:
        _refusing(lambda: parse(data))

    some()


@pytest.mark.slow
@each_parser
def test_the_same_for_ten_minutes(inputs: st.SearchStrategy[bytes], parse: Callable[[bytes], object]) -> None:
    assert for_ten_minutes(inputs, lambda data: _refusing(lambda: parse(data)))


# Commits and trees, which a hostile server may have made without git.


def _source_of(repository: Repository, content: tuple[bytes, bytes]) -> Any:
    """Build from a commit of just these bytes, and a tree of just those."""
    body, entries = content
    write = ("hash-object", "-w", "--stdin", "--literally", "-t")
    tree = repository.git(*write, "tree", given=entries)
    commit = repository.git(*write, "commit", given=body.replace(b"TREE", tree.encode()))
    # Git itself would not let a branch point to such a thing.
    (repository.path / "refs" / "heads" / "any").write_text(f"{commit}\n")
    return git_source(
        Release.parse("3.99.0"), Store(repository.path / "store"), url=repository.url, commit=commit
    )


_commits = altered(
    b"tree TREE\nauthor A <a@example.org> 1749686400 +0000\ncommitter A <a@example.org> 1749686400 +0000\n\nA\n"
)
_BLOB = bytes.fromhex("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
_trees = st.one_of(
    st.just(b""), altered(b"100644 a\0" + _BLOB + b"120000 b\0" + _BLOB + b"100755 c\0" + _BLOB)
)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setattr("verbatim.sources.repository._ATTEMPTS", 1)
    made = Repository(tmp_path / "repository", bare=True)
    assert made.blob(b"") == _BLOB.hex()
    return made


def test_a_commit_that_git_would_not_make_is_refused(repository: Repository) -> None:
    for body in (b"tree TREE\n", b"tree TREE\ncommitter\n\n", b"", b"tree TREE\n\n\0"):
        with pytest.raises(VerbatimError):
            _source_of(repository, (body, b""))


@pytest.mark.slow
def test_any_commit_is_built_from_or_refused_for_ten_minutes(repository: Repository) -> None:
    assert for_ten_minutes(
        st.tuples(_commits, _trees), lambda content: _refusing(lambda: _source_of(repository, content))
    )


def test_what_the_index_does_not_tell_of_is_said() -> None:
    both = [("aa", "1", "amd64"), ("bb", "1", "amd64")]
    assert len(read_packages(both[:1], _STANZA.format("aa", 1, "amd64", "a"))) == 1
    # Of a text without an end of line, python-debian would open the file of that name.
    for text in (_STANZA.format("aa", 1, "amd64", "a"), "/etc/passwd", ""):
        with pytest.raises(IntegrityError, match=r"does not have .*bb"):
            read_packages(both, text)
