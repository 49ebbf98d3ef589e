"""Commands of rebuilders: their keys, what they sign and withdraw, and who attested what."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from verbatim import console
from verbatim.cli.command import command
from verbatim.cli.values import named, new_page, optional
from verbatim.errors import UsageError
from verbatim.paths import cache_directory

if TYPE_CHECKING:
    from verbatim.commands.attest import Author
    from verbatim.evidence.guard import Guard


@command(protect="ask for a passphrase, and encrypt the key with it")
def keygen(context: Context, key: str = "", as_: str = "", protect: bool = False) -> None:
    """Make a rebuilder's key, and print what a policy needs of it.

    `--key` names the new file.

    Example:

        ./invoke keygen --key rebuilder.pem --as alice --protect
    """
    from verbatim.evidence.keys import check_name, create_key

    name = check_name(as_)
    passphrase = console.new_secret("a passphrase for the new key: ") if protect else ""
    public = create_key(named("--key", key), passphrase)
    console.result(f"[rebuilders.{name}]")
    console.result('kind = "own-machine"')
    console.result(f'keys = [{{ ed25519 = "{public}" }}]')


@command()
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
    policy: str = "",
) -> None:
    """Sign the statements of what was built here, also where that differs from what was published.

    Without `--artifacts` it signs all the statements that exist. It signs nothing with a name, a key or an identity that
    the policy does not list; without `--policy`, that is the attestations' own `policy.toml`, if there is one.

    Example:

        ./invoke attest --version 3.13.5 --as alice --key rebuilder.pem
    """
    from verbatim.commands.attest import attest_stages
    from verbatim.release import Release
    from verbatim.report.attestations import show_attested
    from verbatim.store import Store

    release = Release.parse(version)
    author = _author(as_, key, identity, trust_config, _guard(policy, attestations))
    built = named("--output", output) / release.version
    attested = attest_stages(
        release,
        artifacts,
        built,
        attestations=Path(attestations),
        author=author,
        store=Store(cache_directory()),
    )
    show_attested(attested, author.name)


@command(statement="the SHA-256 of the statement that was signed", reason="why, in a sentence")
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
    policy: str = "",
) -> None:
    """Withdraw, for good, a statement that you have signed.

    It must be among the attestations, and the policy must list the name and the key, as for `attest`.

    Example:

        ./invoke withdraw --version 3.13.5 --statement SHA256 --reason "built on a broken disk" --as alice --key rebuilder.pem
    """
    from verbatim.commands.attest import withdraw_statement
    from verbatim.release import Release

    release = Release.parse(version)
    author = _author(as_, key, identity, trust_config, _guard(policy, attestations))
    path = withdraw_statement(release, statement, reason, Path(attestations), author)
    console.result(str(path or "it is already withdrawn"))


@command(all_="check every version: that each file is valid, and that none was changed or removed")
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
    """Show who attested what, and whether that is enough for a release.

    Without `--policy`, the attestations' own `policy.toml` counts. `--html` writes the matrix as a page.

    Example:

        ./invoke check --version 3.13.5 --policy policy.toml --html 3.13.5.html
    """
    from verbatim.commands.check import Trust, check_all, check_history, check_release
    from verbatim.evidence.policy import POLICY
    from verbatim.release import Release
    from verbatim.report.attestations import show_all, show_checked, write_page

    page = new_page(html) if html else None
    folder, today = Path(attestations), datetime.now(UTC).date()
    trust = Trust.load(optional(policy) or folder / POLICY, optional(trust_config))
    if all_:
        releases = check_all(folder, trust, today=today)
        # Before anything is shown: a matrix that lacks a removed objection would be a lie.
        check_history(folder)
        show_all(releases)
        for each in releases:
            each.raise_for_refused_files()
        return
    checked = check_release(Release.parse(version), folder, trust, today=today)
    check_history(folder, checked.matrix.version)
    show_checked(checked, as_json=json)
    if page is not None:
        write_page(checked, page)
    checked.raise_for_refused_files()
    checked.raise_for_missing_quorum()


def _guard(policy: str, attestations: str) -> Guard | None:
    from verbatim.evidence.guard import Guard

    return Guard.find(optional(policy), Path(attestations), today=datetime.now(UTC).date())


def _author(as_: str, key: str, identity: bool, trust_config: str, guard: Guard | None) -> Author:
    from verbatim.commands.attest import identified, keyed
    from verbatim.evidence.keys import check_name, is_protected, load_signer

    name = check_name(as_)
    if identity == bool(key):
        raise UsageError("expected either --key or --identity", "name a key, or use an identity")
    if identity:
        return identified(name, optional(trust_config), guard)
    path = Path(key)
    passphrase = console.secret(f"the passphrase of {path}: ") if is_protected(path) else ""
    return keyed(name, load_signer(path, passphrase), guard)
