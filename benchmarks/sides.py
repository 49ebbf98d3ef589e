"""Ways to the published tarballs, which each has to give, or it was not the same work."""

from __future__ import annotations

import lzma
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench import RELEASE, Bench, run_command
from benchmarks.peer import PEERS, run_peer
from benchmarks.rounds import seconds
from verbatim.digest import sha256_file
from verbatim.engines.protocol import Engine, Job
from verbatim.errors import MismatchError
from verbatim.release import Published
from verbatim.scratch import remove_tree
from verbatim.sources.tarball import published_tarball
from verbatim.stages.plan import Plan
from verbatim.stages.run import run


class Sides:
    """All of them work with the environment's own tar, gzip and xz. Each gives the seconds that it took."""

    def __init__(self, bench: Bench) -> None:
        name, _ = RELEASE.source_tarballs
        source = published_tarball(RELEASE, bench.fetcher, (name,))
        self._bench = bench
        self._plan = Plan(RELEASE, source.identity, bench.stage)
        self._prepared = source.prepare(bench.folder())
        self._tar = bench.work / "tree.tar"
        with lzma.open(source.path) as packed, self._tar.open("wb") as tar:
            shutil.copyfileobj(packed, tar, 1 << 20)

    def stage(self, engine: Engine) -> float:
        """Our recipe, with what Verbatim does around it."""

        def stage(folder: Path, output: Path) -> None:
            output.mkdir()
            log = folder / "log"
            run(self._plan, self._prepared, self._bench.root, engine, work=folder, output=output, log=log)

        return self._measured(stage)

    def bare(self) -> float:
        """Our recipe in the same root, by chroot(8) and bind mounts, without any engine."""

        def bare(folder: Path, output: Path) -> None:
            output.mkdir()
            build = folder / "build"
            build.mkdir()
            inputs = {**self._prepared.inputs, **self._plan.stage.recipe.inputs}
            job = Job(
                argv=[],
                root=self._bench.root,
                epoch=self._prepared.epoch,
                inputs={},
                output=output,
                build=build,
                log=folder / "log",
            )
            run_command(
                [
                    *("unshare", "--mount", "--", "bash", str(PEERS / "bare.sh")),
                    *(str(self._bench.root.path), str(output), str(build), str(len(inputs))),
                    *(part for name, path in inputs.items() for part in (name, str(path))),
                    *("/usr/bin/env", "-i", *(f"{key}={value}" for key, value in job.environment.items())),
                    *self._plan.stage.recipe.argv(*self._plan.words),
                ]
            )

        return self._measured(bare)

    def whole(self) -> float:
        """The command as a user gives it; the environment is there, and read through once as always."""
        command = [sys.executable, "-m", "verbatim", "build", "--version", RELEASE.version]
        command += ["--source", "tarball", "--output"]
        return self._measured(lambda _, output: run_command([*command, str(output.parent)]))

    def script(self) -> float:
        """What CPython's release script does."""
        return self._measured(lambda folder, output: self._peer("release.sh", folder, output))

    def xz(self) -> float:
        """The least that it could take."""
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
        run_peer(
            script,
            RELEASE.folder,
            root=self._bench.root,
            prepared=self._prepared,
            folder=folder,
            output=output,
            more={"tree.tar": self._tar},
        )


def _check_hashes(output: Path) -> None:
    published = Published.of(RELEASE).hashes
    tarballs = [path for path in output.iterdir() if path.name in RELEASE.source_tarballs]
    for path in tarballs:
        if sha256_file(path) != published[path.name]:
            raise MismatchError(f"{path.name} is not the published one", "what made it cannot be compared")
    if not tarballs:
        raise MismatchError("no tarball came out", "what should have made it cannot be compared")
