"""Archives that no packer writes: each splits two readers, and is refused by name."""

from __future__ import annotations

from tests.raw_tars import END, GNU, extended, header, long_name, member, mended, padded, with_field
from tests.raw_tars import folder as raw_folder

TOP = raw_folder(b"P/")
HELLO = b"hello"
LONG = b"P/" + b"x" * 120
INNER = member(b"P/evil", b"EVIL")


def packed(*parts: bytes, end: bytes = END) -> bytes:
    return b"".join((TOP, *parts, end))


def gnu(name: bytes, data: bytes = b"", **fields: bytes) -> bytes:
    return member(name, data, magic=GNU, **fields)


def with_number(field: str, value: bytes) -> bytes:
    return packed(mended(with_field(header(b"P/a", 5), field, value)) + padded(HELLO))


#: What splits readers, and what the refusal says. Each has the right checksum unless that is what it is about.
ODD: dict[str, tuple[bytes, str]] = {
    "two extended headers": (
        packed(extended((b"path", b"P/good")), extended((b"path", b"P/evil")), member(b"P/raw", HELLO)),
        "more than one extended header",
    ),
    "an extended header and a long name": (
        packed(extended((b"path", b"P/evil")), long_name(LONG), member(b"P/raw", HELLO)),
        "format",
    ),
    "a long name and an extended header": (
        raw_folder(b"P/", magic=GNU)
        + long_name(LONG)
        + extended((b"path", b"P/evil"), magic=GNU)
        + gnu(LONG[:100], HELLO)
        + END,
        "type x in GNU's format",
    ),
    "two long names": (
        long_name(LONG) + long_name(LONG + b"y") + gnu(LONG[:100], HELLO) + END,
        "more than one extended header",
    ),
    "a long name of another member": (long_name(LONG) + gnu(b"P/evil", HELLO) + END, "begins with"),
    "a long name that is short": (long_name(b"P/a") + gnu(b"P/a", HELLO) + END, "begins with"),
    "a long name that ends early": (
        long_name(LONG + b"\0" + b"P/evil") + gnu(LONG[:100], HELLO) + END,
        "only NUL",
    ),
    "a long name in a header of another name": (
        mended(with_field(long_name(LONG)[:512], "name", b"x"))
        + padded(LONG + b"\0")
        + gnu(LONG[:100])
        + END,
        "not called ././@LongLink",
    ),
    "a prefix in GNU's format": (
        raw_folder(b"P/", magic=GNU) + gnu(b"configure", HELLO, prefix=b"P/Lib") + END,
        "field prefix",
    ),
    "GNU's other times": (gnu(b"a", HELLO, prefix=b"00000000000\0") + END, "field prefix"),
    "a blank before a record": (
        packed(extended(b" 17 path=P/evil\n"), member(b"P/good", HELLO)),
        "record in its extended header",
    ),
    "a record that ends late": (
        packed(extended(b"30 path=P/evil\n"), member(b"P/good", HELLO)),
        "record in its extended header",
    ),
    "a record that ends early": (
        packed(extended(b"12 path=P/evil\n"), member(b"P/good", HELLO)),
        "record in its extended header",
    ),
    "a record with a sign": (
        packed(extended(b"+16 path=P/evil\n"), member(b"P/good", HELLO)),
        "record in its extended header",
    ),
    "a record with a zero before": (
        packed(extended(b"016 path=P/evil\n"), member(b"P/good", HELLO)),
        "record in its extended header",
    ),
    "a keyword twice": (
        packed(extended((b"path", b"P/good"), (b"path", b"P/evil")), member(b"P/raw", HELLO)),
        "header path twice",
    ),
    "an empty value": (
        packed(extended((b"path", b"")), member(b"P/good", HELLO)),
        "empty",
    ),
    "a value with a NUL": (
        packed(extended((b"path", b"P/good\0/../evil")), member(b"P/good", HELLO)),
        "NUL",
    ),
    "a value that is not UTF-8": (
        packed(extended((b"path", b"P/\xff")), member(b"P/good", HELLO)),
        "not UTF-8",
    ),
    "an extended header without records": (packed(extended(), member(b"P/a", HELLO)), "without any records"),
    "NULs among records": (
        packed(extended((b"path", b"P/a"), b"\0\0\0\0"), member(b"P/a", HELLO)),
        "record in its extended header",
    ),
    "a size in an extended header": (
        packed(extended((b"size", b"1024")), member(b"P/a", HELLO), INNER),
        "its size in an extended header",
    ),
    "a sparse file": (
        packed(extended((b"GNU.sparse.name", b"P/evil"), (b"GNU.sparse.major", b"1")), member(b"P/a", HELLO)),
        "has the headers GNU.sparse.major, GNU.sparse.name",
    ),
    "another character set": (
        packed(extended((b"hdrcharset", b"BINARY"), (b"path", b"P/a")), member(b"P/a", HELLO)),
        "has the headers hdrcharset",
    ),
    "a padded extended header": (
        packed(extended((b"path", b"P/a"))[:-4] + b"evil", member(b"P/a", HELLO)),
        "padding of an extended header",
    ),
    "a file named as a folder": (packed(member(b"P/good/", INNER)), "name of a folder"),
    "a file named as a folder by an extension": (
        packed(extended((b"path", b"P/good/")), member(b"P/raw", INNER)),
        "name of a folder",
    ),
    "a file named as a folder but for an extension": (
        packed(extended((b"path", b"P/good")), member(b"P/raw/", INNER)),
        "two names",
    ),
    "a link named as a folder": (packed(header(b"P/l/", type=b"2", target=b"a")), "name of a folder"),
    "a file in place of the top": (packed(member(b"./", HELLO)), "name of a folder"),
    "no name but in an extension": (
        packed(extended((b"path", b"P/a")), member(b"", HELLO)),
        "no name",
    ),
    "an extended header without a name": (
        packed(extended((b"path", b"P/a"), name=b""), member(b"P/a", HELLO)),
        "no name",
    ),
    "a link to a name in Latin 1": (packed(header(b"P/l", type=b"2", target=b"\xe4")), "not UTF-8"),
    "a link to nothing": (packed(header(b"P/l", type=b"2")), "without a target"),
    "no name": (packed(member(b"", HELLO)), "no name"),
    "a prefix and no name": (packed(member(b"", HELLO, prefix=b"P/evil")), "no name"),
    "something behind a name's end": (packed(member(b"P/good\0evil", HELLO)), "field name="),
    "something behind a target's end": (
        packed(header(b"P/l", type=b"2", target=b"good\0evil")),
        "field linkname=",
    ),
    "something behind an owner's end": (packed(member(b"P/a", uname=b"root\0x")), "field uname="),
    "something at the header's end": (packed(member(b"P/a", padding=b"tar\0")), "field padding="),
    "a size with a sign": (with_number("size", b"+10"), "field size="),
    "a size with spaces before": (with_number("size", b"          5\0"), "field size="),
    "a size without an end": (with_number("size", b"000000000005"), "field size="),
    "a size with a minus": (with_number("size", b"-0000000005\0"), "field size="),
    "a mode with a minus": (with_number("mode", b"-000644\0"), "field mode="),
    "a time with a minus": (with_number("mtime", b"-0000000001\0"), "field mtime="),
    "a size with an underscore": (with_number("size", b"0000000_005\0"), "field size="),
    "an owner without an end": (with_number("uid", b"11234567"), "field uid="),
    "a size that ends early": (with_number("size", b"5\0"), "field size="),
    "a size in base 256": (with_number("size", b"\x80" + bytes(10) + b"\x05"), "field size="),
    "a negative size": (with_number("size", b"\xff" * 12), "field size="),
    "no size": (with_number("size", b""), "without one of its numbers"),
    "a size with something behind": (with_number("size", b"0000000005\0\x35"), "field size="),
    "a size that is not octal": (with_number("size", b"00000000009\0"), "field size="),
    "a mode in base 64": (with_number("mode", b"+AAGk"), "field mode="),
    "an owner in base 256 in POSIX's format": (
        with_number("uid", b"\x80\0\0\0\x7f\0\0\0"),
        "base 256",
    ),
    "a mode of another kind": (with_number("mode", b"0120777\0"), "but its mode"),
    "the numbers of a device": (with_number("devmajor", b"0000001\0"), "numbers of a device"),
    "a link with a size": (
        packed(header(b"P/l", 1024, type=b"2", target=b"good"), member(b"P/good", HELLO), member(b"P/z")),
        "a link with a size",
    ),
    "a folder with a size": (
        raw_folder(b"P/", size=b"00000002000\0") + member(b"P/good", HELLO) + member(b"P/z") + END,
        "a folder with a size",
    ),
    "a hard link with a size": (
        packed(member(b"P/a", b"a"), header(b"P/l", 1024, type=b"1", target=b"P/a") + INNER),
        "a hard link with a size",
    ),
    "a pipe with a size": (packed(header(b"P/p", 1024, type=b"6") + INNER), "a pipe with a size"),
    "a hard link before its target": (
        packed(header(b"P/l", type=b"1", target=b"P/a"), member(b"P/a", b"a")),
        "not a file before it",
    ),
    "a hard link to a folder's name": (
        packed(member(b"P/a", b"a"), header(b"P/l", type=b"1", target=b"P/a/")),
        "not a file before it",
    ),
    "a file with a target": (packed(member(b"P/a", HELLO, target=b"P/b")), "target of a link"),
    "a file with a target by an extension": (
        packed(extended((b"linkpath", b"b")), member(b"P/a", HELLO)),
        "target of a link",
    ),
    "a global header": (
        packed(extended((b"path", b"P/evil"), type=b"g"), member(b"P/good", HELLO)),
        "not git's",
    ),
    "a global header at the beginning": (
        extended((b"path", b"P/evil"), type=b"g", name=b"pax_global_header") + packed(),
        "not git's",
    ),
    "git's header, not first": (
        packed(extended((b"comment", b"a" * 40), type=b"g", name=b"pax_global_header"), member(b"P/good")),
        "not git's",
    ),
    "git's header twice": (
        2 * extended((b"comment", b"a" * 40), type=b"g", name=b"pax_global_header") + packed(),
        "not git's",
    ),
    "two formats": (packed(gnu(b"P/a", HELLO)), "in GNU's format"),
    "no magic": (packed(member(b"P/a", HELLO, magic=b"")), "the magic"),
    "half a magic": (packed(member(b"P/a", HELLO, magic=b"ustar\0  ")), "the magic"),
    "the oldest type of a file": (packed(member(b"P/a", HELLO, type=b"\0")), r"of type b'\\x00'"),
    **{
        f"the type {type_!r}": (packed(member(b"P/a", HELLO, type=type_)), "of type")
        for type_ in (b"7", b"8", b"A", b"D", b"I", b"M", b"N", b"S", b"V", b"X", b"Z")
    },
    "a wrong checksum": (packed(header(b"P/a", checksum=b"000000\0 ")), "is damaged: header 2: its checksum"),
    "a signed checksum": (
        packed(header(b"P/\xc3\xa4", checksum=b"%06o\0 " % (sum(mended(header(b"P/\xc3\xa4"))) - 512))),
        "is damaged: header 2: its checksum",
    ),
    "something in the padding": (packed(header(b"P/a", 5) + padded(HELLO, b"x")), "padding after it"),
    "no end": (packed(end=b""), "ends early"),
    "half an end": (packed(end=bytes(512)), "ends early"),
    "an end that is none": (packed(end=bytes(512) + INNER + END), "one block of zeros"),
    "something behind the end": (packed(end=END + INNER + END), "more after its end"),
    "something far behind the end": (
        packed(end=END + bytes(10240) + b"x" + bytes(511)),
        "more after its end",
    ),
    "half a block behind the end": (packed(end=END + bytes(100)), "multiple of 512"),
    "zeros without an end": (packed(end=END + bytes(2 << 20)), "bytes of zeros after its end"),
    "a header that is cut off": (packed(end=header(b"P/a")[:300]), "ends early"),
    "a file that is cut off": (packed(header(b"P/a", 1000), end=b"x" * 512), "ends early"),
}
