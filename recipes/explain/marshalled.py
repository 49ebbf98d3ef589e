"""Read marshalled code of another Python without making objects of it, and tell it apart from other code.

What `marshal` writes depends on how many references there were to an object: whether it gets a number (FLAG_REF), and whether
it is written again or referred to by that number. Here each object gets a digest of what it is, whichever way it is written.
Two have the same digest only if they are the same: of the same type, down to the bits of floats, in the same order; but for
sets, which have none, and for the names of files, which are told beside the digest.

The format is that of Python/marshal.c, versions 2 to 5. One strict grammar: whatever the writer does not write is refused.
"""

from __future__ import annotations

from layouts import SINCE_3_11, Layout
from things import Thing, name_of

_FLAG_REF = 0x80
#: Of objects in objects: more than any source has, and little enough for Python's own stack.
_DEEPEST = 200

_SINGLETONS = {b"N": "None", b"T": "True", b"F": "False", b".": "Ellipsis", b"S": "StopIteration"}


class UnreadableError(ValueError):
    """It is not what marshal writes."""


def read_code(data: bytes, layout: Layout) -> Thing:
    """The code that was written. Raises UnreadableError if there is none, or something behind it."""
    reader = Reader(data, layout)
    code = reader.read()
    if code.type != "code":
        raise UnreadableError("it holds no code")
    reader.end()
    return code


class Reader:
    """Reads one object."""

    def __init__(self, data: bytes, layout: Layout = SINCE_3_11) -> None:
        self._data = data
        self._layout = layout
        self._at = 0
        self._depth = 0
        #: None while it is being read.
        self._numbered: list[Thing | None] = []

    def end(self) -> None:
        """Raise UnreadableError if there is more."""
        if self._at != len(self._data):
            raise UnreadableError(f"there are {len(self._data) - self._at} bytes behind the code")

    def read(self) -> Thing:
        """The next object."""
        thing = self._next()
        if thing is None:
            raise UnreadableError("an object is missing")
        return thing

    def _next(self) -> Thing | None:
        """An object, or None for what ends a dictionary."""
        [first] = self._take(1)
        kind, is_numbered = bytes([first & ~_FLAG_REF]), bool(first & _FLAG_REF)
        if kind in b"0r" or kind in _SINGLETONS:
            if is_numbered:
                raise UnreadableError("what cannot be referred to has a number")
            if kind == b"0":
                return None
            return self._referred() if kind == b"r" else Thing.of("constant", kind, _SINGLETONS[kind])
        number = len(self._numbered)
        if is_numbered:
            self._numbered.append(None)
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError("it is too deep")
        thing = self._plain(kind) or self._holding(kind)
        self._depth -= 1
        if is_numbered:
            self._numbered[number] = thing
        return thing

    def _referred(self) -> Thing:
        number = self._size()
        thing = self._numbered[number] if number < len(self._numbered) else None
        if thing is None:
            raise UnreadableError("it refers to what is not there yet")
        return thing

    def _plain(self, kind: bytes) -> Thing | None:
        """What holds nothing else; None if it is not that."""
        match kind:
            case b"i":
                return self._int()
            case b"l":
                return self._long()
            case b"g" | b"y":
                data = self._take(8 if kind == b"g" else 16)
                return Thing.of("float" if kind == b"g" else "complex", data, data.hex())
            case b"s":
                data = self._take(self._size())
                return Thing.of("bytes", data, data.hex())
            case b"u" | b"t" | b"a" | b"A" | b"z" | b"Z":
                return self._text(kind)
            case _:
                return None

    def _int(self) -> Thing:
        value = int.from_bytes(self._take(4), "little", signed=True)
        return Thing.of("int", str(value).encode(), str(value))

    def _text(self, kind: bytes) -> Thing:
        """Whether it is interned is not part of what it is."""
        data = self._take(self._take(1)[0] if kind in b"zZ" else self._size())
        try:
            text = data.decode("utf-8", "surrogatepass") if kind in b"ut" else data.decode("ascii")
        except UnicodeDecodeError as error:
            raise UnreadableError("a text cannot be read") from error
        return Thing.of("text", data, ascii(text))

    def _long(self) -> Thing:
        """More than 32 bits: a sign with a number of digits, and digits of 15 bits, the lowest first."""
        count = int.from_bytes(self._take(4), "little", signed=True)
        data = self._take(2 * abs(count))
        value = sum(
            int.from_bytes(data[at : at + 2], "little") << 15 * (at // 2)
            for at in range(0, min(len(data), 8), 2)
        )
        if not count or data[-2:] == b"\0\0" or any(high & 0x80 for high in data[1::2]):
            raise UnreadableError("a number is not written as it should be")
        if abs(count) <= 3 and -(1 << 31) <= (value if count > 0 else -value) < 1 << 31:
            raise UnreadableError("a number is longer than it should be")
        sign = "-" if count < 0 else ""
        return Thing.of("long", sign.encode() + data, f"{sign}{data[::-1].hex()} (15 bits in two bytes each)")

    def _holding(self, kind: bytes) -> Thing:
        match kind:
            case b"(" | b")" | b"[" | b"<" | b">":
                size = self._take(1)[0] if kind == b")" else self._size()
                type_ = {b"[": "list", b"<": "set", b">": "frozenset"}.get(kind, "tuple")
                return Thing.holding(type_, [self.read() for _ in range(size)])
            case b"{":
                items = []
                while (key := self._next()) is not None:
                    items += [key, self.read()]
                return Thing.holding("dict", items)
            case b":":
                return Thing.holding("slice", [self.read() for _ in range(3)])
            case b"c":
                return self._code()
            case _:
                raise UnreadableError(f"an object of the kind {kind!r} is not read here")

    def _code(self) -> Thing:
        fields = {}
        for name, type_ in self._layout.items():
            fields[name] = self._int() if type_ == "int" else self.read()
            if fields[name].type != type_:
                raise UnreadableError(f"the {name} of code is not of the type {type_}")
        told = [thing for name, thing in fields.items() if name != "filename"]
        whole = Thing.holding("code", told)
        return Thing("code", whole.digest, f"code of {name_of(fields)}", (), fields)

    def _size(self) -> int:
        size = int.from_bytes(self._take(4), "little", signed=True)
        if not 0 <= size <= len(self._data):
            raise UnreadableError("a size is beyond the end")
        return size

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise UnreadableError("it ends early")
        self._at += size
        return taken
