"""Differences explained by the real diffoscope, and hostile archives that it does not get the better of."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.archives import COMPRESSIONS, Member, file, tar
from tests.bytecodes import SAMPLES, sample
from tests.integration.command import verbatim
from tests.integration.releases import SMALL, small_files
from verbatim.commands.compare import Compared
from verbatim.commands.explain import LIMITS, explain
from verbatim.compare.comparison import File
from verbatim.compare.pairs import Pair
from verbatim.compare.verdict import Verdict
from verbatim.digest import sha256_file
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.errors import BuildError
from verbatim.explain.cause import CauseKind
from verbatim.explain.explanation import Explanation
from verbatim.fetch import Fetcher
from verbatim.report.explanation import write_explanation
from verbatim.sandboxing.limits import JobLimits, LimitError
from verbatim.store import Store

pytestmark = pytest.mark.integration

#: Little enough that a test sees its end.
TIGHT = replace(LIMITS, seconds=120, space=16 << 20, files=2_000)

Explain = Callable[..., Explanation]


@pytest.fixture(scope="session")
def tools(cache: Path) -> Root:
    """The environment of diffoscope."""
    return ensure_root(Environment(environment_folder("diffoscope")), Fetcher(Store(cache)))


@pytest.fixture
def explained(cache: Path, tmp_path: Path) -> Explain:
    """Explains two contents, of one name or two; the page is ``page.html``."""

    def explained(
        name: str, first: bytes, second: bytes, limits: JobLimits = LIMITS, other: str = ""
    ) -> Explanation:
        def written(side: str, content: bytes, called: str) -> File:
            path = tmp_path / side / called
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            return File(called, sha256_file(path), path)

        files = written("first", first, name), written("second", second, other or name)
        pair = Pair(name, *files, Verdict("different", "different"))
        compared = explain(Compared([pair]), Fetcher(Store(cache)), limits=limits)
        write_explanation(compared, tmp_path / "page.html")
        return compared.explanations[name]

    return explained


def found(explanation: Explanation) -> dict[str, str]:
    """All the causes in each place, named by the last member that leads there."""
    causes: dict[str, dict[str, None]] = {}
    for each in explanation.findings:
        place = each.finding.members[-1] if each.finding.members else ""
        causes.setdefault(place, {}).update(dict.fromkeys(cause.name for cause in each.causes))
    return {place: ", ".join(names) for place, names in causes.items()}


def packed(*members: Member) -> bytes:
    return COMPRESSIONS["gz"](tar(*members))


_MAKE = """
mkdir -p /build/one /build/other
cd /build
echo 'NAME = "a"
def f(x): return x + 1' > one/m.py
echo 'NAME = "a"
def f(x): return x + 2' > one/n.py
cp one/m.py other/m.py
touch -d @1749686400 one/m.py one/n.py
touch -d @1749686500 other/m.py
python3 -I - <<'END'
import marshal, py_compile
from py_compile import PycInvalidationMode as Mode
for source, name, seen, mode in (
    ("one/m.py", "time-1", "m.py", Mode.TIMESTAMP),
    ("other/m.py", "time-2", "m.py", Mode.TIMESTAMP),
    ("one/m.py", "hash", "m.py", Mode.CHECKED_HASH),
    ("one/m.py", "path", "/home/me/m.py", Mode.TIMESTAMP),
    ("one/m.py", "path-2", "/build/me/m.py", Mode.TIMESTAMP),
    ("one/n.py", "code", "m.py", Mode.TIMESTAMP),
):
    py_compile.compile(source, f"/out/{name}.pyc", seen, doraise=True, invalidation_mode=mode)
data = open("/out/time-1.pyc", "rb").read()
code = marshal.loads(data[16:])
open("/out/references.pyc", "wb").write(data[:16] + marshal.dumps(code, 2))
open("/out/behind.pyc", "wb").write(data + b"smuggled")
open("/out/bad.pyc", "wb").write(data[:16] + b"\\xe3" + b"(" * 1_000)
END
for version in 12.2.0 14.2.0; do
    printf '.globl _start\\n_start:\\n mov $%s, %%eax\\n ret\\n.ident "GCC: (Debian) %s"\\n' "${version%%.*}" "$version" > a.s
    as -o a.o a.s
    ld --build-id -o "/out/$version" a.o
