"""Verbatim's own peak memory during a whole build, without the compressors and other programs that it starts."""

from __future__ import annotations

import sys

from benchmarks.bench import RELEASE, Bench, run_command
from benchmarks.figure import Figure
from verbatim.paths import cache_directory


def measure(bench: Bench) -> list[Figure]:
    """Build in a new cache that has the downloads and nothing else: the environment has to be made."""
    cache, output = bench.folder(), bench.folder()
    (cache / "sha256").symlink_to(cache_directory() / "sha256")
    report = bench.work / "peak"
    run_command(
        [
            sys.executable,
            *("-m", "benchmarks.peak", report),
            *("build", "--version", RELEASE.version, "--source", "tarball", "--output", output),
        ],
        VERBATIM_CACHE=str(cache),
    )
    return [
        Figure(
            "Verbatim's own peak memory in a build that makes its environment",
            target=200,
            values=[int(report.read_text(encoding="ascii")) / 1_000_000],
            unit="MB",
        )
    ]
