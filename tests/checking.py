"""Folders of attestations, checked by their own policy on one day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.rebuilders import RELEASE
from verbatim.commands.check import ReleaseChecked, Trust, check_release
from verbatim.release import Release

TODAY = date(2026, 11, 25)


def checked(folder: Path, *, release: Release = RELEASE) -> ReleaseChecked:
    """What comes of checking a folder by its own policy."""
    return check_release(release, folder, Trust.load(folder / "policy.toml", None), today=TODAY)
