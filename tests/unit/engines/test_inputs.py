"""What goes into an engine."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbatim.engines.inputs import write_inputs
from verbatim.errors import IntegrityError


def _archive(inputs: Mapping[str, Path]) -> tarfile.TarFile:
    written = io.BytesIO()
    write_inputs(inputs, written)
    return tarfile.open(fileobj=io.BytesIO(written.getvalue()))


def test_inputs_keep_modes_times_links_and_contents_and_belong_to_the_build(tmp_path: Path) -> None:
    top = tmp_path / "somewhere"
    (top / "folder").mkdir(parents=True)
    (top / "folder" / "größer").write_bytes(b"content")
    (top / "secret").write_bytes(b"secret")
    (top / "secret").chmod(0o400)
    (top / "link").symlink_to("../nowhere")
    (top / ("long" * 50)).touch(mode=0o755)
    (top / "folder").chmod(0o500)
    for number, path in enumerate(sorted(top.rglob("*"))):
        os.utime(path, (number, number), follow_symlinks=False)
    with _archive({"b/c/source": top, "b/file": top / "secret", "a": top / "secret"}) as tar:
        members = {member.name: member for member in tar}
        assert list(members) == [
            *("a", "b", "b/c", "b/c/source", "b/c/source/folder", "b/c/source/folder/größer"),
            *("b/c/source/link", f"b/c/source/{'long' * 50}", "b/c/source/secret", "b/file"),
        ]
        assert {(member.uid, member.gid, member.uname, member.gname) for member in tar} == {
            (1000, 1000, "", "")
        }
        for path in top.rglob("*"):
            member, status = members[f"b/c/source/{path.relative_to(top)}"], path.lstat()
            assert (member.mode, member.mtime) == (stat.S_IMODE(status.st_mode), int(status.st_mtime))
        assert members["b/c/source/link"].linkname == "../nowhere"
        assert (members["b/c"].isdir(), members["b/c"].mode) == (True, 0o755)
        content = tar.extractfile(members["b/file"])
        assert content is not None
        assert content.read() == b"secret"


_NAMES = st.binary(min_size=1, max_size=30).filter(
    lambda name: name not in (b".", b"..") and not {0, 0x2F} & set(name)
)


@given(files=st.dictionaries(_NAMES, st.binary(max_size=2000), max_size=5))
def test_any_names_and_contents_go_in(
    files: dict[bytes, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("inputs")
    for name, content in files.items():
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:
            file.write(content)
    with _archive({"it": folder}) as tar:
        found = {}
        for member in tar.getmembers()[1:]:
            opened = tar.extractfile(member)
            assert opened is not None
            found[member.name.encode("utf-8", "surrogateescape")] = opened.read()
    assert found == {b"it/" + name: content for name, content in files.items()}


def test_devices_and_their_like_do_not_go_in(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IntegrityError, match="pipe is neither a file, a folder nor a link; remove it"):
        write_inputs({"it": tmp_path}, io.BytesIO())
