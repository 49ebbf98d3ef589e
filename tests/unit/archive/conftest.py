"""A place to unpack into."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.archives import Member, contents, tar
from verbatim.archive.members import UnsafeMemberError
from verbatim.archive.unpack import Unpacker


@dataclass(frozen=True)
class Place:
    """A folder to unpack into, deep enough that what gets out of it is still seen."""

    top: Path

    @classmethod
    def below(cls, top: Path) -> Place:
        place = cls(top)
        place.folder.mkdir(parents=True)
        (place.outside / "sentinel").write_text("untouched")
        return place

    @property
    def outside(self) -> Path:
        return self.top / "outside"

    @property
    def folder(self) -> Path:
        return self.outside / "in" / "folder"

    def unpack(self, *archives: bytes, root: bool = False) -> Unpacker:
        unpacker = Unpacker(self.folder, root_file_system=root)
        for number, archive in enumerate(archives):
            unpacker.tar(f"archive {number}", io.BytesIO(archive))
        unpacker.finish()
        return unpacker

    def refuses(self, *members: Member, root: bool = False) -> UnsafeMemberError:
        with pytest.raises(UnsafeMemberError) as caught:
            self.unpack(tar(*members), root=root)
        self.see_nothing_outside()
        return caught.value

    def see_nothing_outside(self) -> None:
        assert (self.outside / "sentinel").read_text() == "untouched"
        found = {path for path in self.top.rglob("*") if self.folder not in path.parents}
        assert found == {self.outside, self.outside / "sentinel", self.folder.parent, self.folder}

    def names(self) -> set[str]:
        return {name.decode() for name in contents(self.folder)}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.below(tmp_path / "top")
