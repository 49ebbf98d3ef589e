"""The source stage against what CPython's release script does, and against xz alone."""

from __future__ import annotations

import lzma
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench import RELEASE, Bench, run_command
from benchmarks.figure import Figure
from benchmarks.rounds import interleaved, seconds
from verbatim.build.plan import Plan
from verbatim.build.run import run
from verbatim.digest import sha256_file
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.errors import BuildError, MismatchError
from verbatim.release import Published
from verbatim.scratch import remove_tree
from verbatim.sources.tarball import TarballSource, published_tarball

PEERS = Path(__file__).parent / "peers"

_STAGE = "the source stage, from the unpacked tree"
_WHOLE = "the whole build, from the tarball"
_SCRIPT = "the release script's two tarballs"
_XZ = "`xz -T1` of the same tar alone"


def measure(bench: Bench) -> list[Figure]:
    """Four ways to the same bytes, which each has to give, or it was not the same work."""
    name, _ = RELEASE.source_tarballs
    source = published_tarball(RELEASE, bench.fetcher, (name,))
    sides = _Sides(bench, source)
    times = interleaved(
        {_XZ: sides.xz, _STAGE: sides.stage, _SCRIPT: sides.script, _WHOLE: sides.whole}, bench.rounds
    )
    return [
        Figure.ratio((_STAGE, times[_STAGE]), (_SCRIPT, times[_SCRIPT]), 0.95),
        Figure.ratio((_WHOLE, times[_WHOLE]), (_SCRIPT, times[_SCRIPT]), 0.95),
        Figure.ratio((_STAGE, times[_STAGE]), (_XZ, times[_XZ]), 1.05),
    ]


class _Sides:
    """All of them run in the same sandbox, with the environment's own tar, gzip and xz."""

    def __init__(self, bench: Bench, source: TarballSource) -> None:
        self._bench = bench
        self._plan = Plan(RELEASE, source.identity, bench.stage)
        self._prepared = source.prepare(bench.folder())
        self._tar = bench.work / "tree.tar"
        with lzma.open(source.path) as packed, self._tar.open("wb") as tar:
            shutil.copyfileobj(packed, tar, 1 << 20)

    def stage(self) -> float:
        """Our recipe, with what Verbatim does around it."""

        def stage(folder: Path, output: Path) -> None:
            output.mkdir()
            log = folder / "log"
            run(self._plan, self._prepared, self._bench.root, Sandbox(), work=folder, output=output, log=log)

        return self._measured(stage)

    def whole(self) -> float:
        """The command as a user gives it; the environment is there, and read through once as always."""
        command = [sys.executable, "-m", "verbatim", "build", "--version", RELEASE.version]
        command += ["--source", "tarball", "--output"]
        return self._measured(lambda _, output: run_command([*command, str(output.parent)]))

    def script(self) -> float:
        return self._measured(lambda folder, output: self._peer("release.sh", folder, output))

    def xz(self) -> float:
        return self._measured(lambda folder, output: self._peer("xz.sh", folder, output))

    def _measured(self, action: Callable[[Path, Path], object]) -> float:
        """The action works in a folder, and makes another one with the results."""
        folder = self._bench.folder()
        output = folder / RELEASE.version
        elapsed = seconds(lambda: action(folder, output))
        _check_hashes(output)
        remove_tree(folder)
        return elapsed

    def _peer(self, script: str, folder: Path, output: Path) -> None:
        output.mkdir()
        build = folder / "build"
        build.mkdir()
        log = folder / "log"
        status = Sandbox().run(
            Job(
                argv=["/usr/bin/bash", f"/in/peers/{script}", RELEASE.folder],
                root=self._bench.root,
                epoch=self._prepared.epoch,
                inputs={**self._prepared.inputs, "peers": PEERS, "tree.tar": self._tar},
                output=output,
                build=build,
                log=log,
            )
        )
        if status != 0:
            complaint = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise BuildError(f"{script} ended with status {status}: {complaint}", "correct it")


def _check_hashes(output: Path) -> None:
    published = Published.of(RELEASE).hashes
    tarballs = [path for path in output.iterdir() if path.name in RELEASE.source_tarballs]
    for path in tarballs:
        if sha256_file(path) != published[path.name]:
            raise MismatchError(f"{path.name} is not the published one", "what made it cannot be compared")
    if not tarballs:
        raise MismatchError("no tarball came out", "what should have made it cannot be compared")
