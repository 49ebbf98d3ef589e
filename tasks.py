"""The Invoke tasks. Each is a few lines that call into the package; ``./invoke --list`` shows them all.

What takes long to import, and only some tasks need, is imported in them: nobody else shall wait for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.loader import FilesystemLoader
from invoke.tasks import task

from verbatim import console
from verbatim.build.stages import choose_stages, packed_stage
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
from verbatim.process.against_git import check_against_git
from verbatim.process.build import Request, build_stages
from verbatim.process.clean import clean_cache
from verbatim.process.doctor import examine
from verbatim.process.rebuild import rebuild_last
from verbatim.program import framed
from verbatim.release import Release
from verbatim.report.against_git import show_against_git
from verbatim.report.checks import show_checks
from verbatim.report.environments import show_environments
from verbatim.report.outcome import show_outcomes
from verbatim.report.rebuild import show_rebuilt
from verbatim.report.reference import commands_page
from verbatim.sources.choose import SourceChoice
from verbatim.store import Store

if TYPE_CHECKING:
    from verbatim.process.attest import Author
    from verbatim.process.compare import AnyCompared

_JOBS = os.cpu_count() or 1


@task(
    auto_shortflags=False,
    help={
        "version": "such as 3.13.5, 3.14.0rc1 or 3.15.0b4",
        "artifacts": "source, docs, or a target such as linux-x86_64; several with commas between; or all",
        "formats": "of the documentation, with commas between them; all of them if left out",
        "optimize": "the targets' interpreters: pgo, by training where that can be done, or none, which is quicker",
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
    optimize: str = "pgo",
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
    stages = choose_stages(release, artifacts, formats, optimize)
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
        "optimize": "as for build",
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
    optimize: str = "pgo",
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
    *before, stage = choose_stages(release, artifacts, formats, optimize)
    if len(before) > (0 if stage.target is None else 1):
        raise UsageError(f"--artifacts {artifacts} names several stages", "rebuild one after the other")
    requests = [Request(release, each, choice, folder, [Sandbox()]) for each in (*before, stage)]
    rebuilt = rebuild_last(requests, variations, fetcher)
    show_rebuilt(rebuilt, as_json=json)
    rebuilt.refuse_difference()
    rebuilt.built.refuse_difference()


@task(
    auto_shortflags=False,
    help={
        "version": "the version that was built",
        "artifacts": "which targets' trees to test, with commas between them",
        "tests": "only these modules of CPython's test suite, with commas between them; also pip, what pip installs, and roots, running elsewhere",
        "output": "the folder with the folder VERSION that was built",
        "offline": "fetch nothing: use what is in the cache",
        "jobs": "downloads at a time",
        "json": "print the result as JSON",
    },
)
@framed
def test_artifact(
    context: Context,
    version: str = "",
    artifacts: str = "",
    tests: str = "",
    output: str = "dist",
    offline: bool = False,
    jobs: int = _JOBS,
    json: bool = False,
) -> None:
    """Test a tree that was built for a platform: by CPython's own tests, and by what pip installs with it."""
    from verbatim.build.suite import choose_suites
    from verbatim.process.suite import run_suite
    from verbatim.report.suite import show_tested

    release, folder = Release.parse(version), _output(output)
    fetcher = _fetcher(offline=offline, jobs=jobs)
    suites = choose_suites(release, artifacts, tests)
    tested = [run_suite(release, suite, folder / release.version, fetcher) for suite in suites]
    show_tested(tested, as_json_=json)
    for each in tested:
        each.refuse_failure()


_EXPLAINING = {
    "explain": "look into what is not identical with diffoscope, and write a page with the likely causes",
    "html": "with --explain, the page's file; explanation.html if left out",
}


