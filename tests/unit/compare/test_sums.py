"""SHA256SUMS: what sha256sum writes is read, and nothing else is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verbatim.compare.sums import parse_sums, write_sums
from verbatim.errors import IntegrityError

A = "a" * 64


@pytest.mark.parametrize("mode", ["--text", "--binary"])
def test_what_sha256sum_writes_is_read(tmp_path: Path, mode: str) -> None:
    for name in ("a.tgz", "b c"):
        (tmp_path / name).write_text(name)
    written = subprocess.run(
        ["sha256sum", mode, "a.tgz", "b c"], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    hashes = parse_sums(written, "SHA256SUMS")
    assert list(hashes) == ["a.tgz", "b c"]
    if mode == "--text":
        assert write_sums(hashes) == written


@given(st.dictionaries(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]*", fullmatch=True), st.just(A), min_size=1))
@settings(deadline=None)
def test_what_was_written_is_read_again(hashes: dict[str, str]) -> None:
    assert parse_sums(write_sums(hashes), "SHA256SUMS") == hashes


BAD = {
    "nothing": "",
    "an empty line": "\n",
    "half a line": f"{A}  a",
    "a hash too short": f"{A[1:]}  a\n",
    "a hash too long": f"{A}a  a\n",
    "a hash in upper case": f"{A.upper()}  a\n",
    "another hash": f"{'a' * 128}  a\n",
    "no name": f"{A}  \n",
    "no mark": f"{A} a\n",
    "another mark": f"{A} ?a\n",
    "BSD's format": f"SHA256 (a) = {A}\n",
    "an escaped name": f"\\{A}  a\\nb\n",
    "a name twice": f"{A}  a\n{'b' * 64}  a\n",
    "a name twice, with the same hash": f"{A}  a\n{A} *a\n",
    "a folder": f"{A}  b/a\n",
    "a name that leads out": f"{A}  ../a\n",
    "the folder above": f"{A}  ..\n",
    "an absolute name": f"{A}  /etc/passwd\n",
    "a carriage return": f"{A}  a\r\n",
    "an escape sequence": f"{A}  \x1b[2J\n",
    "a byte order mark": f"\ufeff{A}  a\n",
    "a comment": f"# sums\n{A}  a\n",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(IntegrityError, match="the list"):
        parse_sums(text.encode(), "the list")


def test_what_is_not_utf_8_is_refused() -> None:
    with pytest.raises(IntegrityError, match="not UTF-8"):
        parse_sums(f"{A}  ".encode() + b"\xff\n", "the list")
