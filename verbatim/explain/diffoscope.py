"""Comparing two files with diffoscope.

The files may be hostile. diffoscope and the many programs that it calls see only them, in the sandbox, and
have limits.
"""

from __future__ import annotations

import re

from verbatim.caches import WORK
from verbatim.compare.archives import ArchiveForm, form_of, uncompressed_name
from verbatim.compare.comparison import File
from verbatim.engines.protocol import Job
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.rootfs import Root
from verbatim.errors import IntegrityError
from verbatim.explain.findings import Finding, read_findings
from verbatim.sandboxing.limits import JobLimits
from verbatim.scratch import scratch
from verbatim.stages.recipe import Recipe

#: The part of the time after which diffoscope opens nothing more, so that it can report what it has found.
_SOFT = 0.8

_ENDS = {"": ".tar", "gzip": ".tar.gz", "xz": ".tar.xz", "bzip2": ".tar.bz2"}
#: Names that a file may have in the sandbox: diffoscope uses some of them to detect formats.
_SPEAKING_NAME = re.compile(r"(?!\.)[A-Za-z0-9._+~-]{1,200}")


def look_into(first: File, second: File, root: Root, limits: JobLimits) -> tuple[list[Finding], bool]:
    """The findings in two available files, and whether these are all; ``root`` is diffoscope's environment.

    Tar archives in different compressions are compared uncompressed. Raises LimitError,
    IntegrityError if diffoscope fails, and CapabilityError if this machine cannot run it.
    """
    forms = [form_of(file.path, file.name) for file in (first, second) if file.path is not None]
    is_one_form = forms[0] == forms[1] or {form.kind for form in forms} != {"tar"}
    streams = [] if is_one_form else ["streams=yes"]
    status, output = _run(first, second, streams, root, limits)
    how = [form.compression or "none" for form in forms]
    compressions = [Finding((), "compression", (f"-{how[0]}", f"+{how[1]}"))] if streams else []
    if status == 0 and streams:
        return compressions, True
    if status == 0:
        raise IntegrityError("diffoscope finds no difference, though the files are not identical")
    if status != 1:
        complaint = output.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise IntegrityError(
            f"diffoscope failed with status {status}: {complaint[:500] or 'it printed nothing'}"
        )
    findings, is_whole = read_findings(output)
    return compressions + findings, is_whole


def _run(first: File, second: File, streams: list[str], root: Root, limits: JobLimits) -> tuple[int, bytes]:
    """diffoscope's exit status and output."""
    inputs = {
        f"{side}/{_inner_name(file.name, form_of(file.path, file.name))}": file.path.resolve()
        for side, file in (("a", first), ("b", second))
        if file.path is not None
    }
    recipe = Recipe.load("explain")
    words = [f"seconds={max(1, int(limits.seconds * _SOFT))}"]
    words += [f"{key}=/in/{name}" for key, name in zip(("first", "second"), inputs, strict=True)]
    with scratch(WORK.folder) as work:
        for folder in ("build", "output"):
            (work / folder).mkdir()
        job = Job(
            argv=recipe.argv(*words, *streams),
            root=root,
            epoch=0,
            inputs={**inputs, **recipe.inputs},
            output=work / "output",
            build=work / "build",
            log=work / "log",
        )
        return Sandbox(limits=limits).run(job), job.log.read_bytes()


def _inner_name(name: str, form: ArchiveForm) -> str:
    """A file's name in the sandbox: diffoscope and the recipe use the ending of a tar archive's name."""
    end = _ENDS[form.compression] if form.kind == "tar" else ""
    stem = uncompressed_name(name) if end else name
    return f"{stem if _SPEAKING_NAME.fullmatch(stem) else 'file'}{end}"
