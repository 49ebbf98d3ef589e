"""The store: what is in it is what its name says, whoever tampers with it."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verbatim.digest import HashingWriter, is_sha256, sha256_bytes, sha256_file
from verbatim.errors import IntegrityError
from verbatim.store import Store

CONTENT = b"some bytes"
SHA256 = sha256_bytes(CONTENT)

# One store for all examples is as good as one for each: other files in it make no difference.
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)


def put(store: Store, content: bytes) -> Path:
    sha256 = sha256_bytes(content)
    with store.entering(sha256) as partial:
        partial.write_bytes(content)
        return store.admit(partial, sha256)


def alter(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


@given(st.binary())
def test_a_digest_is_what_sha256sum_prints(content: bytes) -> None:
    assert sha256_bytes(content) == hashlib.sha256(content).hexdigest()
    assert is_sha256(sha256_bytes(content))


@given(st.lists(st.binary()))
def test_however_it_is_cut_the_digest_is_the_same(pieces: list[bytes]) -> None:
    onward = HashingWriter()
    writer = HashingWriter(onward)
    for piece in pieces:
        assert writer.write(piece) == len(piece)
    whole = b"".join(pieces)
    assert (writer.sha256, writer.size) == (sha256_bytes(whole), len(whole))
    assert (onward.sha256, onward.size) == (writer.sha256, writer.size)


@given(st.text(alphabet="0123456789abcdefABCDEF\n ", max_size=70))
def test_only_64_lower_case_digits_are_a_sha256(text: str) -> None:
    assert is_sha256(text) == (len(text) == 64 and set(text) <= set("0123456789abcdef"))


@shared
@given(st.binary(max_size=2000))
def test_what_is_put_in_is_found(store: Store, content: bytes) -> None:
    path = put(store, content)
    assert path.read_bytes() == content
    assert store.find(sha256_bytes(content)) == path
    assert sha256_file(path) == sha256_bytes(content)


@shared
@given(st.binary(max_size=2000), st.binary(max_size=2000))
def test_only_the_right_bytes_are_admitted(store: Store, content: bytes, promised: bytes) -> None:
    sha256 = sha256_bytes(promised)
    known = store.find(sha256)
    with store.entering(sha256) as partial:
        partial.write_bytes(content)
        if content == promised:
            assert store.admit(partial, sha256).read_bytes() == content
        else:
            with pytest.raises(
                IntegrityError, match=f"has SHA-256 {sha256_bytes(content)}, expected {sha256}"
            ):
                store.admit(partial, sha256)
            assert store.find(sha256) == known


@shared
@given(st.binary(max_size=2000))
def test_what_was_not_pinned_is_told_its_hash(store: Store, cache: Path, content: bytes) -> None:
    sha256, path = store.add(io.BytesIO(content))
    assert sha256 == sha256_bytes(content)
    assert path.read_bytes() == content
    assert store.find(sha256) == path
    assert [left for left in (cache / "partial").iterdir() if left.suffix != ".lock"] == []


def test_what_names_of_a_kind_stand_for_is_known(store: Store, cache: Path) -> None:
    assert store.remembered("built") == set()
    for number in range(3):
        store.remember("built", f"name-{number}", f"{number // 2}" * 64)
    store.remember("git", "name", "f" * 64)
    # A process that was killed while it wrote, and a file that is none of ours.
    (cache / "names" / "built" / "name-3.123.tmp").write_text("e" * 64)
    (cache / "names" / "built" / "name-4").write_text("no hash")
    assert store.remembered("built") == {"0" * 64, "1" * 64}


def test_a_stream_that_breaks_off_leaves_nothing(store: Store, cache: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("it broke off")

    with pytest.raises(OSError, match="it broke off"):
        store.add(Broken())
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_what_was_never_put_in_is_not_found(store: Store) -> None:
    assert store.find(SHA256) is None


def test_files_are_for_this_user_and_not_to_be_written(store: Store) -> None:
    assert stat.S_IMODE(put(store, CONTENT).stat().st_mode) == 0o400


def test_another_store_in_the_same_place_finds_it(store: Store, cache: Path) -> None:
    path = put(store, CONTENT)
    assert Store(cache).find(SHA256) == path


@pytest.mark.parametrize("altered", [b"", CONTENT[:-1], CONTENT + b"!", b"S" + CONTENT[1:]])
def test_a_file_altered_behind_its_back_is_noticed(
    store: Store, capsys: pytest.CaptureFixture[str], altered: bytes
) -> None:
    path = put(store, CONTENT)
    alter(path, altered)
    assert store.find(SHA256) is None
    warning = capsys.readouterr().err
    assert warning.startswith("warning: ")
    assert f"{path} was altered" in warning
    assert not path.exists()
    assert put(store, CONTENT) == path


def test_a_partial_file_is_kept_for_the_next_who_enters(store: Store) -> None:
    with store.entering(SHA256) as partial:
        partial.write_bytes(CONTENT[:3])
    with store.entering(SHA256) as partial:
        assert partial.read_bytes() == CONTENT[:3]
    assert store.find(SHA256) is None


_ENTER = """
import sys
from pathlib import Path
from verbatim.store import Store
with Store(Path(sys.argv[1])).entering(sys.argv[2]) as partial:
    print(partial.read_text(), flush=True)
