r"""The rules by which causes of differences are recognised, in the order in which they are tried.

The order matters where two explain the same text: the more specific comes first. What a rule explains
must be as narrow as possible: nobody needs to look at it closely any more. In ``pattern``, ``it`` is
what the cause explains; the rest of the line must be the same.
"""

from __future__ import annotations

import re

from verbatim.explain.cause import BYTES, LOCALE, TEXTS, Cause, CauseKind, Rule

OWNER = Cause(
    "owner",
    CauseKind.PACKING,
    "The archive records who packed it.",
    "tar --owner=0 --group=0 --numeric-owner",
)
TIMES = Cause(
    "time of packing",
    CauseKind.PACKING,
    "The archive records the files' times, or that of packing.",
    "tar --mtime=@$SOURCE_DATE_EPOCH --clamp-mtime; gzip --no-name",
)
UMASK = Cause(
    "umask",
    CauseKind.PACKING,
    "The permissions of group and others, which depend on the umask.",
    "Build with umask 022; tar --mode=go+u,go-w",
)
COMPRESSION = Cause(
    "compression",
    CauseKind.PACKING,
    "The same contents, compressed differently: another level, another number of threads, another version.",
    "Pin the program by its hash, and its options.",
)
PACKER = Cause(
    "program that packs",
    CauseKind.PACKING,
    "The archive records the program, the system or the file that it was made with.",
    "Pin the program by its hash; gzip --no-name",
)
SIZES = Cause(
    "size",
    CauseKind.TRACE,
    "The sizes of files whose contents differ: see these.",
    "It goes with its cause.",
)
CHECKSUMS = Cause(
    "checksum",
    CauseKind.TRACE,
    "The checksums of files whose contents differ: see these.",
    "It goes with its cause.",
)
BYTECODE_TIME = Cause(
    "byte-code: time of the source",
    CauseKind.TRACE,
    "A .pyc holds the modification time of its source; the code is the same.",
    "Set the sources' times, or compile with SOURCE_DATE_EPOCH set or --invalidation-mode unchecked-hash.",
)
BYTECODE_MODE = Cause(
    "byte-code: how it is checked",
    CauseKind.TRACE,
    "One .pyc names its source's time, the other one its hash (PEP 552); the code is the same.",
    "Compile both with the same --invalidation-mode.",
)
BYTECODE_REFERENCES = Cause(
    "byte-code: references",
    CauseKind.TRACE,
    "The same code, written with other references between its constants: it depends on what else held them.",
    "Compile each file in a process of its own, in a fixed order.",
)
LINE_ENDINGS = Cause(
    "line endings",
    CauseKind.TRACE,
    "The lines end as on another system.",
    "Check core.autocrlf and .gitattributes.",
)
COMPILER = Cause(
    "compiler",
    CauseKind.TRACE,
    "Another compiler, another version of it, or other flags, as recorded by the compiler.",
    "Build in the pinned environment.",
)
IDS = Cause(
    "random or unique id",
    CauseKind.TRACE,
    "A random id, or an address or a hash that depends on anything else.",
    "Derive it from the contents, or from SOURCE_DATE_EPOCH.",
)
TIME_ZONE = Cause(
    "time zone",
    CauseKind.TRACE,
    "The zone of a time.",
    "Build with TZ=UTC.",
)
DATE = Cause(
    "build date",
    CauseKind.TRACE,
    "A date or a time, perhaps that of the build.",
    "Take it from SOURCE_DATE_EPOCH; check that the program does not depend on this date.",
)
PATH = Cause(
    "build path",
    CauseKind.TRACE,
    "The path of a build folder.",
    "Build at the same path, or map it: -ffile-prefix-map, compileall -s -p.",
)
CPUS = Cause(
    "number of CPUs",
    CauseKind.TRACE,
    "The number of processes or threads.",
    "Set the number, or keep it out of the results.",
)
ADDRESSES = Cause(
    "addresses and sizes",
    CauseKind.CONTENT,
    "Numbers that move when the code or the data beside them does.",
    "See the other differences of this file: they must explain it.",
)
LINKER_TABLES = Cause(
    "tables of compiler and linker",
    CauseKind.CONTENT,
    "Data about code and data: it differs when these do.",
    "See the other differences of this file: they must explain it.",
)
MACHINE_CODE = Cause(
    "machine code",
    CauseKind.CONTENT,
    "Other instructions: another compiler, other flags, or another source. Which one cannot be seen in them.",
    "Compare what the compiler recorded about itself, then build with the same one, and compare again.",
)

