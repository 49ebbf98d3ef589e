"""The one careful way to unpack an archive, for source tarballs, Debian packages and wheels.

It never writes through a link, never over what exists, never outside its folder (see `Writer`), and takes
neither owners nor set-id bits from the archive. Names are handled as UTF-8 bytes, whatever the locale. A hard link
becomes a file of its own, so that engines which cannot take links get the same tree.
"""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

from verbatim.archive.containers import Readable
from verbatim.archive.limits import ArchiveLimits
from verbatim.archive.members import UnsafeMemberError, check_link, member_parts
from verbatim.archive.read import reading
from verbatim.archive.tar import TarReader
from verbatim.archive.tar_member import TarMember
from verbatim.archive.writer import Parts, Writer
from verbatim.archive.zip import ZipReader

_MERGED_INTO_USR = frozenset(("bin", "lib", "lib64", "sbin"))


def unpack_file(archive: Path, folder: Path) -> None:
    """Unpack one tar archive, compressed or not, into an empty folder; raises as `Unpacker.tar` does."""
    unpacker = Unpacker(folder)
    with archive.open("rb") as file:
        unpacker.tar(archive.name, file)
    unpacker.finish()


class Unpacker:
    """Unpacks archives into one folder, which must be empty and private to this user.

    In a ``root_file_system``, ``/bin``, ``/lib``, ``/lib64`` and ``/sbin`` are folders of ``/usr`` (Debian's
    merged /usr), links may be absolute, and a folder may come in several archives. Several threads may
    unpack into it at once. Call `finish` after the last archive. Hard links become files of their own; without
    ``hard_links`` they are refused.
    """

    def __init__(self, folder: Path, *, root_file_system: bool = False, hard_links: bool = True) -> None:
        self._writer = Writer(folder)
        self._root_file_system = root_file_system
        self._hard_links = hard_links
        self._lock = threading.Lock()
        self._kinds: dict[Parts, str] = {(): "directory"}
        self._modes: dict[Parts, int] = {}
        #: Which archive each file is from.
        self._origins: dict[Parts, str] = {}
        self._together = ArchiveLimits.together(f"what is unpacked into {folder.name}")
        #: The newest modification time met, in seconds since 1970.
        self.newest = 0

    def tar(self, archive: str, stream: Readable, *, shares: bool = False) -> None:
        """Unpack a tar archive, compressed or not, read in one pass.

        ``archive`` is the name for messages. Raises IntegrityError if the archive is damaged, holds what
        no honest one does, or has two members at one path. One that ``shares`` may have what is already unpacked,
        if both are the same: as Debian's packages of several architectures do (Multi-Arch: same).
        """
        with reading(archive, stream) as tar:
            for member in tar:
                with self._lock:
                    self._together.member(member.name, member.size)
                self._tar_member(archive, tar, member, shares)

    def wheel(self, archive: str, path: Path, below: Parts) -> None:
        """Unpack a wheel's modules below a folder (PEP 427).

        Wheels with a ``.data`` folder would need an installer, and are refused.
        """
        limits = ArchiveLimits(archive)
        with path.open("rb") as file:
            for member, content in ZipReader(archive, file, limits).contents():
                limits.member(member.name, member.central.size)
                with self._lock:
                    self._together.member(member.name, member.central.size)
                if member.kind == "folder":
                    continue
                if member.kind != "file":
                    raise UnsafeMemberError(archive, member.name, "is not a regular file")
                if member.parts[0].endswith(".data"):
                    raise UnsafeMemberError(
                        archive, member.name, "needs an installer, and wheels are only unpacked here"
                    )
                self._file(archive, below + member.parts, 0o644, content)

    def finish(self) -> None:
        """Set the modes of the folders, which had to be writable until now."""
        for parts, mode in sorted(self._modes.items(), reverse=True):
            self._writer.set_mode(parts, mode)

    def _tar_member(self, archive: str, tar: TarReader, member: TarMember, shares: bool) -> None:
        if member.foreign:
            raise UnsafeMemberError(archive, member.name, f"has the headers {', '.join(member.foreign)}")
        parts = self._placed(member.parts)
        self.newest = max(self.newest, int(member.time))
        if member.kind == "folder":
            self._directory(archive, parts, member.mode)
        elif member.kind == "file":
            if not (shares and self._is_there(archive, parts, member, tar)):
                self._file(archive, parts, member.mode, tar)
        elif member.kind == "link":
            if not (shares and self._is_there(archive, parts, member)):
                self._symbolic_link(archive, parts, member.target)
        elif member.kind == "hard link" and self._hard_links:
            self._hard_link(archive, parts, self._placed(member_parts(archive, member.target)))
        else:
            raise UnsafeMemberError(
                archive, member.name, f"is a {member.kind}, expected a file, a folder or a link"
            )

    def _placed(self, parts: Parts) -> Parts:
        if self._root_file_system and len(parts) > 1 and parts[0] in _MERGED_INTO_USR:
            return ("usr", *parts)
        return parts

    def _directory(self, archive: str, parts: Parts, mode: int) -> None:
        if not parts or (self._root_file_system and parts[0] in _MERGED_INTO_USR):
            return
        with self._lock:
            known = self._kinds.get(parts)
            if (
                known is not None
                and not (self._root_file_system and known == "directory")
                and known != "implied"
            ):
                raise UnsafeMemberError(archive, "/".join(parts), f"appears twice (the first is a {known})")
            self._parents(archive, parts)
            if known is None:
                self._writer.make_folder(parts)
            # A folder that its owner cannot enter could be neither read nor removed.
            plain = _plain(mode) | 0o700
            # Where packages disagree, their order must not matter.
            self._modes[parts] = plain & self._modes[parts] if known == "directory" else plain
            self._kinds[parts] = "directory"

    def _file(self, archive: str, parts: Parts, mode: int, content: Readable) -> None:
        self._claim(archive, parts, "file")
        self._writer.write(parts, content, _plain(mode) | 0o400)
        self._origins[parts] = archive

    def _symbolic_link(self, archive: str, parts: Parts, target: str) -> None:
        check_link(archive, parts, target, absolute=self._root_file_system)
        if self._root_file_system and len(parts) == 1 and target == f"usr/{parts[0]}":
            return
        self._claim(archive, parts, "link")
        self._writer.link(parts, target)

    def _hard_link(self, archive: str, parts: Parts, target: Parts) -> None:
        # What another archive brings may not be whole yet.
        if self._origins.get(target) != archive:
            raise UnsafeMemberError(
                archive,
                "/".join(parts),
                f"is a hard link to {'/'.join(target)!r}, which is not a file before it",
            )
        with self._writer.reading(target) as content:
            status = os.fstat(content.fileno())
            # It takes as much space as a file: a few blocks of links could otherwise fill a disk.
            with self._lock:
                self._together.member("/".join(parts), status.st_size)
            self._file(archive, parts, stat.S_IMODE(status.st_mode), content)

    def _is_there(
        self, archive: str, parts: Parts, member: TarMember, content: Readable | None = None
    ) -> bool:
        """Whether that very file or link exists already; raises UnsafeMemberError if something else does."""
        kind = self._kinds.get(parts)
        if kind is None:
            return False
        if content is None:
            same = kind == "link" and self._writer.target(parts) == member.target.encode()
        else:
            same = kind == "file" and self._is_same_file(parts, member.mode, content)
        if not same:
            raise UnsafeMemberError(archive, "/".join(parts), "appears twice, and not the same")
        return True

    def _claim(self, archive: str, parts: Parts, kind: str) -> None:
        """Reserve a path, which must be new, and make the folders above it."""
        name = "/".join(parts)
        with self._lock:
            if parts in self._kinds:
                raise UnsafeMemberError(archive, name, f"appears twice (the first is a {self._kinds[parts]})")
            self._parents(archive, parts)
            self._kinds[parts] = kind

    def _parents(self, archive: str, parts: Parts) -> None:
        for length in range(1, len(parts)):
            parent = parts[:length]
            kind = self._kinds.get(parent)
            if kind is None:
                self._writer.make_folder(parent)
                self._kinds[parent] = "implied"
                self._modes[parent] = 0o755
            elif kind not in ("directory", "implied"):
                raise UnsafeMemberError(
                    archive, "/".join(parts), f"lies below {'/'.join(parent)!r}, which is a {kind}"
                )

    def _is_same_file(self, parts: Parts, mode: int, content: Readable) -> bool:
        with self._writer.reading(parts) as file:
            same = stat.S_IMODE(os.fstat(file.fileno()).st_mode) == _plain(mode) | 0o400
            while same and (piece := content.read(1 << 18)):
                same = file.read(len(piece)) == piece
            return same and not file.read(1)


def _plain(mode: int) -> int:
    """The permission bits, without set-id and sticky bits."""
    return mode & 0o777
