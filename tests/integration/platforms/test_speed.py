"""The benchmark of speed: its workloads, and the interpreter that it takes for Debian's."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bench import RELEASE, Bench
from benchmarks.workloads import WORKLOADS, Interpreters
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import ensure_root
from verbatim.fetch import Fetcher
from verbatim.stages.choose import source_stage
from verbatim.store import Store


@pytest.mark.integration
def test_the_suite_has_the_workloads_and_debians_interpreter_runs_them(cache: Path, tmp_path: Path) -> None:
    fetcher = Fetcher(Store(cache))
    root = ensure_root(Environment(environment_folder("speed")), fetcher)
    packages = root.path / "usr/local/lib/python3.13/dist-packages"
    scripts = packages / "pyperformance/data-files/benchmarks"
    for workload in WORKLOADS:
        assert (scripts / f"bm_{workload.script}" / "run_benchmark.py").is_file(), workload
    interpreters = Interpreters(Bench(tmp_path, 1, fetcher, source_stage(RELEASE), root), root, {})
    (workload,) = [each for each in WORKLOADS if each.name == "json_loads"]
    loops = interpreters.loops("/usr/bin/python3.13", workload)
    assert loops > 1
    assert 0.001 < interpreters.seconds("/usr/bin/python3.13", workload, loops) < 60