BYTECODE_UNREAD = Cause(
    "byte-code of a Python that is not read here",
    CauseKind.CONTENT,
    "Only the byte-code of 3.10 to 3.15 is read, so this code cannot be compared.",
    "Compare it in the Python that it is for: import marshal and dis.",
)

_TAR = re.compile(r"file list")
_ZIP = re.compile(r"zipinfo \{\}")
_ZIP_AT_LENGTH = re.compile(r"zipinfo -v(?: \{\})?")
_FILE_TYPE = re.compile(r"filetype from file\(1\)")
_BYTECODE = re.compile(r"Python bytecode")
_STORED = r"^code: stored (?P<it>[0-9a-f]{64}, \d+ bytes), plain [0-9a-f]{64}$"
_TEXT_OR_BYTECODE = re.compile(rf"{TEXTS.pattern}|Python bytecode")
_NUMBERS = re.compile(
    r"readelf .*--(file-header|program-header|sections|symbols|relocs|dynamic|debug-dump=\w+)\b.*"
)

_CODE = re.compile(r"objdump .*--disassemble.*")
_DEBUG = re.compile(r"readelf .*--debug-dump=(info|line|rawline)\b.*|readelf .*--string-dump=\.debug_\w+ .*")
_TABLES = re.compile(
    r"readelf .*--(symbols|debug-dump=\w+)\b.*"
    r"|readelf .*--hex-dump=\.(eh_frame(_hdr)?|(init|fini)_array|(sh)?strtab|symtab|dynsym|dynstr|got(\.plt)?|gnu\.hash) .*"
)

_PERMISSIONS = r"[-bcdlps][-rwxsStT]{9}"
# As in verbatim.compare.inventory: what the owner may do, set-id bits and what lets everyone write are significant.
_UMASK = re.compile(r"^[-dl][-r][-w][-x](?P<it>[-r][-w][-x][-r]-[-x]) ")
_OWNER = r"(?:\S{1,64} +\(\d+\)|\d+)"
_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_FULL_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_YEAR = r"(?:19|20)\d\d"
_CLOCK = r"\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?"
_DATES = (
    rf"\b{_YEAR}-\d\d-\d\d(?:[T ]{_CLOCK})?",
    rf"\b{_YEAR}/\d\d/\d\d(?: {_CLOCK})?",
    rf"\b{_DAY},? {_MONTH} [ \d]\d {_CLOCK}(?: [A-Z]{{3,4}})? {_YEAR}\b",
    rf"\b(?:{_DAY}, )?\d{{1,2}} {_MONTH} {_YEAR}(?: {_CLOCK})?",
    rf"\b{_MONTH} [ \d]\d,? {_YEAR}(?:,? {_CLOCK})?",
    rf"\b(?:{_DAY}\w*, )?{_FULL_MONTH} \d{{1,2}}, {_YEAR}(?:,? {_CLOCK})?",
    rf"\b\d{{1,2}} {_FULL_MONTH} {_YEAR}\b",
    rf"\bD:{_YEAR}\d{{10}}",
    rf"\b{_YEAR}\d{{4}}T\d{{6}}\b",
    rf"\b{_CLOCK}",
)
_BUILD_PATH = (
    r"/(?:build|builds|buildd|home|Users|root|tmp|var/tmp|private/tmp|usr/src|work|workspace|github)"
)


def _rule(cause: Cause, pattern: str, views: re.Pattern[str], mark: str = "\0", **more: object) -> Rule:
    return Rule(cause, re.compile(pattern), views, mark, **more)  # type: ignore[arg-type]


