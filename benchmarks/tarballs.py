"""The source stage against what CPython's release script does, against xz alone, and on each engine."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.figure import Figure
from benchmarks.rounds import interleaved
from benchmarks.sides import Sides
from verbatim.engines.choose import NAMES, engine

_STAGE = {name: f"the source stage, {name}" for name in NAMES}
_WHOLE = "the whole build, from the tarball"
_SCRIPT = "the release script's two tarballs"
_XZ = "`xz -T1` of the same tar alone"
_BARE = "the recipe by chroot alone"


def measure(bench: Bench) -> list[Figure]:
    """Ways to the same bytes, each other round in the opposite order."""
    sides = Sides(bench)

    def stage(name: str) -> float:
        return sides.stage(engine(name))

    times = interleaved(
        {
            _XZ: sides.xz,
            _BARE: sides.bare,
            _STAGE["sandbox"]: lambda: stage("sandbox"),
            _STAGE["docker"]: lambda: stage("docker"),
            _STAGE["nix"]: lambda: stage("nix"),
            _SCRIPT: sides.script,
            _WHOLE: sides.whole,
        },
        bench.rounds,
    )

    def ratio(ours: str, peer: str, target: float | None) -> Figure:
        return Figure.ratio((ours, times[ours]), (peer, times[peer]), target)

    return [
        ratio(_STAGE["sandbox"], _SCRIPT, 0.95),
        ratio(_WHOLE, _SCRIPT, 0.95),
        ratio(_STAGE["sandbox"], _XZ, 1.05),
        *(ratio(what, _BARE, None) for what in _STAGE.values()),
    ]