done
"""


@pytest.fixture
def made(tools: Root, tmp_path: Path) -> Path:
    """A folder of byte-code, and of programs of two compilers."""
    job = _job(tools, tmp_path, _MAKE)
    assert Sandbox().run(job) == 0, job.log.read_text()
    return job.output


def _job(root: Root, parent: Path, script: str) -> Job:
    for name in ("output", "build"):
        (parent / name).mkdir()
    return Job(
        argv=["/usr/bin/bash", "-euc", script],
        root=root,
        epoch=0,
        inputs={},
        output=parent / "output",
        build=parent / "build",
        log=parent / "log",
    )


#: What the file of a name is in the one build and in the other: its name is the cause.
TEXTS = {
    "build date": ("built on 2025-06-11 10:00:00\n", "built on 2026-01-02 11:00:00\n"),
    "build path": ("see /build/src/x.c\n", "see /tmp/me/src/x.c\n"),
    "time zone": ("at 10:00:00 UTC\n", "at 10:00:00 CEST\n"),
    "order of lines": ("b\nc\na\n", "a\nb\nc\n"),
    "locale": ("Yak\nZebra\napple\nbear\n", "apple\nbear\nYak\nZebra\n"),
    "line endings": ("a\nb\n", "a\r\nb\r\n"),
    "compiler": ("3.13.5 [GCC 12.2.0]\n", "3.13.5 [Clang 19.1.7 ]\n"),
    "random or unique id": ("<object at 0x7f0011223344>\n", "<object at 0x7f0011223355>\n"),
    "number of CPUs": ("make -j8 all\n", "make -j2 all\n"),
    "content": ("exec /usr/bin/true # 2025-06-11\n", "exec /usr/bin/evil # 2025-06-12\n"),
    # Called as views of diffoscope.
    "file list": ("  Ratio: 1\n", "  Ratio: 2\n"),
    "xz --list": ("  Ratio: 1\n", "  Ratio: 2\n"),
}
BYTE_CODE = {
    ("time-1", "time-2"): "byte-code: time of the source",
    ("time-1", "hash"): "byte-code: how it is checked",
    ("time-1", "references"): "byte-code: references",
    ("path", "path-2"): "build path",
    ("time-1", "code"): "content",
    ("time-1", "behind"): "content",
    ("time-1", "bad"): "content",
}


def test_each_file_has_its_cause_on_the_screen_in_json_and_on_the_page(made: Path, tmp_path: Path) -> None:
    for side, place in enumerate(("first.tgz", "second.tgz")):
        members = [file(f"d/{name}", texts[side].encode()) for name, texts in TEXTS.items()]
        members += [
            file(f"d/{'-'.join(pair)}.pyc", (made / f"{pair[side]}.pyc").read_bytes()) for pair in BYTE_CODE
        ]
        members.append(file("d/a.out", (made / ("12.2.0", "14.2.0")[side]).read_bytes()))
        (tmp_path / place).write_bytes(packed(*members))
    page = tmp_path / "page.html"
    builds = (str(tmp_path / "first.tgz"), str(tmp_path / "second.tgz"))
    done = verbatim("compare", *builds, "--explain", "--html", str(page), "--json")
    assert done.status == 1
    assert f"what differs, and why, is in {page}" in done.err
    [artifact] = json.loads(done.out)["artifacts"]
    assert artifact["explanation"]["unseen"] is None
    causes: dict[str, set[str]] = {}
    for cause in artifact["explanation"]["causes"]:
        for place in cause["places"]:
            causes.setdefault(place.rpartition("d/")[2], set()).add(cause["name"])
    # Of another compiler, and content all the same.
    assert {"random or unique id", "compiler", "machine code"} <= causes.pop("a.out")
    assert causes.pop("first.tar") <= {"size"}
    assert causes == {
        **{name: {name if name not in ("file list", "xz --list") else "content"} for name in TEXTS},
        **{f"{'-'.join(pair)}.pyc": {cause} for pair, cause in BYTE_CODE.items()},
    }
    text = page.read_text("utf-8")
    assert "-built on 2025-06-11 10:00:00" in text
    assert "build path" in text


def zipped(year: int, mode: int, *names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name, (year, 6, 11, 10, 0, 0))
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, b"content\n")
    return made.getvalue()


PLAIN = (file("d/a", b"a\n"), file("d/b", b"b\n", mode=0o755))


def test_what_was_only_packed_otherwise_is_no_content(explained: Explain) -> None:
    data = tar(*(file(f"e/{number}", bytes(range(number)) * 40) for number in range(100)))
    headless = [
        made[:4] + bytes(4) + made[8:9] + made[9:] for made in map(gzip.compress, (data, data), (8, 4))
    ]
    first = (
        file("d/x.tar.xz", lzma.compress(data, preset=1)),
        file("d/x.tgz", gzip.compress(data, 1, mtime=1)),
        file("d/y.tgz", headless[0]),
        file("d/z.zip", zipped(2025, 0o644, "a", "b")),
        *PLAIN,
    )
    second = (
        file("d/x.tar.xz", lzma.compress(data, preset=9)),
        file("d/x.tgz", gzip.compress(data, 9, mtime=2)),
        file("d/y.tgz", headless[1]),
        file("d/z.zip", zipped(2026, 0o600, "b", "a")),
        *PLAIN,
    )
    other = [
        replace(member, owner="joe", time=1_700_000_000, mode=member.mode | 0o020)
        for member in reversed(second)
    ]
    causes = found(explained("p.tgz", packed(*first), packed(*other)))
    assert causes == {
        "p.tar": "owner, time of packing, size, umask, order of members",
        "d/x.tar.xz": "compression",
        "d/x.tgz": "time of packing, compression",
        "d/y.tgz": "compression",
        "d/z.zip": "time of packing, umask, order of members",
    }


@pytest.mark.parametrize("version", SAMPLES)
def test_byte_code_of_another_python_is_read(explained: Explain, version: str) -> None:
    first, second = (packed(file("d/m.pyc", sample(version, held))) for held in (0, 1))
    causes = found(explained("p.tgz", first, second))
    assert causes.pop("p.tar", "size") == "size"
    assert causes == {"d/m.pyc": "byte-code: references"}


def test_byte_code_that_is_not_read_is_named(explained: Explain) -> None:
    first, second = (
        packed(file("d/m.pyc", (3425).to_bytes(2, "little") + sample("3.13", held)[2:])) for held in (0, 1)
    )
    causes = found(explained("p.tgz", first, second))
    assert causes["d/m.pyc"] == "byte-code of a Python that is not read here"


def test_the_date_on_a_page_accounts_for_its_checksum_in_the_zip(explained: Explain) -> None:
    def page(day: int) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            info = zipfile.ZipInfo("d/index.html", (2025, 6, 11, 12, 0, 0))
            info.external_attr = 0o100644 << 16
            archive.writestr(info, f"<p>Documentation</p>\n<p>Last updated on Jun {day}, 2025.</p>\n")
        return made.getvalue()

    assert found(explained("d.zip", page(11), page(12))) == {"": "checksum", "d/index.html": "build date"}


def test_an_archive_of_another_name_is_explained_by_what_it_is(explained: Explain) -> None:
    first, second = (COMPRESSIONS["xz"](tar(file("d/a", text))) for text in (b"a\n", b"e\n"))
    assert found(explained("x.tgz.1", first, second)) == {"d/a": "content"}
    one, other = COMPRESSIONS["xz"](tar(*PLAIN)), COMPRESSIONS["gz"](tar(*PLAIN))
    assert found(explained("x.tgz.1", one, other, other="x.txz")) == {"": "compression"}


def test_two_compressions_of_a_tar_are_compared_by_their_streams(explained: Explain) -> None:
    stream, changed = tar(*PLAIN), tar(file("d/a", b"e\n"), PLAIN[1])
    xz, gz = COMPRESSIONS["xz"], COMPRESSIONS["gz"]
    assert found(explained("x.tar.xz", xz(stream), gz(stream), other="x.tgz")) == {"": "compression"}
    assert found(explained("x.tar", stream, gz(changed), other="x.tar.gz")) == {
        "": "compression",
        "d/a": "content",
    }


def test_what_was_smuggled_in_or_changed_is_content(explained: Explain) -> None:
    second = (file("d/a", b"e\n"), replace(PLAIN[1], mode=0o4755), file("d/evil.sh", b"rm\n"))
    assert found(explained("x.tgz", packed(*PLAIN), packed(*second))) == {
        "x.tar": "added or removed, content",
        "d/a": "content",
    }


def test_what_is_behind_an_archive_is_not_taken_for_compression(explained: Explain) -> None:
    data = tar(*PLAIN)
    compressed = {"d/x.tar.xz": lzma.compress(data), "d/x.tgz": gzip.compress(data, mtime=0)}
    first, second = (
        packed(*(file(name, content + more) for name, content in compressed.items()))
        for more in (b"", b"smuggled")
    )
    assert is_told(explained("x.tgz", first, second))


def test_a_verification_is_explained(tmp_path: Path) -> None:
    ours, theirs = (tmp_path / name for name in ("ours.tgz", "theirs.tgz"))
    for path, license_ in ((ours, "mine"), (theirs, "/home/me/backdoor")):
        texts = {**small_files(), "LICENSE": license_}
        path.write_bytes(
            packed(*(file(f"Python-{SMALL}/{name}", text.encode()) for name, text in texts.items()))
        )
    page = tmp_path / "page.html"
    done = verbatim(
        *("verify", "--version", SMALL, "--quick", "--source", str(ours), "--against", str(theirs)),
        *("--explain", "--html", str(page)),
    )
    assert done.status == 1
    assert "likely causes" in done.out
    assert f"Python-{SMALL}/LICENSE" in done.out.partition("likely causes")[2]
    assert "backdoor" in page.read_text("utf-8")


def is_told(explanation: Explanation) -> bool:
    """Whether someone is told to look, or that not all was seen."""
    return bool(explanation.unseen) or CauseKind.CONTENT in {each.kind for each in explanation.findings}


def test_bombs_end_at_the_limits_of_space_and_of_files(explained: Explain) -> None:
    bomb = packed(file("d/zeros", bytes(20 << 20)))
    assert is_told(explained("x.tgz", packed(*PLAIN), bomb, TIGHT))
    many, more = (packed(*(file(f"d/{number}", text) for number in range(5_000))) for text in (b"", b"1"))
    assert is_told(explained("x.tgz", many, more, TIGHT))


def test_what_takes_too_long_is_killed_and_told(explained: Explain, tmp_path: Path) -> None:
    late = explained("x", b"a", b"b", replace(LIMITS, seconds=0.2))
    assert late.unseen == "it took longer than 0.2 seconds"
    assert "it took longer than" in (tmp_path / "page.html").read_text("utf-8")
    never = explained("x", b"a", b"b", replace(LIMITS, seconds=0))
    assert "the time limit for all artifacts together was reached" in never.unseen


def test_hostile_names_come_out_harmless(explained: Explain, tmp_path: Path) -> None:
    names = ("<script>alert(1)</script>", "\x1b[2Ja", "\u202egnp.exe", "-rf", "a\nb", "$(id)")
    evil = [
        Member("d/device", kind=tarfile.CHRTYPE),
        Member("d/out", kind=tarfile.SYMTYPE, target="/in/a"),
        file("../../../../out/evil", b"evil\n"),
        file("/in/evil", b"evil\n"),
    ]
    first = packed(*(file(name, b"1\n") for name in names))
    second = packed(*(file(name, b"2\n") for name in names), *evil)
    explanation = explained("x.tgz", first, second)
    assert len(explanation.findings) >= len(names)
    assert found(explanation)["x.tar"].startswith("added or removed")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "<script" not in text
    assert not set(text) & set("\x1b\u202e")


def ended(root: Root, parent: Path, script: str, limits: JobLimits) -> int:
    return Sandbox(limits=limits).run(_job(root, parent, script))


def test_a_job_with_limits_writes_nothing_to_the_disk(tools: Root, tmp_path: Path) -> None:
    script = """
    for folder in /out /tmp /in /dev /usr; do
        if touch "$folder/file" 2> /dev/null; then echo "$folder can be written to"; exit 1; fi
    done
    touch /build/file
    """
    assert ended(tools, tmp_path, script, TIGHT) == 0
    assert not [*(tmp_path / "output").iterdir(), *(tmp_path / "build").iterdir()]


@pytest.mark.parametrize(
    "script",
    ["head -c 20M /dev/zero > /build/zeros", 'for ((i = 0; i < 2100; i++)); do : > "/build/$i"; done'],
    ids=["bytes", "files"],
)
def test_a_job_with_limits_gets_no_more_space(script: str, tools: Root, tmp_path: Path) -> None:
    assert ended(tools, tmp_path, script, TIGHT) != 0
    assert "No space left on device" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("script", "seconds", "message"),
    [
        ("exec sleep infinity", 1, "longer than"),
        (
            "trap '' TERM INT HUP; exec > /dev/null 2>&1; setsid sleep infinity & kill -STOP $$",
            1,
            "longer than",
        ),
        ("exec yes", 60, "printed more than"),
    ],
    ids=["sleeps", "hides", "prints"],
)
def test_a_job_that_goes_on_is_killed_with_all_that_it_started(
    script: str, seconds: float, message: str, tools: Root, tmp_path: Path
) -> None:
    with pytest.raises(LimitError, match=message) as caught:
        ended(tools, tmp_path, script, replace(TIGHT, seconds=seconds, output_bytes=1 << 20))
    assert isinstance(caught.value, BuildError)
    assert (tmp_path / "log").stat().st_size <= 1 << 20
