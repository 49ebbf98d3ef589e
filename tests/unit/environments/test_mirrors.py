"""Mirrors of Debian's archive: which are asked, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.environments.demo import SNAPSHOT
from verbatim.environments.mirrors import SNAPSHOT_ARCHIVE, debian_urls

pytestmark = pytest.mark.usefixtures("only_this_mirror")


def fake_apt(programs: Path, *uris: str) -> None:
    """An ``apt-get`` that would update from these places."""
    lines = "".join(f"echo \"'{uri}' example.invalid_dists_trixie_InRelease 0\"\n" for uri in uris)
    programs.mkdir()
    (programs / "apt-get").write_text(f'#!/bin/sh\n[ "$*" = "update --print-uris" ] || exit 1\n{lines}')
    (programs / "apt-get").chmod(0o755)


def test_the_users_mirrors_come_first_and_the_snapshot_archive_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "VERBATIM_DEBIAN_MIRROR", " https://one.example.invalid/debian/  http://two.example.invalid "
    )
    fake_apt(
        tmp_path / "programs",
        "http://apt.example.invalid/debian/dists/trixie/InRelease",
        "http://apt.example.invalid/debian/dists/trixie-updates/InRelease",
        "https://user@security.example.invalid/debian-security//dists/trixie-security/InRelease",
        "http://two.example.invalid/dists/trixie/InRelease",
        "file:/srv/mirror/dists/trixie/InRelease",
    )
    mirrors_in_order = [
        "https://one.example.invalid/debian",
        "http://two.example.invalid",
        "http://apt.example.invalid/debian",
        "https://user@security.example.invalid/debian-security",
    ]
    assert debian_urls("pool/x.deb") == tuple(f"{base}/pool/x.deb" for base in mirrors_in_order)
    with_snapshot = debian_urls("pool/x.deb", SNAPSHOT)
    assert with_snapshot[:-1] == debian_urls("pool/x.deb")
    assert with_snapshot[-1] == f"{SNAPSHOT_ARCHIVE}/{SNAPSHOT}/pool/x.deb"


def test_without_apt_and_without_a_mirror_there_is_the_snapshot_archive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VERBATIM_DEBIAN_MIRROR")
    assert debian_urls("pool/x.deb") == ()
    assert debian_urls("pool/a+b~1.deb", SNAPSHOT) == (f"{SNAPSHOT_ARCHIVE}/{SNAPSHOT}/pool/a%2Bb~1.deb",)
