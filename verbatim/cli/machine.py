"""Commands about this machine: what it can run, and what the cache holds."""

from __future__ import annotations

from invoke.context import Context

from verbatim import console
from verbatim.cli.command import command
from verbatim.errors import CapabilityError
from verbatim.paths import cache_directory


@command()
def doctor(context: Context, offline: bool = False) -> None:
    """Say what this machine can run and, where it cannot, which check failed and what to do.

    With `--offline` it does not ask which addresses answer.

    Example:

        ./invoke doctor --offline
    """
    from verbatim.commands.doctor import examine
    from verbatim.engines.choose import NAMES, engine
    from verbatim.engines.sandbox import Sandbox
    from verbatim.report.checks import show_checks

    needed, helpful = examine(Sandbox(), [engine(name) for name in NAMES[1:]], offline=offline)
    show_checks(needed, helpful)
    if not all(check.passed for check in needed):
        raise CapabilityError("this machine cannot build yet", "see the remedies above")
    console.result("this machine can build")


@command(keep_downloads="remove only what was made from them")
def clean(context: Context, keep_downloads: bool = False) -> None:
    """Remove what the cache holds.

    Example:

        ./invoke clean --keep-downloads
    """
    from verbatim.commands.clean import clean_cache

    freed = clean_cache(cache_directory(), downloads=not keep_downloads)
    console.result(f"{console.human_size(freed)} freed in {cache_directory()}")
