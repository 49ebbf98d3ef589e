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
from types import CodeType
from typing import IO


def describe(file: IO[bytes]) -> Iterator[str]:
    """The header of PEP 552, and the code, in lines. Raises what marshal does if it is none."""
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
    if header[:4] != importlib.util.MAGIC_NUMBER:
        yield f"code: stored {sha256}, of another Python, not read"
        return
    content = io.BytesIO(stored)
    code = marshal.load(content)  # noqa: S302 - in the sandbox
    if not isinstance(code, CodeType):
        raise TypeError("it holds no code")
    if behind := content.read():
        raise ValueError(f"there are {len(behind)} bytes behind the code")
    # Before version 3, the format has no references.
    plain = hashlib.sha256(marshal.dumps(_without_paths(code), 2)).hexdigest()
    yield f"code: stored {sha256}, {len(stored)} bytes, plain {plain}"
    yield from _listing(code)


def _without_paths(code: CodeType) -> CodeType:
    constants = tuple(_without_paths(each) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_filename="", co_consts=constants)


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


with open(sys.argv[1], "rb") as pyc:
    sys.stdout.buffer.writelines(f"{line}\n".encode("utf-8", "replace") for line in describe(pyc))
