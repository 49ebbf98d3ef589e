"""The build for Linux on x86-64 against plain make with the same options, from the unpacked source to a packed tree."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from benchmarks.bench import RELEASE, Bench
from benchmarks.figure import Figure
from benchmarks.peer import run_peer
from benchmarks.rounds import Side, interleaved
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.rootfs import ensure_root
from verbatim.errors import MismatchError
from verbatim.sources.tarball import published_tarball
from verbatim.stages.choose import target_stage
from verbatim.stages.plan import Plan
from verbatim.stages.run import run
from verbatim.stages.target import Optimize, Target

#: What each is called, and what configure is told of it.
_CALLED: dict[Optimize, tuple[str, Sequence[str]]] = {
    "none": ("not optimised", ()),
    "pgo": ("optimised", ("--enable-optimizations", "--with-lto")),
}


def measure(bench: Bench) -> list[Figure]:
    """Two of the five rounds will do where a side takes minutes, one where it takes most of half an hour."""
    return [
        *_figures(bench, "none", max(1, bench.rounds * 2 // 5)),
        *_figures(bench, "pgo", max(1, bench.rounds // 5)),
    ]


def _figures(bench: Bench, optimize: Optimize, rounds: int) -> list[Figure]:
    target = Target.load("linux-x86_64")
    stage = target_stage(target.name, RELEASE, optimize)
    root = ensure_root(stage.environment, bench.fetcher)
    source = published_tarball(RELEASE, bench.fetcher, RELEASE.source_tarballs)
    plan = Plan(RELEASE, source.identity, stage)
    prepared = source.prepare(bench.folder())
    called, options = _CALLED[optimize]
    ours, plain = f"the linux-x86_64 stage, {called}", "plain make, packed"
    modules: dict[str, set[str]] = {}
    unpacked: list[float] = []

    def side(name: str, action: Callable[[Path, Path], object], archive: str) -> Side:
        return bench.side(action, lambda output: modules.update({name: _modules(output / archive)}))

    def build(folder: Path, output: Path) -> None:
        run(plan, prepared, root, Sandbox(), work=folder, output=output, log=folder / "log")

    def make(folder: Path, output: Path) -> None:
        started = time.time()
        run_peer(
            "linux.sh",
            *(RELEASE.folder, *target.parameters.configure, *options),
            root=root,
            prepared=prepared,
            folder=folder,
            output=output,
            more={"recipe": stage.recipe.folder},
        )
        unpacked.append((output / "installed").stat().st_mtime - started)

    sides = {
        plain: side(plain, make, "python.tar.xz"),
        ours: side(ours, build, f"{target.tree(RELEASE)}.tar.xz"),
    }
    times = interleaved(sides, rounds)
    if modules[ours] != modules[plain]:
        raise MismatchError(
            f"only one side has {', '.join(sorted(modules[ours] ^ modules[plain]))}",
            "what made them cannot be compared",
        )
    return [
        Figure.ratio((ours, times[ours]), (plain, times[plain]), 1.05),
        Figure.ratio((ours, times[ours]), ("plain make, not packed", unpacked), None),
    ]


def _modules(archive: Path) -> set[str]:
    """The extension modules in it: both sides have to build the same."""
    with tarfile.open(archive) as tar:
        paths = [PurePosixPath(name) for name in tar.getnames()]
    return {path.name for path in paths if path.parent.name == "lib-dynload"}
