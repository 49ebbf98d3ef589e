"""Each way in which the tarball of the small release can be tampered with, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.archives import Member, file, folder, hard_link, link
from tests.honest_release import FILES, LINK, MEMBERS, NEWS, TOP, changed, without
from verbatim.digest import sha256_bytes
from verbatim.published.against_git import TreeComparison


def lines(comparison: TreeComparison) -> list[str]:
    assert comparison.judgement == ("different" if comparison.differences else "equivalent")
    return [
        f"{difference.kind} {difference.member.removeprefix(f'{TOP}/')}: {difference.what}"
        for difference in comparison.differences
    ]


def hashes(found: bytes, expected: bytes) -> str:
    return f"SHA-256 {sha256_bytes(found)}, expected {sha256_bytes(expected)}"


SMUGGLED = "is not in the commit's tree"

TAMPERED: Mapping[str, tuple[Sequence[Member], list[str]]] = {
    "a file more": (
        [*MEMBERS, file(f"{TOP}/m4/build-to-host.m4"), folder(f"{TOP}/m4")],
        [f"added m4: {SMUGGLED}", f"added m4/build-to-host.m4: {SMUGGLED}"],
    ),
    "a file more where some are left out": (
        [*MEMBERS, folder(f"{TOP}/.github"), file(f"{TOP}/.github/x")],
        [f"added .github/x: {SMUGGLED}"],
    ),
    "byte-code more": (
        [*MEMBERS, file(f"{TOP}/Lib/os.pyc")],
        [f"added Lib/os.pyc: {SMUGGLED}"],
    ),
    "a file more beside what is generated": (
        [*MEMBERS, file(f"{TOP}/Misc/NEWS.txt")],
        [f"added Misc/NEWS.txt: {SMUGGLED}"],
    ),
    "a folder more": ([*MEMBERS, folder(f"{TOP}/new")], [f"added new: {SMUGGLED}"]),
    "a file outside": ([*MEMBERS, file("Makefile")], [f"added Makefile: {SMUGGLED}"]),
    "a folder that begins like the top": (
        [*MEMBERS, file(f"{TOP}x/README.rst")],
        [f"added {TOP}x/README.rst: {SMUGGLED}"],
    ),
    "one byte": (
        changed("configure", content=b"#!/bin/sI\n"),
        [f"changed configure: {hashes(b'#!/bin/sI' + bytes([10]), FILES['configure'])}"],
    ),
    "not executable": (changed("configure", mode=0o644), ["changed configure: mode 644, expected 755"]),
    "executable": (changed("LICENSE", mode=0o755), ["changed LICENSE: mode 755, expected 644"]),
    "writable for the group": (changed("LICENSE", mode=0o664), ["changed LICENSE: mode 664, expected 644"]),
    "set user id": (changed("configure", mode=0o4755), ["changed configure: mode 4755, expected 755"]),
    "a folder's mode": (changed("Lib", mode=0o777), ["changed Lib: mode 777, expected 755"]),
    "CRLF for LF": (
        changed("README.rst", content=b"This is Python\r\n"),
        [f"changed README.rst: {hashes(b'This is Python' + bytes([13, 10]), FILES['README.rst'])}"],
    ),
    "LF for CRLF": (
        changed("PC/readme.txt", content=FILES["PC/readme.txt"]),
        [f"changed PC/readme.txt: {hashes(FILES['PC/readme.txt'], MEMBERS[-3].content)}"],
    ),
    "a link for a file": (
        [*without("README.rst"), link(f"{TOP}/README.rst", "LICENSE")],
        ["changed README.rst: kind link, expected file"],
    ),
    "a hard link for a file": (
        [*without("README.rst"), hard_link(f"{TOP}/README.rst", f"{TOP}/LICENSE")],
        [f"changed README.rst: {hashes(FILES['LICENSE'], FILES['README.rst'])}"],
    ),
    "a device for a file": (
        changed("README.rst", content=b"", kind=b"3"),
        ["changed README.rst: kind special, expected file"],
    ),
    "a file for a link": (
        [*without(LINK), file(f"{TOP}/{LINK}", FILES["Lib/os.py"])],
        [f"changed {LINK}: kind file, expected link"],
    ),
    "a link elsewhere": (
        changed(LINK, target="../LICENSE"),
        [f"changed {LINK}: target ../LICENSE, expected os.py"],
    ),
    "a file for a folder": (
        [file(f"{TOP}/Misc"), *without("Misc")],
        ["changed Misc: kind file, expected folder"],
    ),
    "a file less": (without("Lib/os.py"), ["missing Lib/os.py: is not in the tarball"]),
    "a folder less": (without("Lib"), ["missing Lib: is not in the tarball"]),
    "what is left out only at the top": (
        without("Lib/.gitignore"),
        ["missing Lib/.gitignore: is not in the tarball"],
    ),
    "other news": (
        changed("Misc/NEWS", content=b"Nothing new\n"),
        [f"changed Misc/NEWS: {hashes(b'Nothing new' + bytes([10]), NEWS)}, as generated again"],
    ),
    "executable news": (
        changed("Misc/NEWS", mode=0o755),
        ["changed Misc/NEWS: mode 755, expected 644, as generated again"],
    ),
    "no news": (without("Misc/NEWS"), ["missing Misc/NEWS: is not in the tarball"]),
    "another name": (
        changed("LICENSE", name=f"{TOP}/license"),
        ["missing LICENSE: is not in the tarball", f"added license: {SMUGGLED}"],
    ),
    "another name in an extended header": (
        changed("LICENSE", pax={"path": f"{TOP}/LICENSE.txt"}),
        ["missing LICENSE: is not in the tarball", f"added LICENSE.txt: {SMUGGLED}"],
    ),
}
