"""Commands about this machine: what it can run, and what the cache holds."""

from __future__ import annotations

from invoke.context import Context

from verbatim import console
from verbatim.cli.command import command
from verbatim.errors import CapabilityError, UsageError
from verbatim.paths import cache_directory


@command()
def doctor(context: Context, offline: bool = False) -> None:
    """Check what this machine can run; for what it cannot, print the check that failed and what to do.

    With `--offline` it does not try any address.

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


@command()
def version(context: Context) -> None:
    """Print Verbatim's version and, if this checkout has one, its commit.

    Example:

        ./invoke version
    """
    from verbatim import __version__
    from verbatim.commands.checkout import checkout_commit

    commit = checkout_commit()
    console.result(f"Verbatim {__version__}" + (f", commit {commit}" if commit else ""))


@command(
    keep_downloads="keep the downloads, and remove only what was made from them",
    older_than="remove only what was not used for so many days",
    docker="also remove the environments' images from the Docker daemon",
)
def clean(context: Context, keep_downloads: bool = False, older_than: int = 0, docker: bool = False) -> None:
    """Remove what the cache holds.

    Example:

        ./invoke clean --keep-downloads --older-than 30
    """
    from verbatim.commands.clean import clean_cache
    from verbatim.engines.daemon import remove_images

    if older_than < 0:
        raise UsageError(f"--older-than {older_than} is not a number of days", "give 1 or more")
    freed = clean_cache(cache_directory(), downloads=not keep_downloads, days=older_than)
    console.result(f"{console.human_size(freed)} freed in {cache_directory()}")
    if docker:
        removed = remove_images(days=older_than)
        console.result(f"removed from Docker: {', '.join(removed) or 'nothing'}")
