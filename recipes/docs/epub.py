"""Sphinx, whose own zip archive (of the EPUB) gets no times and modes of files: epub.py SPHINX-OPTION ...

It packs right after writing, so there is no moment in which the files themselves could be given others; and those that
it copies may be from before 1980, which it would refuse.
"""

import sys
from pathlib import Path
from zipfile import ZipInfo

# With -P, the script's own folder is not searched.
sys.path.append(str(Path(__file__).parent))

from sphinx.cmd.build import main
from zipped import ATTRIBUTES, TIME


def _from_file(path: str, name: str, **_: bool) -> ZipInfo:
    """In place of `ZipInfo.from_file`, for plain files."""
    info = ZipInfo(name, TIME)
    info.external_attr = ATTRIBUTES
    info.file_size = Path(path).stat().st_size
    return info


ZipInfo.from_file = _from_file
sys.exit(main(sys.argv[1:]))