@task(
    auto_shortflags=False,
    help={
        "version": "the version to rebuild and compare",
        "artifacts": "as for build",
        "formats": "as for build",
        "optimize": "as for build",
        "against": "a file or a folder that you have downloaded, in place of what is served now",
        "quick": "of the source tarballs, make and compare only the tar stream, and write nothing",
        "against-git": "rebuild nothing: hold each member of the source tarballs against the commit's tree",
        "source": "as for build",
        "commit": "as for build",
        "engine": "as for build",
        "output": "as for build",
        "offline": "fetch nothing: use what is in the cache",
        "jobs": "downloads at a time",
        "json": "print the result as JSON",
        **_EXPLAINING,
    },
)
@framed
def verify(
    context: Context,
    version: str = "",
    artifacts: str = "source",
    formats: str = "",
    optimize: str = "pgo",
    against: str | None = None,
    quick: bool = False,
    against_git: bool = False,
    source: str = "auto",
    commit: str | None = None,
    engine: str = "sandbox",
    output: str = "dist",
    offline: bool = False,
    jobs: int = _JOBS,
    json: bool = False,
    explain: bool = False,
    html: str = "",
) -> None:
    """Rebuild a release here and compare it with what python.org serves now, artifact by artifact."""
    from verbatim.process.verify import verifying, verifying_quickly
    from verbatim.report.verify import show_verified

    fetcher, folder = _fetcher(offline=offline, jobs=jobs), _output(output)
    page = _page(explain, html)
    release, choice = Release.parse(version), SourceChoice(source, commit)
    engines = choose_engines(engine)
    published = _named("--against", against) if against is not None else None
    if (quick or against_git) and artifacts != "source":
        raise UsageError("--quick and --against-git are for the source tarballs", "leave --artifacts out")
    if against_git:
        if quick or explain or len(engines) > 1:
            raise UsageError("--against-git takes one engine, no --quick and no --explain", "leave them out")
        checked = check_against_git(release, choice, published, fetcher, engines[0])
        show_against_git(checked, as_json=json)
        checked.refuse_difference()
        return
    stages = [packed_stage(release)] if quick else choose_stages(release, artifacts, formats, optimize)
    requests = [Request(release, stage, choice, folder, engines) for stage in stages]
    with (
        verifying_quickly(requests[0], fetcher, published)
        if quick
        else verifying(requests, fetcher, published)
    ) as verified:
        # Only in here is what was downloaded at hand.
        show_verified(_explained(verified, page, fetcher), as_json=json)
    verified.refuse_difference()


@task(
    auto_shortflags=False,
    help={
        "first": "a folder of results, a SHA256SUMS file, a statement, or a single file",
        "second": "another one",
        "json": "print the result as JSON",
        **_EXPLAINING,
    },
)
@framed
def compare(
    context: Context, first: str, second: str, json: bool = False, explain: bool = False, html: str = ""
) -> None:
    """Compare two builds, artifact by artifact, and archives member by member."""
    from verbatim.process.compare import compare_builds
    from verbatim.report.comparison import show_compared

    page = _page(explain, html)
    compared = compare_builds(_named("FIRST", first), _named("SECOND", second))
    show_compared(_explained(compared, page, _fetcher()), as_json=json)
    compared.refuse_difference()


_SIGNING = {
    "version": "the version",
    "attestations": "the folder that gets a folder VERSION with what is signed",
    "as_": "the rebuilder's name, as in the policy",
    "key": "the file of the rebuilder's key",
    "identity": "sign with an identity that Sigstore certifies, in place of a key",
    "trust-config": "the file of another Sigstore than the public one",
}


@task(
    auto_shortflags=False,
    help={
        "key": "the new file",
        "as_": "the rebuilder's name, as it shall stand in policies",
        "protect": "ask for a passphrase",
    },
)
@framed
def keygen(context: Context, key: str = "", as_: str = "", protect: bool = False) -> None:
    """Make a rebuilder's key, and print what a policy needs of it."""
    from verbatim.evidence.keys import check_name, create_key

    name = check_name(as_)
    passphrase = console.new_secret("a passphrase for the new key: ") if protect else ""
    public = create_key(_named("--key", key), passphrase)
    console.result(f"[rebuilders.{name}]")
    console.result('kind = "own-machine"')
    console.result(f'keys = [{{ ed25519 = "{public}" }}]')


