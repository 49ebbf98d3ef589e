"""The speed of the interpreter that is built for Linux on x86-64, beside Debian's and one that is not optimised."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.bench import RELEASE, Bench
from benchmarks.figure import Figure, Times
from benchmarks.rounds import interleaved
from benchmarks.workloads import WORKLOADS, Interpreters
from verbatim.archive.unpack import unpack_file
from verbatim.caches import BENCHMARKS
from verbatim.commands.build import Request, build_stage
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import ensure_root
from verbatim.sources.choose import SourceChoice
from verbatim.stages.choose import target_stage
from verbatim.stages.target import Optimize

_OURS = "the speed of the optimised interpreter"
_DEBIAN = "Debian's `python3.13`"
_PLAIN = "the one that is not optimised"


def measure(bench: Bench) -> list[Figure]:
    """Each workload by one interpreter after the other, with as many loops for each."""
    environment = Environment(environment_folder("speed"))
    root = ensure_root(environment, bench.fetcher)
    trees = {"optimised": _tree(bench, "pgo"), "plain": _tree(bench, "none")}
    interpreters = Interpreters(bench, root, trees)
    pythons = {
        _DEBIAN: "/usr/bin/python3.13",
        _OURS: "/in/optimised/bin/python3.13",
        _PLAIN: "/in/plain/bin/python3.13",
    }
    loops = {workload: interpreters.loops(pythons[_DEBIAN], workload) for workload in WORKLOADS}
    sides = {
        f"{workload.name}, {name}": partial(interpreters.seconds, python, workload, loops[workload])
        for workload in WORKLOADS
        for name, python in pythons.items()
    }
    times = interleaved(sides, bench.rounds)

    def of(name: str) -> tuple[str, Times]:
        return name, {workload.name: times[f"{workload.name}, {name}"] for workload in WORKLOADS}

    version = next(package.version for package in environment.lock.package if package.name == "python3.13")
    return [
        Figure.speed(of(_OURS), (f"{_DEBIAN}, {version}", of(_DEBIAN)[1]), 0.97),
        Figure.speed(of(_OURS), of(_PLAIN), 1.08),
    ]


def _tree(bench: Bench, optimize: Optimize) -> Path:
    """The tree, unpacked; what was built once stays in the cache, and is looked through before it is used again."""
    stage = target_stage("linux-x86_64", RELEASE, optimize)
    output = BENCHMARKS.folder / optimize
    result = build_stage(Request(RELEASE, stage, SourceChoice("tarball"), output, [Sandbox()]), bench.fetcher)
    (archive,) = [artifact.path for artifact in result.artifacts if "-debug" not in artifact.name]
    folder = bench.folder()
    unpack_file(archive, folder)
    return folder / archive.name.removesuffix(".tar.xz")
