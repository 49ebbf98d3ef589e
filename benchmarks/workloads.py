"""The Python Performance Benchmark Suite's own scripts, run one at a time by an interpreter, and timed by the suite's pyperf."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.peer import PEERS, run_well
from verbatim.engines.conditions import BuildConditions
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.rootfs import Root
from verbatim.scratch import remove_tree

#: Where an environment has its wheels.
_PACKAGES = "/usr/local/lib/python3.13/dist-packages"
_SCRIPTS = f"{_PACKAGES}/pyperformance/data-files/benchmarks"


@dataclass(frozen=True)
class Workload:
    """One of the suite's benchmarks, by the name that the suite gives it."""

    name: str
    script: str
    arguments: tuple[str, ...] = ()


def _alone(*names: str) -> list[Workload]:
    return [Workload(name, name) for name in names]


def _each(script: str, *arguments: str) -> list[Workload]:
    return [Workload(f"{script}_{argument}", script, (argument,)) for argument in arguments]


#: Those that need nothing but the standard library, and compute but do not wait. Of scripts that hold several, one or a few.
#: "logging" is not among them: Debian's module is that of 3.13.6, which takes back what 3.13.4 had made slow.
WORKLOADS = (
    *_alone("async_generators", "chaos", "comprehensions", "coroutines", "deepcopy", "deltablue"),
    Workload("async_tree", "async_tree", ("none",)),
    *_alone("fannkuch", "float", "generators", "go", "hexiom", "json_dumps", "json_loads"),
    *_alone("mdp", "meteor_contest", "nbody", "nqueens", "pathlib"),
    Workload("pickle", "pickle", ("pickle",)),
    Workload("unpickle", "pickle", ("unpickle",)),
    Workload("pickle_pure_python", "pickle", ("--pure-python", "pickle")),
    Workload("unpickle_pure_python", "pickle", ("--pure-python", "unpickle")),
    *_alone("pidigits", "pprint", "pyflate", "python_startup", "raytrace"),
    *_alone("regex_compile", "regex_dna", "regex_effbot", "regex_v8", "richards"),
    *_each("scimark", "fft", "lu", "sor"),
    *_alone("spectral_norm", "sqlite_synth", "telco", "typing_runtime_protocols", "unpack_sequence"),
    *_each("xml_etree", "parse", "process"),
)


class Interpreters:
    """Runs workloads with one interpreter or another, all in one root, with the same surroundings and on one CPU."""

    def __init__(self, bench: Bench, root: Root, trees: dict[str, Path]) -> None:
        """``trees`` are put into ``/in`` by their names."""
        self._bench = bench
        self._root = root
        self._trees = trees
        cpu = max(os.sched_getaffinity(0))
        around = BuildConditions(cpus=frozenset({cpu}), variables={"PYTHONPATH": _PACKAGES})
        self._engine = Sandbox(around)

    def loops(self, python: str, workload: Workload) -> int:
        """How often it must do its work for one value to take a tenth of a second at least."""
        said = self._run(python, workload, "--calibrate-loops", "--warmups=0", "--values=1", "--min-time=0.1")
        return int(said["warmups"][-1][0])

    def seconds(self, python: str, workload: Workload, loops: int) -> float:
        """Of the processor's time, the least of three values, after one that does not count."""
        said = self._run(python, workload, f"--loops={loops}", "--warmups=1", "--values=3")
        return float(min(said["values"])) * loops

    def _run(self, python: str, workload: Workload, *options: str) -> Any:
        folder = self._bench.folder()
        output, build = folder / "output", folder / "build"
        output.mkdir()
        build.mkdir()
        script = f"{_SCRIPTS}/bm_{workload.script}/run_benchmark.py"
        options = ("--worker", "--worker-task=0", "--output=/out/said.json", *options)
        job = Job(
            argv=[python, "/in/peers/timed.py", script, *options, *workload.arguments],
            root=self._root,
            epoch=0,
            inputs={**self._trees, "peers": PEERS},
            output=output,
            build=build,
            log=folder / "log",
        )
        run_well(job, self._engine, f"{workload.name} with {python}", "see why")
        said = json.loads((output / "said.json").read_text(encoding="utf-8"))
        remove_tree(folder)
        return said["benchmarks"][0]["runs"][0]