@task(
    auto_shortflags=False,
    help={
        **_SIGNING,
        "artifacts": "which stages' statements; all that are there if left out",
        "output": "the folder with the folder VERSION that was built",
    },
)
@framed
def attest(
    context: Context,
    version: str = "",
    artifacts: str = "",
    as_: str = "",
    key: str = "",
    identity: bool = False,
    trust_config: str = "",
    output: str = "dist",
    attestations: str = "attestations",
) -> None:
    """Sign the statements of what was built here; also where it is not what was published."""
    from verbatim.process.attest import attest_stages
    from verbatim.report.attestations import show_attested

    release, author = Release.parse(version), _author(as_, key, identity, trust_config)
    built = _output(output) / release.version
    attested = attest_stages(
        release,
        artifacts,
        built,
        attestations=Path(attestations),
        author=author,
        store=Store(cache_directory()),
    )
    show_attested(attested, author.name)


@task(
    auto_shortflags=False,
    help={
        **_SIGNING,
        "statement": "the SHA-256 of the statement that was signed",
        "reason": "why, in a sentence",
    },
)
@framed
def withdraw(
    context: Context,
    version: str = "",
    statement: str = "",
    reason: str = "",
    as_: str = "",
    key: str = "",
    identity: bool = False,
    trust_config: str = "",
    attestations: str = "attestations",
) -> None:
    """Take back, for good, a statement that one has signed."""
    from verbatim.process.attest import withdraw_statement

    release, author = Release.parse(version), _author(as_, key, identity, trust_config)
    path = withdraw_statement(release, statement, reason, Path(attestations), author)
    console.result(str(path or "it is withdrawn already"))


@task(
    auto_shortflags=False,
    help={
        "version": "the version",
        "all_": "every version: that each file is what it should be, and that none was changed or removed",
        "attestations": "the folder with a folder for each version",
        "policy": "whose word counts; the attestations' own policy.toml if left out",
        "trust-config": "the file of another Sigstore than the public one",
        "html": "write the matrix to this file, as a page",
        "json": "print the result as JSON",
    },
)
@framed
def check(
    context: Context,
    version: str = "",
    all_: bool = False,
    attestations: str = "attestations",
    policy: str = "",
    trust_config: str = "",
    html: str = "",
    json: bool = False,
) -> None:
    """Say who attested what, and whether it is enough for a release."""
    from verbatim.process.check import POLICY, Trust, check_all, check_history, check_release
    from verbatim.report.attestations import show_all, show_checked, write_page

    folder, today = Path(attestations), datetime.now(UTC).date()
    trust = Trust.load(
        Path(policy) if policy else folder / POLICY, Path(trust_config) if trust_config else None
    )
    if all_:
        releases = check_all(folder, trust, today=today)
        # Before anything is shown: a matrix without an objection that was removed would be a lie.
        check_history(folder)
        show_all(releases)
        for each in releases:
            each.refuse_files()
        return
    checked = check_release(Release.parse(version), folder, trust, today=today)
    check_history(folder, checked.matrix.version)
    show_checked(checked, as_json=json)
    if html:
        write_page(checked, Path(html))
    checked.refuse_files()
    checked.refuse_lack()


