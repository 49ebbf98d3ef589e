"""The documentation's stage against CPython's own Makefile, which has to give the same files."""

from __future__ import annotations

import zipfile
from pathlib import Path

from benchmarks.bench import RELEASE, Bench
from benchmarks.figure import Figure
from benchmarks.rounds import interleaved, seconds
from verbatim.build.plan import Plan
from verbatim.build.run import run
from verbatim.build.stages import docs_stage
from verbatim.digest import sha256_bytes
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.errors import BuildError, MismatchError
from verbatim.scratch import remove_tree
from verbatim.sources.source import Prepared
from verbatim.sources.tarball import published_tarball

_PEERS = Path(__file__).parent / "peers"
_FORMATS = ("html", "text", "epub", "texinfo")
_OURS = "the docs stage: HTML, text, EPUB, Texinfo"
_PLAIN = "plain make of the same formats"


def measure(bench: Bench) -> list[Figure]:
    """A side takes minutes: two of the five rounds will do."""
    stage = docs_stage(RELEASE, _FORMATS)
    root = ensure_root(stage.environment, bench.fetcher)
    source = published_tarball(RELEASE, bench.fetcher, RELEASE.source_tarballs)
    plan = Plan(RELEASE, source.identity, stage)
    prepared = source.prepare(bench.folder())
    made: dict[str, Contents] = {}

    def ours() -> float:
        folder, output = bench.folder(), bench.folder()
        log = folder / "log"
        elapsed = seconds(lambda: run(plan, prepared, root, Sandbox(), work=folder, output=output, log=log))
        made[_OURS] = contents(output)
        remove_tree(folder)
        remove_tree(output)
        return elapsed

    def plain() -> float:
        folder, output = bench.folder(), bench.folder()
        targets = [f"dist-{format_}" for format_ in _FORMATS]
        elapsed = seconds(lambda: plain_make(root, prepared, folder, output, targets))
        made[_PLAIN] = contents(output)
        remove_tree(folder)
        remove_tree(output)
        return elapsed

    times = interleaved({_PLAIN: plain, _OURS: ours}, max(1, bench.rounds * 2 // 5))
    _check(made[_OURS], made[_PLAIN])
    return [Figure.ratio((_OURS, times[_OURS]), (_PLAIN, times[_PLAIN]), 1.05)]


def plain_make(root: Root, prepared: Prepared, folder: Path, output: Path, targets: list[str]) -> None:
    """Make targets of ``Doc/Makefile``, or set its variables; what is left in ``Doc/dist`` is put into another folder.

    Raises BuildError if they fail.
    """
    build = folder / "build"
    build.mkdir()
    job = Job(
        argv=["/usr/bin/bash", "/in/peers/docs.sh", RELEASE.folder, *targets],
        root=root,
        epoch=prepared.epoch,
        inputs={**prepared.inputs, "peers": _PEERS},
        output=output,
        build=build,
        log=folder / "log",
    )
    status = Sandbox().run(job)
    if status != 0:
        complaint = job.log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise BuildError(f"docs.sh ended with status {status}: {complaint}", "correct it")


#: The SHA-256 of each file, by its name, in each archive, by its.
Contents = dict[str, dict[str, str]]


def contents(folder: Path) -> Contents:
    """What is in the zip archives and the EPUB of a folder."""
    made: Contents = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in {".zip", ".epub"}:
            with zipfile.ZipFile(path) as archive:
                names = [info.filename for info in archive.infolist() if not info.is_dir()]
                made[path.name] = {name: sha256_bytes(archive.read(name)) for name in names}
    return made


def _check(ours: Contents, plain: Contents) -> None:
    """Raise MismatchError unless both have the same files.

    What is in them is compared elsewhere: here plain make reads with several processes, which number audit events by
    chance, and text shares the quotes of HTML.
    """
    for name, pages in plain.items():
        if ours.get(name, {}).keys() != pages.keys():
            raise MismatchError(
                f"{name} has other files than plain make's", "what made it cannot be compared"
            )
