"""The sandbox: bubblewrap from the environment's own lock, laid out by `host_programs`.

Nothing needs to be installed, there is no daemon, and no root is needed: only user namespaces. The
options are those of bwrap(1).
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from io import BufferedReader
from pathlib import Path
from typing import cast

from verbatim.caches import WORK
from verbatim.capabilities import Check, sandbox_checks, sandbox_refusal
from verbatim.engines.conditions import NO_HOME, BuildConditions
from verbatim.engines.log import follow
from verbatim.engines.protocol import Job
from verbatim.environments.architecture import is_this_machine
from verbatim.environments.host_programs import BUBBLEWRAP, lay_out
from verbatim.errors import CapabilityError
from verbatim.programs import readable
from verbatim.sandboxing import seccomp
from verbatim.sandboxing.bubblewrap import Confinement
from verbatim.sandboxing.launcher import Task
from verbatim.sandboxing.limits import JobLimits
from verbatim.scratch import scratch

#: Bytes of the log that are read at a time.
_PIECE = 1 << 16


class Sandbox:
    """Runs jobs in user namespaces on this machine."""

    name = "sandbox"

    def __init__(self, conditions: BuildConditions | None = None, limits: JobLimits | None = None) -> None:
        """``conditions`` are the contract's if left out; without ``limits`` a job has none."""
        self._conditions = conditions or BuildConditions()
        self._limits = limits

    @property
    def location(self) -> str:
        """See `Engine.location`."""
        return ""

    def checks(self) -> list[Check]:
        """Linux on an architecture with environments, and all that bubblewrap needs, tried out."""
        return [_check_machine(), *sandbox_checks()]

    def run(self, job: Job) -> int:
        """See `Engine.run`; raises LimitError if the job has limits and exceeds its time or its output."""
        conditions, limits = self._conditions, self._limits
        architecture = job.root.environment.lock.architecture
        if not is_this_machine(architecture):
            raise CapabilityError(
                f"environment {job.root.environment.name} is for {architecture}, this machine is {platform.machine()}",
                "build on a machine of that architecture",
            )
        status_reader, status_writer = os.pipe()
        with (
            open(status_reader, encoding="ascii") as status,
            job.log.open("wb") as log,
            ExitStack() as held,
        ):
            try:
                refused_calls = held.enter_context(readable(seccomp.program()))
                files = {
                    path: held.enter_context(readable(text.encode()))
                    for path, text in conditions.files.items()
                }
                private = held.enter_context(scratch(WORK.folder))
                bubblewrap = lay_out(BUBBLEWRAP, job.root.environment.lock, private)
                options = _options(
                    job, conditions, limits, status=status_writer, refused_calls=refused_calls, files=files
                )
                task = _task(job, conditions, limits, held)
                process = subprocess.Popen(
                    task.command([*bubblewrap, *options, "--", *job.argv]),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=[status_writer, refused_calls, *files.values()],
                    env={},
                    umask=conditions.umask,
                )
            finally:
                os.close(status_writer)
            with process:
                output = cast(BufferedReader, process.stdout)
                pieces = iter(lambda: output.read1(_PIECE), b"")
                try:
                    with limits.timed(process.kill) if limits else nullcontext():
                        follow(limits.counted(pieces) if limits else pieces, log, job.on_line)
                        process.wait()
                except BaseException:
                    # When bubblewrap ends, so does all that runs inside; the pipe ends with the last of them.
                    process.kill()
                    output.read()
                    raise
            reported = status.read()
        return _exit_status(reported, process.returncode, job.log)


def _task(job: Job, conditions: BuildConditions, limits: JobLimits | None, held: ExitStack) -> Task:
    """The task for the launcher: what bubblewrap cannot do itself."""
    behind = tempfile.TemporaryDirectory(dir=job.build.parent) if conditions.reorder else nullcontext("")
    return Task(
        parent=os.getpid(),
        cpus=sorted(conditions.cpus or ()),
        personality=conditions.personality,
        domain=conditions.domain,
        in_memory=str(job.build) if conditions.in_memory or limits else "",
        space=limits.space if limits else 0,
        files=limits.files if limits else 0,
        reordered=[str(path) for path in (*job.inputs.values(), job.build) if path.is_dir()],
        reorder=list(conditions.reorder),
        behind=held.enter_context(behind),
    )


def _options(
    job: Job,
    conditions: BuildConditions,
    limits: JobLimits | None,
    *,
    status: int,
    refused_calls: int,
    files: Mapping[str, int],
) -> list[str]:
    confinement = Confinement(
        job.root.path,
        refused_calls,
        uid=conditions.uid,
        gid=conditions.gid,
        host=conditions.host,
        folder=conditions.build_path,
        variables=conditions.environment(job.environment),
    )
    more = ["--json-status-fd", str(status)]
    for file, descriptor in sorted(files.items()):
        more += ["--ro-bind-data", str(descriptor), file]
    # /in is a small file system of its own, so that there are mount points for the inputs.
    more += ["--tmpfs", "/in"]
    for name, path in sorted({**job.inputs, **conditions.more_inputs}.items()):
        more += ["--ro-bind", str(path), f"/in/{name}"]
    more += ["--remount-ro", "/in", "--ro-bind" if limits else "--bind", str(job.output), "/out"]
    if limits:
        more += ["--remount-ro", "/tmp"]  # noqa: S108 - it has no limit of its own
    for mount_point, size in sorted(conditions.file_systems.items()):
        more += ["--size", str(size), "--tmpfs", mount_point]
    more += ["--bind", str(job.build), conditions.build_path]
    if conditions.home not in (conditions.build_path, NO_HOME):
        more += ["--tmpfs", conditions.home]
    return confinement.options(more)


def _exit_status(report: str, returncode: int, log: Path) -> int:
    """The job's own status, as bubblewrap reports it; without a report, the job was never started."""
    for line in report.splitlines():
        status = json.loads(line).get("exit-code")
        if isinstance(status, int):
            return status
    if returncode < 0:
        return 128 - returncode
    complaint = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    raise sandbox_refusal(complaint or f"it ended with {returncode}")


def _check_machine() -> Check:
    machine = f"{platform.system()} {platform.machine()}"
    return Check(
        "sandbox: Linux on x86-64",
        sys.platform == "linux" and is_this_machine("amd64"),
        machine,
        "build on such a machine, or in a virtual one",
    )