@task(
    auto_shortflags=False,
    help={
        "version": "the version",
        "step": "check, run or verify",
        "release": "the folder that holds dist/VERSION/ and attestations/VERSION/",
        "policy": "whose word counts, and what may be signed; that in your own configuration if left out",
        "trust-config": "the file of another Sigstore than the public one",
    },
)
@framed
def sign(
    context: Context,
    version: str = "",
    step: str = "run",
    release: str = ".",
    policy: str = "",
    trust_config: str = "",
) -> None:
    """Hand a release over to the signing stage, a program of its own: see signing/README.md."""
    command = [str(PROJECT / "signing" / "sign"), step, "--version", version]
    named = {"--policy": policy, "--trust-config": trust_config}
    options = [part for name, path in named.items() if path for part in (name, path)]
    done = subprocess.run([*command, *options, "--", release], check=False)
    if done.returncode != 0:
        raise Exit(code=done.returncode)


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
    from verbatim.process.image import provide_image

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
        return
    chosen = "not slow" if integration else "not (integration or slow)"
    # Two files at a time, in their order: what takes longest comes first.
    together = ("--numprocesses=auto", "--maxprocesses=2", "--dist=loadfile", "--no-loadscope-reorder")
    _run(context, "pytest", *together, "--durations=25", "-m", chosen, "tests")
    # The signing stage is tested to its last branch.
    settings = "--rcfile=signing/pyproject.toml"
    _run(context, "coverage", "run", settings, "-m", "pytest", "-m", chosen, "signing/tests")
    _run(context, "coverage", "report", settings, "--fail-under=100", "--skip-covered", "--show-missing")


@task(
    auto_shortflags=False,
    help={"which": "modules, or how mutants' names begin, with commas between; all if left out"},
)
def mutants(context: Context, which: str = "") -> None:
    """Alter what the signing stage checks, bit by bit, and see that its tests notice (an hour or more)."""
    _run(context, "tests.mutation", *(which.split(",") if which else []))


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


@task(
    auto_shortflags=False,
    help={
        "stage": "source, docs, linux or speed; all if left out",
        "rounds": "how often what is compared is repeated; what takes many minutes is repeated less often",
    },
)
def benchmark(context: Context, stage: str = "", rounds: int = 5) -> None:
    """Measure side by side with the peers and write the figures to benchmarks/README.md."""
    chosen = ["--stage", stage] if stage else []
    _run(context, "benchmarks", "--rounds", str(rounds), *chosen)


def _output(output: str) -> Path:
    return _named("--output", output)


def _named(option: str, path: str) -> Path:
    if not path:
        raise UsageError(f"{option} is empty", "name a file or a folder")
    return Path(path)


def _page(explain: bool, html: str) -> Path | None:
    """The file that gets an explanation, if there shall be one."""
    if html and not explain:
        raise UsageError("--html is for what --explain finds", "add --explain")
    return Path(html or "explanation.html") if explain else None


def _explained(compared: AnyCompared, page: Path | None, fetcher: Fetcher) -> AnyCompared:
    if page is None:
        return compared
    from verbatim.process.explain import explain
    from verbatim.report.explanation import write_explanation

    explained = explain(compared, fetcher)
    write_explanation(explained, page)
    return explained


def _author(as_: str, key: str, identity: bool, trust_config: str) -> Author:
    from verbatim.evidence.keys import check_name, is_protected, load_signer
    from verbatim.process.attest import identified, keyed

    name = check_name(as_)
    if identity == bool(key):
        raise UsageError("one of --key and --identity is needed", "name a key, or use an identity")
    if identity:
        return identified(name, Path(trust_config) if trust_config else None)
    path = Path(key)
    passphrase = console.secret(f"the passphrase of {path}: ") if is_protected(path) else ""
    return keyed(name, load_signer(path, passphrase))


def _fetcher(*, offline: bool = False, jobs: int = _JOBS) -> Fetcher:
    if jobs < 1:
        raise UsageError(f"--jobs is {jobs}, expected at least 1")
    return Fetcher(Store(cache_directory()), offline=offline, jobs=jobs)


def _run(context: Context, module: str, *arguments: str) -> None:
    """Run one of the development tools of this environment in the project's folder."""

    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=PROJECT, check=False)
    if done.returncode != 0:
        raise Exit(code=done.returncode)
