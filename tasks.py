"""The Invoke tasks. Each is a few lines that call into the package; ``./invoke --list`` shows them all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.loader import FilesystemLoader
from invoke.tasks import task

from verbatim import console
from verbatim.build.stages import choose_stages
from verbatim.build.vary import choose_variations
from verbatim.engines.choose import NAMES, choose_engines, engine
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.definition import environment_folder, environment_names
from verbatim.environments.lock import Environment
from verbatim.environments.resolve import write_lock
from verbatim.environments.rootfs import ensure_root
from verbatim.errors import CapabilityError, UsageError
from verbatim.fetch import Fetcher
from verbatim.paths import PROJECT, cache_directory
from verbatim.process.build import Request, build_stages
from verbatim.process.clean import clean_cache
from verbatim.process.doctor import examine
from verbatim.process.rebuild import rebuild_last
from verbatim.program import framed
from verbatim.release import Release
from verbatim.report.checks import show_checks
from verbatim.report.environments import show_environments
from verbatim.report.outcome import show_outcomes
from verbatim.report.rebuild import show_rebuilt
from verbatim.report.reference import commands_page
from verbatim.sources.choose import SourceChoice
from verbatim.store import Store

_JOBS = os.cpu_count() or 1


@task(
    auto_shortflags=False,
    help={
        "version": "such as 3.13.5, 3.14.0rc1 or 3.15.0b4",
        "artifacts": "source, docs, or a target such as linux-x86_64; several with commas between; or all",
        "formats": "of the documentation, with commas between them; all of them if left out",
        "source": "auto, git, tarball, a git repository, a .tgz or .tar.xz, or the address of one",
        "commit": "build from this commit (all 40 digits); the version's tag must not point elsewhere",
        "engine": "sandbox, docker or nix; several with commas between; or all that this machine has",
        "builders": "hand Nix's work to these remote builders, as in nix.conf(5)",
        "output": "the folder that gets a folder VERSION with the results; from the current folder on",
        "offline": "fetch nothing: use what is in the cache",
        "jobs": "downloads at a time",
        "json": "print the result as JSON",
    },
)
@framed
def build(
    context: Context,
    version: str = "",
    artifacts: str = "source",
    formats: str = "",
    source: str = "auto",
    commit: str | None = None,
    engine: str = "sandbox",
    builders: str = "",
    output: str = "dist",
    offline: bool = False,
    jobs: int = _JOBS,
    json: bool = False,
) -> None:
    """Build a release's artifacts and compare them with the published ones."""
    fetcher, folder = _fetcher(offline=offline, jobs=jobs), _output(output)
    release, choice = Release.parse(version), SourceChoice(source, commit)
    stages = choose_stages(release, artifacts, formats)
    engines = choose_engines(engine, builders=builders)
    outcomes = build_stages([Request(release, stage, choice, folder, engines) for stage in stages], fetcher)
    show_outcomes(outcomes, as_json=json)
    for outcome in outcomes:
        outcome.refuse_difference()


@task(
    auto_shortflags=False,
    help={
        "version": "the version that was built, or is to be built first",
        "artifacts": "source, docs, or a target",
        "formats": "as for build",
        "vary": "what to vary: names with commas between them, or all",
        "source": "as for build",
        "commit": "as for build",
        "output": "the folder with the folder VERSION to compare with",
        "offline": "fetch nothing: use what is in the cache",
        "jobs": "downloads at a time",
        "json": "print the result as JSON",
    },
)
@framed
def rebuild(
    context: Context,
    version: str = "",
    artifacts: str = "source",
    formats: str = "",
    vary: str = "all",
    source: str = "auto",
    commit: str | None = None,
    output: str = "dist",
    offline: bool = False,
    jobs: int = _JOBS,
    json: bool = False,
) -> None:
    """Build again with the surroundings varied, compare, and name what a difference is due to."""
    fetcher, folder = _fetcher(offline=offline, jobs=jobs), _output(output)
    variations = choose_variations(vary)
    release, choice = Release.parse(version), SourceChoice(source, commit)
    *before, stage = choose_stages(release, artifacts, formats)
    if len(before) > (0 if stage.target is None else 1):
        raise UsageError(f"--artifacts {artifacts} names several stages", "rebuild one after the other")
    requests = [Request(release, each, choice, folder, [Sandbox()]) for each in (*before, stage)]
    rebuilt = rebuild_last(requests, variations, fetcher)
    show_rebuilt(rebuilt, as_json=json)
    rebuilt.refuse_difference()
    rebuilt.built.refuse_difference()


