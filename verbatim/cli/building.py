"""Commands that build, build again, and test what was built."""

from __future__ import annotations

import time

from invoke.context import Context

from verbatim import console
from verbatim.cli.command import command
from verbatim.cli.values import JOBS, fetcher_for, named
from verbatim.errors import UsageError


@command(builders="hand Nix's work to these remote builders, as in nix.conf(5)")
def build(
    context: Context,
    version: str = "",
    artifacts: str = "source",
    formats: str = "",
    optimize: str = "pgo",
    source: str = "auto",
    commit: str | None = None,
    engine: str = "sandbox",
    builders: str = "",
    output: str = "dist",
    offline: bool = False,
    jobs: int = JOBS,
    json: bool = False,
) -> None:
    """Build a release's artifacts and compare them with the published ones.

    `--artifacts all` builds all that the release can have. A file that is in the place of a result and has other bytes is
    not lost: it is moved aside, to `NAME.replaced-1`.

    Example:

        ./invoke build --version 3.13.5 --artifacts source,docs --formats html
    """
    from verbatim.commands.build import Request, build_stages
    from verbatim.engines.choose import choose_engines
    from verbatim.release import Release, unknown_release_hint
    from verbatim.report.build import show_build_results
    from verbatim.sources.choose import SourceChoice
    from verbatim.stages.choose import choose_stages

    started = time.monotonic()
    fetcher, folder = fetcher_for(offline=offline, jobs=jobs), named("--output", output)
    release, choice = Release.parse(version), SourceChoice(source, commit)
    if (hint := unknown_release_hint(release)) is not None:
        console.note(f"releases/published.toml does not have {release.version}; {hint}")
    stages = choose_stages(release, artifacts, formats, optimize)
    engines = choose_engines(engine, builders=builders)
    results = build_stages([Request(release, stage, choice, folder, engines) for stage in stages], fetcher)
    show_build_results(results, seconds=time.monotonic() - started, as_json=json)
    for result in results:
        result.raise_for_difference()


@command(vary="what to vary: names with commas between them, or all")
def rebuild(
    context: Context,
    version: str = "",
    artifacts: str = "source",
    formats: str = "",
    optimize: str = "pgo",
    vary: str = "all",
    source: str = "auto",
    commit: str | None = None,
    output: str = "dist",
    offline: bool = False,
    jobs: int = JOBS,
    json: bool = False,
) -> None:
    """Build again with the conditions varied, compare, and name the cause of a difference.

    It takes one stage, and builds it without variation first if `--output` does not have it.

    Example:

        ./invoke rebuild --version 3.13.5 --vary clock,cpus
    """
    from verbatim.commands.build import Request
    from verbatim.commands.rebuild import rebuild_last
    from verbatim.engines.sandbox import Sandbox
    from verbatim.release import Release
    from verbatim.report.rebuild import show_rebuilt
    from verbatim.sources.choose import SourceChoice
    from verbatim.stages.choose import choose_stages
    from verbatim.variation.variations import choose_variations

    fetcher, folder = fetcher_for(offline=offline, jobs=jobs), named("--output", output)
    variations = choose_variations(vary)
    release, choice = Release.parse(version), SourceChoice(source, commit)
    *before, stage = choose_stages(release, artifacts, formats, optimize)
    if len(before) > (0 if stage.target is None else 1):
        raise UsageError(f"--artifacts {artifacts} names several stages", "rebuild one after the other")
    requests = [Request(release, each, choice, folder, [Sandbox()]) for each in (*before, stage)]
    rebuilt = rebuild_last(requests, variations, fetcher)
    show_rebuilt(rebuilt, as_json=json)
    rebuilt.raise_for_difference()
    rebuilt.built.raise_for_difference()


@command(
    tests="only these modules of CPython's test suite, with commas between them; also pip (installing) and roots (running in other environments)"
)
def test_artifact(
    context: Context,
    version: str = "",
    artifacts: str = "",
    tests: str = "",
    output: str = "dist",
    offline: bool = False,
    jobs: int = JOBS,
    json: bool = False,
) -> None:
    """Test what was built for a platform: run CPython's own tests, and install packages with its pip.

    Example:

        ./invoke test-artifact --version 3.13.5 --artifacts linux-x86_64 --tests test_json,pip
    """
    from verbatim.commands.test_artifact import run_suite
    from verbatim.release import Release
    from verbatim.report.suite import show_tested, write_tested
    from verbatim.testing.suite import choose_suites

    release, folder = Release.parse(version), named("--output", output)
    fetcher = fetcher_for(offline=offline, jobs=jobs)
    suites = choose_suites(release, artifacts, tests)
    tested = []
    for suite in suites:
        tested.append(run_suite(release, suite, folder / release.version, fetcher))
        # At once: the next one may fail without a result.
        write_tested(tested[-1], folder / release.version)
    show_tested(tested, as_json=json)
    for each in tested:
        each.raise_for_failure()
