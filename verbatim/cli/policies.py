"""Commands for whoever decides on attestations: a starter set of them, and what a policy lets be signed."""

from __future__ import annotations

from invoke.context import Context

from verbatim import console
from verbatim.cli.command import command
from verbatim.cli.values import named
from verbatim.errors import UsageError


@command(
    check="compare this policy with the checkout, and write nothing",
    commit="the release's commit (all 40 digits), to fill in",
    output="write it to this new file",
)
def policy(
    context: Context,
    version: str = "",
    artifacts: str = "source",
    commit: str | None = None,
    output: str | None = None,
    check: str | None = None,
) -> None:
    """Print what a policy needs for the signing stage, or compare a policy with this checkout.

    It writes the section `[signing."VERSION"]`: the files to sign, and the environments and recipes that this checkout builds them
    with. With `--check`, the exit status is 1 if an entry differs.

    Example:

        ./invoke policy --version 3.13.5 --output signing-3.13.5.toml
    """
    from verbatim.commands.policy import check_commit, compare_policy
    from verbatim.evidence.signing_entry import SigningEntry
    from verbatim.release import Release
    from verbatim.report.policy import entry_text, show_policy_compared, write_entry
    from verbatim.stages.choose import choose_stages

    if check is not None:
        if output is not None or commit is not None:
            raise UsageError(
                "--check writes nothing, so --output and --commit do not go with it", "leave them out"
            )
        compared = compare_policy(named("--check", check), version)
        show_policy_compared(compared)
        compared.raise_for_deviation()
        return
    path = None if output is None else named("--output", output)
    release = Release.parse(version)
    entry = SigningEntry.of(choose_stages(release, artifacts))
    text = entry_text(release, entry, "" if commit is None else check_commit(commit))
    if path is None:
        for line in text.splitlines():
            console.result(line)
    else:
        write_entry(path, text)


@command(folder="the new folder")
def attestations_init(context: Context, folder: str) -> None:
    """Make a folder for attestations, with a policy, a README, and files for the CI of GitHub and GitLab.

    The folder must be empty, or not exist.

    Example:

        ./invoke attestations-init attestations
    """
    from verbatim.commands.attestations_init import Origin, check_empty
    from verbatim.report.starter import write_starter

    write_starter(check_empty(named("FOLDER", folder)), Origin.of())
