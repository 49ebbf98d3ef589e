"""``invoke doctor``: what this machine can run and, where it cannot, what failed and what to do."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Sequence

from verbatim.addresses import showable
from verbatim.console import human_size
from verbatim.engines.protocol import Check, Engine
from verbatim.environments.definition import environment_folder, environment_names
from verbatim.environments.lock import Environment
from verbatim.environments.mirrors import SNAPSHOT_ARCHIVE, debian_mirrors
from verbatim.errors import IntegrityError, VerbatimError
from verbatim.paths import cache_directory
from verbatim.release import PYTHON_ORG
from verbatim.scratch import scratch
from verbatim.sources.git import git_url
from verbatim.sources.remote import Remote
from verbatim.sources.repository import Repository
from verbatim.web import WEB_ERRORS, new_session, reason

#: In bytes: environment and downloads, a tree, and two tarballs.
_NEEDED_SPACE = 1_500_000_000
#: Seconds that an address gets to answer, and that git gets to ask one.
_PATIENCE, _GIT_PATIENCE = 5, 20


def examine(engine: Engine, others: Sequence[Engine], *, offline: bool) -> tuple[list[Check], list[Check]]:
    """What a build with an engine needs, and what merely helps: other engines; of the addresses, one is enough."""
    needed = [_python(), *engine.checks(), _space(), *_environments()]
    helpful = [_git(), *(check for other in others for check in other.checks())]
    if not offline:
        addresses = _addresses()
        answers = sum(check.passed for check in addresses)
        needed.append(
            Check(
                "an address to fetch from",
                answers > 0,
                f"{answers} of {len(addresses)} answer",
                "see to the network, or build with --offline from what is in the cache",
            )
        )
        helpful += addresses
    return needed, helpful


def _addresses() -> list[Check]:
    return [
        _git_server(),
        _reachable("published tarballs", PYTHON_ORG),
        *(_reachable("Debian packages", mirror) for mirror in [*debian_mirrors(), SNAPSHOT_ARCHIVE]),
    ]


def _python() -> Check:
    return Check(
        "Python 3.11 or newer", sys.version_info >= (3, 11), platform.python_version(), "install a newer one"
    )


def _space() -> Check:
    cache = cache_directory()
    free = shutil.disk_usage(cache).free
    return Check(
        f"{human_size(_NEEDED_SPACE)} of disk space for the cache",
        free >= _NEEDED_SPACE,
        f"{human_size(free)} in {cache}",
        "free some, or set VERBATIM_CACHE to where there is more",
    )


def _environments() -> list[Check]:
    checks = []
    for name in environment_names():
        try:
            environment = Environment(environment_folder(name))
        except IntegrityError as error:
            checks.append(Check(f"environment {name}", False, error.message, error.remedy))
        else:
            checks.append(
                Check(f"environment {name}", True, f"locked, {len(environment.lock.package)} packages")
            )
    return checks


def _git() -> Check:
    git = shutil.which("git")
    return Check("git, to build from a commit", git is not None, git or "not on PATH", "install git")


def _git_server() -> Check:
    """By git itself: it has certificates, proxies and keys of its own."""
    what = "git server"
    try:
        remote = Remote.parse(git_url())
        with scratch(cache_directory() / "git") as work:
            Repository(work).reach(remote, _GIT_PATIENCE)
    except VerbatimError as error:
        return Check(what, False, error.message, error.remedy)
    return Check(what, True, f"{remote.shown} answers")


def _reachable(what: str, url: str) -> Check:
    try:
        with new_session() as session:
            answer = session.head(url, timeout=_PATIENCE)
    except (*WEB_ERRORS, OSError, ValueError) as error:
        return Check(
            what, False, f"{showable(url)}: {reason(error)}", "check the network, or name another mirror"
        )
    return Check(
        what, answer.status_code < 500, f"{showable(url)} answers", "try again later, or name another mirror"
    )
