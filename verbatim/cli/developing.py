"""Commands for whoever works on Verbatim itself."""

from __future__ import annotations

import subprocess
import sys

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.loader import FilesystemLoader

from verbatim import console
from verbatim.cli.command import command
from verbatim.cli.values import fetcher_for, named
from verbatim.paths import PROJECT


@command(
    integration="the tests that need the network and real archives as well (some minutes)",
    slow="only those that need hours",
)
def test(context: Context, integration: bool = False, slow: bool = False) -> None:
    """Run the tests.

    Example:

        ./invoke test --integration
    """
    if slow:
        _run("pytest", "-m", "slow")
        return
    chosen = "not slow" if integration else "not (integration or slow)"
    # Two files at a time, in their order: what takes longest comes first.
    together = ("--numprocesses=auto", "--maxprocesses=2", "--dist=loadfile", "--no-loadscope-reorder")
    _run("pytest", *together, "--durations=25", "-m", chosen, "tests")
    # The signing stage is tested to its last branch.
    settings = "--rcfile=signing/pyproject.toml"
    _run("coverage", "run", settings, "-m", "pytest", "-m", chosen, "signing/tests")
    _run("coverage", "report", settings, "--fail-under=100", "--skip-covered", "--show-missing")


@command(which="modules, or how mutants' names begin, with commas between; all if left out")
def mutants(context: Context, which: str = "") -> None:
    """Alter what the signing stage checks, bit by bit, and check that its tests notice (an hour or more).

    Example:

        ./invoke mutants --which check,files.Folder
    """
    _run("tests.mutation", *(which.split(",") if which else []))


@command()
def lint(context: Context) -> None:
    """Check format, style and types.

    Example:

        ./invoke lint
    """
    _run("ruff", "format", "--check", ".")
    _run("ruff", "check", ".")
    _run("mypy")


@command()
def reference(context: Context) -> None:
    """Write docs/reference/commands.md and json.md, and tests/golden/, again, from the code.

    The golden files are what a user sees of the command line: read their difference before you commit it.

    Example:

        ./invoke reference
    """
    from verbatim.report.json_reference import json_page
    from verbatim.report.reference import commands_page

    module, _ = FilesystemLoader(start=str(PROJECT)).load("tasks")
    pages = {"commands.md": commands_page(Collection.from_module(module)), "json.md": json_page()}
    for name, page in pages.items():
        (PROJECT / "docs" / "reference" / name).write_text(page, encoding="utf-8")
    _run("tests.golden", *sorted(Collection.from_module(module).task_names))


@command(output="the folder for the site; a former site in there is replaced")
def docs(context: Context, output: str = "site") -> None:
    """Make a site of these pages, with a search, by Sphinx in an environment of its own.

    Example:

        ./invoke docs --output site
    """
    from verbatim.commands.site import build_site

    folder = named("--output", output)
    build_site(folder, fetcher_for())
    console.note(f"the site begins at {folder / 'index.html'}")


@command(
    stage="source, docs, linux or speed; all if left out",
    rounds="how often to repeat each comparison; those that take many minutes are repeated less often",
)
def benchmark(context: Context, stage: str = "", rounds: int = 5) -> None:
    """Measure side by side with the peers and write the figures to benchmarks/README.md.

    Example:

        ./invoke benchmark --stage source --rounds 3
    """
    chosen = ["--stage", stage] if stage else []
    _run("benchmarks", "--rounds", str(rounds), *chosen)


def _run(module: str, *arguments: str) -> None:
    """Run one of this environment's development tools in the project's folder; raises Exit with its status."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=PROJECT, check=False)
    if done.returncode != 0:
        raise Exit(code=done.returncode)