RULES = (
    # Listings of tar archives, as diffoscope shows them.
    _rule(OWNER, rf"^{_PERMISSIONS} +\d+(?P<it> +{_OWNER} +{_OWNER}) +\S+ (?:{_TIME}|\0) ", _TAR),
    _rule(TIMES, rf"^{_PERMISSIONS} .{{1,300}}? (?P<it>{_TIME}) ", _TAR),
    _rule(SIZES, rf"^{_PERMISSIONS} .{{1,300}}?(?P<it> +\d+) (?:{_TIME}|\0) ", _TAR, of_shown=True),
    _rule(UMASK, _UMASK.pattern, _TAR),
    # Listings of zip archives, including EPUB, with the totals in their first and last lines.
    _rule(TIMES, rf"^{_PERMISSIONS} .{{1,100}}? (?P<it>\d\d-{_MONTH}-\d\d \d\d:\d\d) ", _ZIP),
    _rule(PACKER, r"^\S{10} +(?P<it>\d+\.\d \w{3}) +\d+ ", _ZIP),
    _rule(PACKER, r"^\S{10} .{1,40}? (?P<it>[bt][-xlX]) \w{4} ", _ZIP),
    _rule(COMPRESSION, r"^\S{10} .{1,50}? (?P<it>stor|def[NXFS]|bzp2|lzma) ", _ZIP),
    _rule(SIZES, r"^\S{10} +(?:\d+\.\d \w{3}|\0)(?P<it> +\d+) (?:[bt][-xlX]|\0) ", _ZIP, of_shown=True),
    _rule(UMASK, _UMASK.pattern, _ZIP),
    _rule(COMPRESSION, r"^Zip file size: (?P<it>\d+) bytes, number of entries: \d+$", _ZIP),
    _rule(SIZES, r"^\d+ files?, (?P<it>\d+) bytes uncompressed, ", _ZIP),
    _rule(
        COMPRESSION,
        r"^\d+ files?, .{1,40} bytes uncompressed, (?P<it>\d+ bytes compressed: +-?[\d.]+%)$",
        _ZIP,
    ),
    # The long listing of a zip archive: diffoscope shows it only where the short listings are the same.
    _rule(CHECKSUMS, r"^  32-bit CRC value \(hex\): +(?P<it>[0-9a-f]{8})$", _ZIP_AT_LENGTH, per_shown=True),
    # What file(1) reads in the headers of tar, gzip and zip.
    _rule(PACKER, r"^POSIX tar archive(?: \(GNU\))?$", _FILE_TYPE),
    _rule(
        TIMES,
        rf", last modified:? (?:{_DAY} )?{_MONTH} [ \d]\d (?:{_CLOCK} {_YEAR}|{_YEAR} {_CLOCK})",
        _FILE_TYPE,
        "",
    ),
    _rule(PACKER, r', was "[^"]{0,255}"', _FILE_TYPE, ""),
    _rule(
        PACKER,
        r", from (?:Unix|FAT filesystem \(MS-DOS, OS/2, NT\)|NTFS filesystem \(NT\)|TOPS/20|Macintosh)",
        _FILE_TYPE,
        "",
    ),
    _rule(PACKER, r", made by v\d+\.\d [A-Z]+", _FILE_TYPE, ""),
    _rule(PACKER, r", extract using at least v\d+\.\d", _FILE_TYPE, ""),
    _rule(COMPRESSION, r", max (?:compression|speed)", _FILE_TYPE, ""),
    _rule(COMPRESSION, r", method=\w+", _FILE_TYPE, ""),
    _rule(SIZES, r", original size modulo 2\^32 \d+", _FILE_TYPE, ""),
    _rule(SIZES, r", uncompressed size \d+", _FILE_TYPE, ""),
    # The same stream, compressed differently. (If anything follows it, diffoscope gives another comment.)
    _rule(
        COMPRESSION,
        r" +(?:Streams|Blocks|Compressed size|Ratio|Check|Stream Padding|Memory needed|Sizes in headers"
        r"|Minimum XZ Utils version):.*| +Stream +Blocks? .*| +[\d,.]+ +[\d,.]+ .*",
        re.compile(r"xz --list"),
        drops=True,
    ),
    *(
        _rule(
            COMPRESSION,
            r".*",
            re.compile(BYTES),
            drops=True,
            comment=f"Format-specific differences are supported for {compressed} but no file-specific differences",
        )
        for compressed in (
            "Gzipped files",
            "XZ compressed files",
            "bzip2 archives",
            "Zstandard compressed files",
        )
    ),
    # The finding of verbatim.explain.diffoscope for a tar archive in two compressions.
    _rule(COMPRESSION, r"none|gzip|xz|bzip2", re.compile("compression"), drops=True),
    # Byte-code, as recipes/explain/look.py describes it.
    _rule(BYTECODE_MODE, r"flags: \d+|source: .*", _BYTECODE, drops=True, needs=r"flags: [013]$"),
    _rule(BYTECODE_TIME, r"^source: (?P<it>time [-\d]+ [:\d]+)$", _BYTECODE),
    # A path changes the bytes that are stored, too.
    _rule(PATH, _STORED, _BYTECODE, needs=r"\S+, line \d+ of /"),
    _rule(BYTECODE_REFERENCES, _STORED, _BYTECODE),
    # Text.
    _rule(LINE_ENDINGS, r"\r$", TEXTS, ""),
    _rule(COMPILER, r"GCC: \([^()]{1,80}\) [\d.]{1,20}", TEXTS),
    _rule(
        COMPILER, r"\bGNU (?:C|C\+\+|AS|Fortran\d*|Fortran2008)\d* [\d.]{1,20}(?: -[-\w=+,./]{1,200})*", TEXTS
    ),
    _rule(COMPILER, r"\bclang version [-\w.+~]{1,40}(?: \([^()]{1,120}\))?", TEXTS),
    _rule(COMPILER, r"\[(?P<it>(?:GCC|Clang) \d[^\[\]]{0,80})\]", TEXTS),
    _rule(IDS, r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", TEXTS),
    _rule(IDS, r"/ID ?\[ ?(?P<it><[0-9a-fA-F]{32}> ?<[0-9a-fA-F]{32}>) ?\]", TEXTS),
    _rule(IDS, r"/tmp/(?P<it>cc\w{6}|tmp\w{8})\b", TEXTS),  # noqa: S108
    _rule(IDS, r" at (?P<it>0x[0-9a-f]{6,16})\b", TEXTS),
    _rule(IDS, r"\bBuild ID: (?P<it>[0-9a-f]{16,64})$", re.compile(r"readelf .*--notes .*")),
    _rule(TIME_ZONE, rf"{_CLOCK}(?P<it> ?(?:UTC|GMT|Z|[A-Z]{{3,4}}|[-+]\d\d:?\d\d))\b", TEXTS),
    *(_rule(DATE, pattern, TEXTS) for pattern in _DATES),
    _rule(DATE, r"(?i:epoch|timestamp|mtime|built?[ _]time)\W{1,4}(?P<it>1\d{9})\b", TEXTS),
    _rule(DATE, rf"(?i:copyright|©).{{0,40}}(?P<it>\b{_YEAR}\b)", TEXTS),
    _rule(PATH, rf"(?<![\w.]){_BUILD_PATH}(?:/[-\w.+~@]+)*/?$", _DEBUG),
    _rule(PATH, rf"(?<![\w.]){_BUILD_PATH}(?:/[-\w.+~@]+)*/(?=[-\w.+~@])", _TEXT_OR_BYTECODE),
    _rule(PATH, rf"^{_BUILD_PATH}(?:/[-\w.+~@]+)*/(?=[-\w.+~@]+:\d)", _CODE),
    _rule(
        CPUS,
        r"(?:-j ?|--(?:jobs|threads)[= ]|\bnproc\W{1,3}|\b[Cc][Pp][Uu]s?\W{1,3}|\b[Tt]hreads?\W{1,3})(?P<it>\d{1,4})\b",
        TEXTS,
    ),
    _rule(LOCALE, r"\b(?:LANG|LANGUAGE|LC_[A-Z]+)\b\W{1,3}(?P<it>[\w.@-]{1,40})", TEXTS),
    _rule(LOCALE, r"(?i:\b(?:UTF-8|ISO-8859-\d{1,2}|ANSI_X3\.4-1968|US-ASCII|latin-?1)\b)", TEXTS),
    # What only shows a difference, neither its causes nor whether they are harmless.
    _rule(BYTECODE_UNREAD, r"^code: stored (?P<it>[0-9a-f]{64}), of a Python that is not read$", _BYTECODE),
    _rule(ADDRESSES, r"\b(?:0x)?(?=[a-f]{0,16}\d)[0-9a-f]{1,16}\b", _NUMBERS),
    _rule(ADDRESSES, r"^ *\[ *(?P<it>[0-9a-f]+)\]", re.compile(r"readelf .*--string-dump=.*")),
    _rule(LINKER_TABLES, r".*", _TABLES, drops=True),
    _rule(MACHINE_CODE, r".*", _CODE, drops=True),
)
