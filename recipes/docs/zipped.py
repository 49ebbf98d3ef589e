"""Packs a folder into a zip archive that is a function of its files' names and contents: zipped.py FOLDER ARCHIVE.

The folder's own name is at the top. As a module, it has the time and mode that a member gets.
"""

import os
import sys
import time
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

#: No member is older or newer than the release's commit, and none is for its owner alone.
TIME = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
ATTRIBUTES = 0o100644 << 16


def main() -> None:
    """Do what the arguments say."""
    folder, archive = map(Path, sys.argv[1:])
    with ZipFile(archive, "x", ZIP_DEFLATED, compresslevel=9) as zipped:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = ZipInfo(str(path.relative_to(folder.parent)), TIME)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = ATTRIBUTES
            zipped.writestr(info, path.read_bytes())


if __name__ == "__main__":
    main()