"""


def test_one_process_at_a_time_enters(store: Store, cache: Path) -> None:
    with store.entering(SHA256) as partial:
        partial.write_text("early")
        command = [sys.executable, "-c", _ENTER, str(cache), SHA256]
        waiting = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        partial.write_text("late")
    assert waiting.communicate(timeout=30)[0] == "late\n"


@pytest.mark.parametrize("name", ["", SHA256[:-1], SHA256.upper(), f"{SHA256}\n", "../" + SHA256, "../../x"])
def test_only_a_sha256_names_a_file(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.find(name)


def test_a_name_is_remembered(store: Store, cache: Path) -> None:
    path = put(store, CONTENT)
    store.remember("git", "v3.13.5", SHA256)
    assert Store(cache).recall("git", "v3.13.5") == path
    assert store.recall("git", "v3.13.6") is None
    assert store.recall("hg", "v3.13.5") is None


def test_the_last_that_was_remembered_counts(store: Store) -> None:
    put(store, CONTENT)
    other = put(store, b"others")
    store.remember("git", "main", SHA256)
    store.remember("git", "main", sha256_bytes(b"others"))
    assert store.recall("git", "main") == other


def test_a_name_whose_file_is_gone_or_altered_is_forgotten(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.remember("git", "main", SHA256)
    assert store.recall("git", "main") is None
    alter(put(store, CONTENT), b"altered")
    assert store.recall("git", "main") is None
    assert "was altered" in capsys.readouterr().err


@pytest.mark.parametrize(
    "note", [b"", b"nonsense", b"../../etc/passwd", b"\xff\xfe", SHA256.encode() + b"\n"]
)
def test_a_damaged_note_is_no_note(store: Store, cache: Path, note: bytes) -> None:
    put(store, CONTENT)
    store.remember("git", "main", SHA256)
    (written,) = (path for path in cache.rglob("main") if path.is_file())
    written.write_bytes(note)
    assert store.recall("git", "main") is None


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../a", "a\n", "a\0b", "-x"])
def test_names_that_could_lead_elsewhere_are_refused(store: Store, cache: Path, name: str) -> None:
    before = sorted(cache.rglob("*"))
    for kind, what in (("git", name), (name, "main")):
        with pytest.raises(ValueError, match="not a name"):
            store.remember(kind, what, SHA256)
        with pytest.raises(ValueError, match="not a name"):
            store.recall(kind, what)
    assert sorted(cache.rglob("*")) == before


def test_it_can_be_made_where_it_is_already(store: Store, cache: Path) -> None:
    path = put(store, CONTENT)
    os.utime(path, (0, 0))
    assert Store(cache).find(SHA256) == path
    assert path.stat().st_mtime == 0
