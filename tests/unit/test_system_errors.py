"""Errors of the operating system: the world's and the user's are told, those of a mistake in Verbatim are not hidden."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from verbatim.errors import CapabilityError, NetworkError, VerbatimError
from verbatim.paths import cache_directory
from verbatim.scratch import scratch
from verbatim.system_errors import as_verbatim_error

_GIVEN = "/home/user/output"
_ERRNOS = st.sampled_from(sorted(errno.errorcode))


def failed(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_wherever_it_is_met(number: int) -> None:
    refusal = as_verbatim_error(failed(number), [])
    assert isinstance(refusal, CapabilityError)
    assert refusal.remedy.startswith("free some space")


@pytest.mark.parametrize(
    "number",
    [errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENOMEM, errno.ENAMETOOLONG],
    ids=os.strerror,
)
def test_what_the_machine_refuses_is_its_own_wherever_that_is(number: int) -> None:
    refusal = as_verbatim_error(failed(number, "/somewhere/else"), [])
    assert isinstance(refusal, CapabilityError)
    assert refusal.message == f"{os.strerror(number)}: /somewhere/else"


@pytest.mark.parametrize("path", [_GIVEN, f"{_GIVEN}/policy.toml", "/home/user"])
@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST], ids=os.strerror)
def test_a_path_that_the_user_named_is_the_users(number: int, path: str) -> None:
    assert isinstance(as_verbatim_error(failed(number, path), ["3.13.5", 4, None, _GIVEN]), CapabilityError)


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST], ids=os.strerror)
def test_another_path_is_ours(number: int) -> None:
    assert as_verbatim_error(failed(number, "/somewhere/else"), [_GIVEN]) is None
    assert as_verbatim_error(failed(number, f"{_GIVEN}-beside"), [_GIVEN]) is None


def test_a_working_folder_is_ours_though_it_lies_in_the_users(tmp_path: Path) -> None:
    with scratch(tmp_path) as work, pytest.raises(FileNotFoundError) as caught:
        (work / "missing" / "file").write_text("something")
    assert as_verbatim_error(caught.value, [str(tmp_path)]) is None


def test_of_the_cache_only_the_folder_itself_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERBATIM_CACHE", str(tmp_path))
    assert as_verbatim_error(failed(errno.ENOTDIR, str(tmp_path)), []) is not None
    assert as_verbatim_error(failed(errno.ENOENT, str(tmp_path / "work")), []) is None


def test_the_usual_cache_is_the_users_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VERBATIM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(NotADirectoryError) as caught:
        cache_directory()
    assert isinstance(as_verbatim_error(caught.value, []), CapabilityError)


def test_a_current_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir("gone")
    os.rmdir(tmp_path / "gone")
    with pytest.raises(FileNotFoundError) as caught:
        os.getcwd()
    refusal = as_verbatim_error(caught.value, ["dist"])
    assert isinstance(refusal, CapabilityError)
    assert "current folder" in refusal.remedy
    assert as_verbatim_error(failed(errno.ENOENT, "dist/file"), ["dist"]) is not None


def test_what_the_kernel_shows_is_of_the_machine() -> None:
    assert isinstance(as_verbatim_error(failed(errno.ENOENT, "/proc/self/mountinfo"), []), CapabilityError)


def test_a_program_that_is_not_there_is_named() -> None:
    refusal = as_verbatim_error(failed(errno.ENOENT, "no-such-program"), [])
    assert isinstance(refusal, CapabilityError)
    assert "there is no program no-such-program on this machine" in str(refusal)


@pytest.mark.parametrize("number", [errno.EBADF, errno.ECHILD, errno.ENOTSOCK, errno.ESPIPE], ids=os.strerror)
def test_what_no_machine_refuses_is_a_mistake(number: int) -> None:
    assert as_verbatim_error(failed(number, _GIVEN), [_GIVEN]) is None


def test_an_error_without_a_number_is_a_mistake() -> None:
    assert as_verbatim_error(OSError("out of order"), [_GIVEN]) is None
    assert as_verbatim_error(failed(errno.EINVAL), [_GIVEN]) is None


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "reset"),
        TimeoutError("timed out"),
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        ssl.SSLCertVerificationError("self-signed"),
        failed(errno.ENETUNREACH),
        requests.ConnectionError("https://user:secret@host.example/?token=secret: refused"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_network_is_told_from_the_disk_and_no_secret_is_shown(error: OSError) -> None:
    refusal = as_verbatim_error(error, [])
    assert isinstance(refusal, NetworkError)
    assert "secret" not in str(refusal)


@given(number=_ERRNOS, path=st.none() | st.text(min_size=1), named=st.lists(st.text() | st.integers()))
def test_whatever_the_error_it_is_told_or_left(number: int, path: str | None, named: list[object]) -> None:
    found = as_verbatim_error(failed(number, path), named)
    assert found is None or isinstance(found, VerbatimError)
    # More paths named never make a mistake of ours out of the user's.
    if found is not None and number != errno.ENOENT:
        assert as_verbatim_error(failed(number, path), [*named, _GIVEN]) is not None
