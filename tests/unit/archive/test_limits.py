"""What one archive may take of this machine, and which limit a refusal names."""

from __future__ import annotations

import pytest

from verbatim.archive.limits import MOST_BYTES, MOST_BYTES_TOGETHER, MOST_SECONDS, ArchiveLimits
from verbatim.archive.members import UnsafeMemberError
from verbatim.errors import IntegrityError


def test_announced_bytes_are_refused_before_they_are_read() -> None:
    limits = ArchiveLimits("an archive")
    limits.member("a", MOST_BYTES)
    with pytest.raises(
        UnsafeMemberError, match="an archive: the member 'b' makes the archive larger than 4 GiB"
    ):
        limits.member("b", 1)


def test_bytes_that_nobody_announced_are_refused() -> None:
    limits = ArchiveLimits("an archive", most_bytes=1000)
    limits.piece(1000)
    with pytest.raises(IntegrityError, match="an archive is larger than 1000 bytes"):
        limits.piece(1)


def test_members_are_counted() -> None:
    limits = ArchiveLimits("an archive", most_members=2)
    limits.member("a", 0)
    limits.member("b", 0)
    with pytest.raises(UnsafeMemberError, match="'c' is one more than 2 members"):
        limits.member("c", 0)


def test_time_is_limited() -> None:
    now = 0.0
    limits = ArchiveLimits("an archive", clock=lambda: now)
    now = MOST_SECONDS
    limits.piece(1)
    now += 1
    with pytest.raises(IntegrityError, match="an archive takes longer than 900 seconds to read"):
        limits.piece(1)


def test_several_archives_may_take_more_together() -> None:
    limits = ArchiveLimits.together("an environment")
    limits.member("a", MOST_BYTES_TOGETHER)
    with pytest.raises(UnsafeMemberError, match="larger than 16 GiB"):
        limits.member("b", 1)
