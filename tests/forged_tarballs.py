"""A release tarball in which two readers see two things."""

from __future__ import annotations

import io
import tarfile

from tests.archives import tar
from tests.honest_release import MEMBERS, TOP
from tests.raw_tars import END, extended, header, member, padded

HONEST = tar(*MEMBERS)


def forged() -> bytes:
    """The honest members, and a back door that only readers see which go by the last of two extended headers.

    Those that go by the first take what hides it for a comment.
    """
    with tarfile.open(fileobj=io.BytesIO(HONEST)) as honest:
        *_, before, last = honest.getmembers()
    backdoor, more = b"# A module.\nimport subprocess\n", b"smuggled\n"
    hidden = member(f"{TOP}/Lib/os.py".encode(), backdoor)
    # What fills the comment's last block fills this one's as well.
    hidden += header(f"{TOP}/Lib/sitecustomize.py".encode(), len(more)) + more
    size = 512 + len(hidden)
    comment = (b"%d comment=" % size).ljust(512, b"-") + hidden
    content = HONEST[last.offset_data : last.offset_data + last.size]
    return b"".join(
        (
            HONEST[: before.offset],
            extended((b"size", b"%d" % last.size)),
            extended((b"size", b"%d" % (512 + 512 + 512))),
            HONEST[last.offset : last.offset_data],
            padded(content),
            extended(comment),
            HONEST[before.offset : last.offset],
            END,
        )
    )
