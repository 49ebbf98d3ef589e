"""How the Pythons that are read here lay out code in marshalled data."""

from __future__ import annotations

from collections.abc import Mapping

#: The fields of code in their order, and their types.
_BEFORE_3_11 = {
    **dict.fromkeys(
        ("argcount", "posonlyargcount", "kwonlyargcount", "nlocals", "stacksize", "flags"), "int"
    ),
    "code": "bytes",
    **dict.fromkeys(("consts", "names", "varnames", "freevars", "cellvars"), "tuple"),
    **dict.fromkeys(("filename", "name"), "text"),
    "firstlineno": "int",
    "linetable": "bytes",
}
SINCE_3_11 = {
    **dict.fromkeys(("argcount", "posonlyargcount", "kwonlyargcount", "stacksize", "flags"), "int"),
    "code": "bytes",
    **dict.fromkeys(("consts", "names", "localsplusnames"), "tuple"),
    "localspluskinds": "bytes",
    **dict.fromkeys(("filename", "name", "qualname"), "text"),
    "firstlineno": "int",
    **dict.fromkeys(("linetable", "exceptiontable"), "bytes"),
}
Layout = Mapping[str, str]
#: By magic numbers (Include/internal/pycore_magic_number.h): those of releases, and of the versions before them.
_LAYOUTS: Mapping[range, Layout] = {
    range(3430, 3440): _BEFORE_3_11,  # 3.10
    range(3495, 3496): SINCE_3_11,  # 3.11
    range(3531, 3532): SINCE_3_11,  # 3.12
    range(3571, 3572): SINCE_3_11,  # 3.13
    range(3627, 3628): SINCE_3_11,  # 3.14
    range(3650, 3700): SINCE_3_11,  # 3.15
}


def layout_of(magic: bytes) -> Layout | None:
    """The fields of code in a .pyc with this magic; None if it is of a Python that is not read here."""
    if magic[2:] != b"\r\n":
        return None
    number = int.from_bytes(magic[:2], "little")
    return next((layout for numbers, layout in _LAYOUTS.items() if number in numbers), None)
