"""Zip archives that are a function of their members' contents and names.

    zipped.py folder FOLDER ARCHIVE    pack a folder, with its own name at the top
    zipped.py again FORMER ARCHIVE     pack an archive anew, its members in their order

The second is for EPUB, which Sphinx packs itself, with the times and modes of its files: there is nothing to set them
with before. Its first member is not compressed (OCF 3.3, section 4.3), and so stays.
"""

import os
import sys
import time
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_TIME = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]


def _add(archive: ZipFile, name: str, content: bytes, compression: int) -> None:
    info = ZipInfo(name, _TIME)
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    info.compress_type = compression
    archive.writestr(info, content, compresslevel=9)


def main() -> None:
    """Do what the arguments say."""
    _, what, given, wanted = sys.argv
    with ZipFile(wanted, "x") as archive:
        if what == "folder":
            folder = Path(given)
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                _add(archive, str(path.relative_to(folder.parent)), path.read_bytes(), ZIP_DEFLATED)
        else:
            with ZipFile(given) as former:
                for info in former.infolist():
                    _add(archive, info.filename, former.read(info), info.compress_type)


main()
