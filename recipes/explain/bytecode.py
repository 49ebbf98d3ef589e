"""Say what a .pyc holds: bytecode.py FILE. A process of its own, since marshal does not survive all that it may be given."""

from __future__ import annotations

import dis
import hashlib
import importlib.util
import io
import marshal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import IO

# With -I, the script's own folder is not searched.
sys.path.append(str(Path(__file__).parent))

from layouts import layout_of
from listing import listing
from marshalled import read_code


def describe(file: IO[bytes]) -> Iterator[str]:
    """The header of PEP 552, and the code, in lines. Raises ValueError if it is not that."""
    header, stored = file.read(16), file.read()
    if len(header) < 16:
        raise ValueError("it is shorter than its header")
    flags = int.from_bytes(header[4:8], "little")
    yield f"magic: {header[:4].hex()}"
    yield f"flags: {flags}"
    if flags & 1:
        yield f"source: hash {header[8:].hex()}"
    else:
        seconds = int.from_bytes(header[8:12], "little")
        yield f"source: time {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}"
        yield f"source: {int.from_bytes(header[12:], 'little')} bytes"
    sha256 = hashlib.sha256(stored).hexdigest()
    layout = layout_of(header[:4])
    if layout is None:
        yield f"code: stored {sha256}, of a Python that is not read"
        return
    read = read_code(stored, layout)
    yield f"code: stored {sha256}, {len(stored)} bytes, plain {read.digest.hex()}"
    if header[:4] != importlib.util.MAGIC_NUMBER:
        yield from listing(read)
        return
    code = marshal.loads(stored)  # noqa: S302 - in the sandbox, and seen to be what marshal writes
    if not isinstance(code, CodeType):
        raise TypeError("it holds no code")
    yield from _listing(code)


def _listing(code: CodeType) -> Iterator[str]:
    yield f"{code.co_qualname}, line {code.co_firstlineno} of {code.co_filename}"
    text = io.StringIO()
    # Constants that are code would be told by their address.
    dis.dis(code.replace(co_consts=tuple(_told(each) for each in code.co_consts)), file=text, depth=0)
    yield from text.getvalue().splitlines()
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _listing(each)


def _told(constant: object) -> object:
    return f"code of {constant.co_qualname}" if isinstance(constant, CodeType) else constant


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as pyc:
        sys.stdout.buffer.writelines(f"{line}\n".encode("utf-8", "replace") for line in describe(pyc))
