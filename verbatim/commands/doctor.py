"""``invoke doctor``: what this machine can run and, where it cannot, what failed and what to do."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from verbatim.addresses import showable
from verbatim.caches import WORK
from verbatim.capabilities import Check, check_locks
from verbatim.console import human_size
from verbatim.engines.protocol import Engine, Job
from verbatim.environments.definition import environment_folder, environment_names
from verbatim.environments.host_programs import BUBBLEWRAP, lay_out
from verbatim.environments.lock import Environment
from verbatim.environments.mirrors import SNAPSHOT_ARCHIVE, debian_mirrors
from verbatim.environments.rootfs import MOUNT_POINTS, Root
from verbatim.errors import IntegrityError, VerbatimError
from verbatim.paths import cache_directory
from verbatim.release import PYTHON_ORG
from verbatim.scratch import scratch
from verbatim.sources.git import git_url
from verbatim.sources.remote import Remote
from verbatim.sources.repository import GIT, Repository
from verbatim.store import Store
from verbatim.web import WEB_ERRORS, new_session, reason

#: In bytes: environment and downloads, a tree, and two tarballs.
_NEEDED_SPACE = 1_500_000_000
#: Seconds that an address gets to answer, and that git gets.
_TIMEOUT, _GIT_TIMEOUT = 5, 20
#: The environment whose bubblewrap is tried.
_TRIAL_ENVIRONMENT = "source"


def examine(engine: Engine, others: Sequence[Engine], *, offline: bool) -> tuple[list[Check], list[Check]]:
    """The checks of what a build with an engine needs, and of what merely helps: other engines, further addresses.

    Each tries what a build does. One address that answers is enough.
    """
    cache = cache_directory()
    needed = [
        _python(),
        check_locks("locks in the cache", cache),
        *engine.checks(),
        _space(),
        *_environments(),
    ]
    if all(check.passed for check in needed):
        needed.append(_start(engine))
    helpful = [check_locks("locks where results go, if --output says nothing", Path.cwd()), _git()]
    helpful += [check for other in others for check in other.checks()]
    if not offline:
        addresses = _addresses()
        answers = sum(check.passed for check in addresses)
        needed.append(
            Check(
                "an address to fetch from",
                answers > 0,
                f"{answers} of {len(addresses)} answer",
                "check the network, or build with --offline from what is in the cache",
            )
        )
        helpful += addresses
    return needed, helpful


def _start(engine: Engine) -> Check:
    """Start a minimal job in the sandbox, if the packages with bubblewrap have been fetched."""
    what, cache = "sandbox: starts", cache_directory()
    environment = Environment(environment_folder(_TRIAL_ENVIRONMENT))
    packages, store = BUBBLEWRAP.needed(environment.lock).values(), Store(cache)
    if not all(store.find(package.sha256) for package in packages):
        return Check(what, True, "not tried: bubblewrap has not been fetched yet")
    with scratch(WORK.folder) as work:
        root = work / "root"
        for name in ("root", *(f"root/{point}" for point in MOUNT_POINTS), "output", "build"):
            (work / name).mkdir()
        program, *_ = lay_out(BUBBLEWRAP, environment.lock, root)
        job = Job(
            argv=[f"/{Path(program).name}", "--version"],
            root=Root(root, environment),
            epoch=0,
            inputs={},
            output=work / "output",
            build=work / "build",
            log=work / "log",
        )
        try:
            status = engine.run(job)
        except VerbatimError as error:
            return Check(what, False, error.message, error.remedy)
        complaint = job.log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
    return Check(
        what, status == 0, "yes" if status == 0 else f"it ended with {status}: {complaint}", "report this"
    )


def _addresses() -> list[Check]:
    return [
        _git_server(),
        _reachable("published tarballs", PYTHON_ORG, "VERBATIM_PYTHON_MIRROR"),
        *(
            _reachable("Debian packages", mirror, "VERBATIM_DEBIAN_MIRROR")
            for mirror in [*debian_mirrors(), SNAPSHOT_ARCHIVE]
        ),
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
        "free some space, or set VERBATIM_CACHE to a disk with more",
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
    """Asks with git itself, which has its own certificates, proxies and keys."""
    what = "git server"
    try:
        remote = Remote.parse(git_url())
        with scratch(GIT.folder) as work:
            Repository(work).reach(remote, _GIT_TIMEOUT)
    except VerbatimError as error:
        return Check(what, False, error.message, error.remedy)
    return Check(what, True, f"{remote.shown} answers")


def _reachable(what: str, url: str, variable: str) -> Check:
    other = f"name another mirror in {variable}"
    try:
        with new_session() as session:
            answer = session.head(url, timeout=_TIMEOUT)
    except (*WEB_ERRORS, OSError, ValueError) as error:
        return Check(what, False, f"{showable(url)}: {reason(error)}", f"check the network, or {other}")
    return Check(what, answer.status_code < 500, f"{showable(url)} answers", f"try again later, or {other}")
