"""Commands that compare: a rebuild with what was published, and one build with another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from verbatim.cli.command import command
from verbatim.cli.values import JOBS, fetcher_for, named, new_page, optional
from verbatim.errors import UsageError

if TYPE_CHECKING:
    from verbatim.commands.compare import AnyCompared
    from verbatim.fetch import Fetcher


@command(
    against="compare with this file or folder, which you have downloaded, instead of what is served now; may be repeated",
    quick="make and compare only the source tarballs' tar stream, and write nothing",
    against_git="rebuild nothing: compare each member of the source tarballs with the commit's tree",
    keyring="a file with the release managers' OpenPGP keys, to check the .asc of releases before 3.14",
)
def verify(
    context: Context,
    version: str = "",
    artifacts: str = "source",
    formats: str = "",
    optimize: str = "pgo",
    against: Sequence[str] | None = None,
    quick: bool = False,
    against_git: bool = False,
    keyring: str = "",
    attestations: str = "attestations",
    trust_config: str = "",
    source: str = "auto",
    commit: str | None = None,
    engine: str = "sandbox",
    output: str = "dist",
    offline: bool = False,
    jobs: int = JOBS,
    json: bool = False,
    explain: bool = False,
    html: str = "",
) -> None:
    """Rebuild a release here and compare it with what python.org serves now, artifact by artifact.

    Files after the command's name are ones that you have downloaded, as with `--against`; their contents say which version and
    which artifact they are. The page that `--explain` writes is `explanation.html`, or what `--html` names.

    Example:

        ./invoke verify Python-3.13.5.tar.xz
    """
    from verbatim.commands.against_git import check_against_git
    from verbatim.commands.build import Request
    from verbatim.commands.verify import (
        attestations_of,
        stages_of,
        verifying,
        verifying_quickly,
        version_of,
    )
    from verbatim.engines.choose import choose_engines
    from verbatim.published.signatures import Anchors
    from verbatim.release import Release
    from verbatim.report.against_git import show_against_git
    from verbatim.report.verification import show_verified
    from verbatim.sources.choose import SourceChoice
    from verbatim.stages.choose import choose_stages, packed_stage

    fetcher, folder = fetcher_for(offline=offline, jobs=jobs), named("--output", output)
    page = _page(explain, html)
    published = [named("--against", path) for path in against or ()]
    files = [path for path in published if path.is_file()]
    anchors = Anchors.load(optional(trust_config), optional(keyring))
    release, choice = Release.parse(version or version_of(files)), SourceChoice(source, commit)
    if files and artifacts == "source":
        artifacts, formats = stages_of(release, files)
    engines = choose_engines(engine)
    if (quick or against_git) and artifacts != "source":
        raise UsageError("--quick and --against-git are for the source tarballs", "leave --artifacts out")
    if against_git:
        if quick or explain or len(engines) > 1:
            raise UsageError("--against-git takes one engine, no --quick and no --explain", "leave them out")
        checked = check_against_git(release, choice, published, fetcher, engines[0])
        show_against_git(checked, as_json=json)
        checked.raise_for_difference()
        return
    today = datetime.now(UTC).date()
    attested = attestations_of(release, Path(attestations), optional(trust_config), today)
    stages = [packed_stage(release)] if quick else choose_stages(release, artifacts, formats, optimize)
    requests = [Request(release, stage, choice, folder, engines) for stage in stages]
    with (
        verifying_quickly(requests[0], fetcher, published, anchors)
        if quick
        else verifying(requests, fetcher, published, anchors)
    ) as verified:
        # The downloaded files exist only inside the block.
        complete = replace(verified, attested=attested)
        show_verified(_explained(complete, page, fetcher), as_json=json)
    verified.raise_for_difference()


@command(
    first="a folder of results, a SHA256SUMS file, a statement, or a single file",
    second="another one",
)
def compare(
    context: Context, first: str, second: str, json: bool = False, explain: bool = False, html: str = ""
) -> None:
    """Compare two builds, artifact by artifact, and archives member by member.

    The page that `--explain` writes is `explanation.html`, or what `--html` names.

    Example:

        ./invoke compare dist/3.13.5 other/dist/3.13.5 --json
    """
    from verbatim.commands.compare import compare_builds
    from verbatim.report.comparison import show_compared

    page = _page(explain, html)
    compared = compare_builds(named("FIRST", first), named("SECOND", second))
    show_compared(_explained(compared, page, fetcher_for()), as_json=json)
    compared.raise_for_difference()


def _page(explain: bool, html: str) -> Path | None:
    """The file to write an explanation to; None without ``--explain``."""
    if html and not explain:
        raise UsageError("--html is for what --explain finds", "add --explain")
    return new_page(html or "explanation.html") if explain else None


def _explained(compared: AnyCompared, page: Path | None, fetcher: Fetcher) -> AnyCompared:
    if page is None:
        return compared
    from verbatim.commands.explain import explain
    from verbatim.report.explanation import write_explanation

    explained = explain(compared, fetcher)
    write_explanation(explained, page)
    return explained
