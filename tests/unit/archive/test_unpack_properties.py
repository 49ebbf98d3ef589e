"""Unpacking whatever archives: it stays inside, and an honest tree comes out as it was."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.archives import COMPRESSIONS, TIME, Member, contents, folder, link, tar
from tests.unit.archive.conftest import Place
from verbatim.archive.canonical import write_tree
from verbatim.archive.members import UnsafeMemberError
from verbatim.archive.unpack import Unpacker

pieces = st.sampled_from(["a", "b", "c", "bin", "usr", "ä", "..", ".", "", "\n", "@"])
hostile_targets = st.lists(pieces, min_size=1, max_size=4).map("/".join)
# A name that starts at the root must do no harm where the test fails: it starts at "@", which is a folder of ours.
hostile_names = hostile_targets.filter(lambda name: not name.startswith("/"))
kinds = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)
hostile_members = st.builds(
    Member, hostile_names, st.just(b""), kinds, hostile_targets, st.integers(0, 0o7777), st.integers(0, TIME)
)


@given(st.lists(hostile_members, max_size=8), st.booleans())
@example([folder("a"), link("a/b", ".."), link("c", "a/b/..")], False)
@settings(deadline=None)
def test_whatever_is_unpacked_stays_inside(members: list[Member], root: bool) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        place = Place.below(Path(temporary).resolve() / "top")
        named = [
            replace(
                member,
                name=member.name.replace("@", str(place.outside)),
                target=member.target.replace("@", str(place.outside)),
            )
            for member in members
        ]
        with suppress(UnsafeMemberError):
            place.unpack(tar(*named), root=root)
        place.see_nothing_outside()
        for name, (mode, _) in contents(place.folder).items():
            path = os.path.join(os.fsencode(place.folder), name)
            if stat.S_ISLNK(mode) and not root:
                resolved = Path(os.fsdecode(os.path.realpath(path)))
                assert place.folder in (resolved, *resolved.parents)


honest_names = st.text(
    st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S"], exclude_characters="/\\"),
    min_size=1,
    max_size=8,
).filter(lambda name: name not in (".", ".."))
honest_files = st.tuples(st.binary(max_size=600), st.integers(0, 0o777).map(lambda mode: mode | 0o400))
honest_links = st.lists(honest_names, min_size=1, max_size=3).map("/".join)
#: A file's content and mode, a link's target, or what is in a folder.
Tree = dict[str, "tuple[bytes, int] | str | Tree"]
honest_trees: st.SearchStrategy[Tree] = st.recursive(
    st.dictionaries(honest_names, honest_files | honest_links, max_size=4),
    lambda below: st.dictionaries(honest_names, honest_files | honest_links | below, max_size=4),
    max_leaves=8,
)


def lay_out(tree: Tree, at: Path) -> None:
    for name, entry in tree.items():
        path = at / name
        if isinstance(entry, str):
            path.symlink_to(entry)
        elif isinstance(entry, tuple):
            path.write_bytes(entry[0])
            path.chmod(entry[1])
        else:
            path.mkdir()
            lay_out(entry, path)
            path.chmod(0o755)


@given(honest_trees, st.sampled_from(list(COMPRESSIONS)), st.booleans())
@settings(deadline=None, max_examples=60)
def test_a_canonical_tar_unpacks_to_the_tree_that_it_was_made_of(
    tree: Tree, compression: str, root: bool
) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        original, again = Path(temporary) / "original", Path(temporary) / "again"
        original.mkdir()
        again.mkdir()
        # In a root file system, what is called bin or lib would come out below usr.
        lay_out({f"_{name}": entry for name, entry in tree.items()}, original)
        archive = io.BytesIO()
        written = write_tree(original, TIME, archive)
        unpacker = Unpacker(again, root_file_system=root)
        unpacker.tar("an archive", io.BytesIO(COMPRESSIONS[compression](archive.getvalue())))
        unpacker.finish()
        assert contents(again) == contents(original)
        assert write_tree(again, TIME).sha256 == written.sha256
