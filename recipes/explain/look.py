"""Run diffoscope, so that its report says more clearly what it is about.

What is inside another file gets the mark `member:`, since an archive may hold a file that is called as one of
diffoscope's own views, `file list` for instance. And byte-code is told by its contents, too: diffoscope
itself shows no more than the header and the size.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from diffoscope.comparators import python
from diffoscope.comparators.elf import ElfContainer
from diffoscope.comparators.utils.container import Container
from diffoscope.main import main

_compare = Container.compare


def _compare_marked(container: Container, *arguments: Any, **options: Any) -> Iterator[Any]:
    for difference in _compare(container, *arguments, **options):
        # A section is shown by a view of its own.
        if not isinstance(container, ElfContainer):
            difference._source1 = f"member:{difference._source1}"
        yield difference


def _describe_pyc(filename: str) -> str:
    """What a .pyc says; raises ValueError, which diffoscope expects, if it cannot be read."""
    command = [sys.executable, "-I", "/in/recipe/bytecode.py", filename]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired as error:
        raise ValueError("it takes too long to read") from error
    if done.returncode != 0:
        complaint = done.stderr.decode("utf-8", "replace").rpartition(": ")[2].strip()
        raise ValueError(complaint or "Python crashed")
    return done.stdout.decode("utf-8", "replace")


Container.compare = _compare_marked
python.describe_pyc = _describe_pyc
main()