@task(auto_shortflags=False, help={"offline": "do not ask which addresses answer"})
@framed
def doctor(context: Context, offline: bool = False) -> None:
    """Say what this machine can run and, where it cannot, which check failed and what to do."""
    needed, helpful = examine(Sandbox(), [engine(name) for name in NAMES[1:]], offline=offline)
    show_checks(needed, helpful)
    if not all(check.passed for check in needed):
        raise CapabilityError("this machine cannot build yet", "see the remedies above")
    console.result("this machine can build")


@task(auto_shortflags=False, help={"environment": "the name of one environment; all of them if left out"})
@framed
def lock(context: Context, environment: str = "") -> None:
    """Resolve environments anew and write their lock.toml (for maintainers; needs Debian's apt)."""
    for name in [environment] if environment else environment_names():
        write_lock(environment_folder(name), _fetcher())


@task(auto_shortflags=False, help={"make": "make this environment's root, and print where it is"})
@framed
def environments(context: Context, make: str = "") -> None:
    """List the environments: packages, sizes, digests."""
    if make:
        console.result(str(ensure_root(Environment(environment_folder(make)), _fetcher()).path))
    else:
        show_environments()


@task(
    auto_shortflags=False,
    help={
        "environment": "the name of the environment",
        "load": "load it into Docker",
        "output": "write it to this file, as `docker load` takes it",
        "push": "push it to a registry, as HOST/NAME:TAG",
    },
)
@framed
def image(
    context: Context,
    environment: str = "",
    load: bool = False,
    output: str | None = None,
    push: str | None = None,
) -> None:
    """Make the image of an environment, whose digest the lock has; or only say what it is called."""
    # Docker's client and a registry's take a third of a second to import, which nobody else shall wait for.
    from verbatim.process.image import provide_image  # noqa: PLC0415

    provide_image(
        Environment(environment_folder(environment)),
        _fetcher(),
        load=load,
        output=Path(output) if output is not None else None,
        reference=push,
    )


@task(auto_shortflags=False, help={"keep-downloads": "remove only what was made from them"})
@framed
def clean(context: Context, keep_downloads: bool = False) -> None:
    """Remove what the cache holds."""
    freed = clean_cache(cache_directory(), downloads=not keep_downloads)
    console.result(f"{console.human_size(freed)} freed in {cache_directory()}")


@task(
    auto_shortflags=False,
    help={
        "integration": "the tests that need the network and real archives as well (some minutes)",
        "slow": "only those that need hours",
    },
)
def test(context: Context, integration: bool = False, slow: bool = False) -> None:
    """Run the tests."""
    if slow:
        _run(context, "pytest", "-m", "slow")
    else:
        _run(context, "pytest", "-m", "not slow" if integration else "not (integration or slow)")


@task
def lint(context: Context) -> None:
    """Check format, style and types."""
    _run(context, "ruff", "format", "--check", ".")
    _run(context, "ruff", "check", ".")
    _run(context, "mypy")


@task
def reference(context: Context) -> None:
    """Write docs/reference/commands.md anew, from the tasks and the errors."""
    path = PROJECT / "docs" / "reference" / "commands.md"
    # Loaded anew: Invoke has taken the options' help out of the tasks that it parsed for.
    module, _ = FilesystemLoader(start=str(PROJECT)).load("tasks")
    path.write_text(commands_page(Collection.from_module(module)), encoding="utf-8")


@task(help={"stage": "source or docs; both if left out"})
def benchmark(context: Context, stage: str = "") -> None:
    """Measure side by side with the peers and write the figures to benchmarks/README.md."""
    _run(context, "benchmarks", *(["--stage", stage] if stage else []))


def _output(output: str) -> Path:
    if not output:
        raise UsageError("--output is empty", "name a folder")
    return Path(output)


def _fetcher(*, offline: bool = False, jobs: int = _JOBS) -> Fetcher:
    if jobs < 1:
        raise UsageError(f"--jobs is {jobs}, expected at least 1")
    return Fetcher(Store(cache_directory()), offline=offline, jobs=jobs)


def _run(context: Context, module: str, *arguments: str) -> None:
    """Run one of the development tools of this environment in the project's folder."""

    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=PROJECT, check=False)
    if done.returncode != 0:
        raise Exit(code=done.returncode)
