"""The documentation's stage against CPython's own Makefile, which has to give the same files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench import RELEASE, Bench
from benchmarks.figure import Figure
from benchmarks.peer import run_peer
from benchmarks.rounds import Side, interleaved
from verbatim.digest import sha256_bytes
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.errors import MismatchError
from verbatim.sources.source import Prepared
from verbatim.sources.tarball import published_tarball
from verbatim.stages.choose import docs_stage
from verbatim.stages.plan import Plan
from verbatim.stages.run import run

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

    def side(name: str, action: Callable[[Path, Path], object]) -> Side:
        return bench.side(action, lambda output: made.update({name: contents(output)}))

    def ours(folder: Path, output: Path) -> None:
        run(plan, prepared, root, Sandbox(), work=folder, output=output, log=folder / "log")

    def plain(folder: Path, output: Path) -> None:
        plain_make(root, prepared, folder, output, [f"dist-{format_}" for format_ in _FORMATS])

    sides = {_PLAIN: side(_PLAIN, plain), _OURS: side(_OURS, ours)}
    times = interleaved(sides, max(1, bench.rounds * 2 // 5))
    _check(made[_OURS], made[_PLAIN])
    return [Figure.ratio((_OURS, times[_OURS]), (_PLAIN, times[_PLAIN]), 1.05)]


def plain_make(root: Root, prepared: Prepared, folder: Path, output: Path, targets: list[str]) -> None:
    """Make targets of ``Doc/Makefile``, or set its variables; what is left in ``Doc/dist`` is put into another folder.

    Raises BuildError if they fail.
    """
    run_peer("docs.sh", RELEASE.folder, *targets, root=root, prepared=prepared, folder=folder, output=output)


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
