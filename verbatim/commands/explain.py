"""``--explain``: what differs between the files of a comparison that are not identical, and the likely cause of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from verbatim import console
from verbatim.commands.compare import AnyCompared, Compared
from verbatim.compare.comparison import File
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root, ensure_root
from verbatim.errors import CapabilityError, IntegrityError, NetworkError, UsageError
from verbatim.explain.diffoscope import look_into
from verbatim.explain.explanation import Explanation, explain_findings
from verbatim.fetch import Fetcher
from verbatim.sandboxing.limits import JobLimits, LimitError

#: For one pair: ten minutes, 32 MB of report, 3 GB in 300,000 files to unpack into.
LIMITS = JobLimits(seconds=600, output_bytes=32 << 20, space=3 << 30, files=300_000)
#: Seconds for all pairs together.
SECONDS = 1_800


def explain(
    compared: AnyCompared, fetcher: Fetcher, *, limits: JobLimits = LIMITS, seconds: float = SECONDS
) -> AnyCompared:
    """A comparison with its unequal pairs explained as far as possible; its verdicts do not change.

    ``limits`` are for each pair, ``seconds`` for all of them. Raises IntegrityError if diffoscope's environment is not
    what its lock says.
    """
    return replace(compared, explanations=_explanations(compared, fetcher, limits, seconds))


def _explanations(
    compared: Compared, fetcher: Fetcher, limits: JobLimits, seconds: float
) -> Mapping[str, Explanation]:
    """The explanations by the artifacts' names."""
    if not compared.unequal:
        return {}
    try:
        root = ensure_root(Environment(environment_folder("diffoscope")), fetcher)
    except (NetworkError, CapabilityError, UsageError) as error:
        return {name: Explanation(unseen=error.message) for name, *_ in compared.unequal}
    end = time.monotonic() + seconds
    explanations = {}
    with console.progress(
        "explaining the differences", total=len(compared.unequal), unit="things"
    ) as advance:
        for name, first, second in compared.unequal:
            rest = min(limits.seconds, end - time.monotonic())
            explanations[name] = _explain(first, second, root, replace(limits, seconds=rest))
            advance(1)
    return explanations


def _explain(first: File, second: File, root: Root, limits: JobLimits) -> Explanation:
    if limits.seconds <= 0:
        return Explanation(unseen="the time limit for all artifacts together was reached")
    try:
        return explain_findings(*look_into(first, second, root, limits))
    except (LimitError, IntegrityError, CapabilityError) as error:
        return Explanation(unseen=error.message)
