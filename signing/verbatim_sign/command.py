"""Check a release of CPython against a policy, and sign what enough rebuilders agree on."""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

from verbatim_sign.airgap import Ed25519, join
from verbatim_sign.check import SUMS, Checked, checked, minor, version_folder
from verbatim_sign.doctor import examine
from verbatim_sign.errors import HostError, PolicyError, Refusal, UsageError
from verbatim_sign.files import OpenFile
from verbatim_sign.gpg import Gpg
from verbatim_sign.log import opened_log
from verbatim_sign.policy import Policy, Signing
from verbatim_sign.run import Signer, run
from verbatim_sign.screen import say, show
from verbatim_sign.verify import verify

_INTERRUPTED = 130
#: The first minor version that has no OpenPGP signatures any more: https://peps.python.org/pep-0761/
_WITHOUT_GPG = 14


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, "see ./sign --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and give its exit status; a refusal is one line."""
    try:
        options = _parser().parse_args(arguments)
        if options.action is not _doctor:
            # Keep secrets out of core dumps, and files private.
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.umask(0o077)
        options.action(options)
    except Refusal as refusal:
        return _refused(str(refusal), refusal.status)
    except OSError as error:
        return _refused(f"{error.strerror or error}: {error.filename or 'a file'}", HostError.status)
    except KeyboardInterrupt:
        return _refused("interrupted; run it again to continue", _INTERRUPTED)
    return 0


def _refused(text: str, status: int) -> int:
    sys.stdout.flush()
    # Quoted contents of files may have control characters; keep the message on one line.
    line = "".join(each if each.isprintable() else "?" for each in text)
    sys.stderr.write(f"refused: {line}\n")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="sign", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, action: object, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        made.set_defaults(action=action, digests_only=False, only=None, token_fd=None, key=None, keyring=None)
        return made

    check = command("check", _check, "verify everything, sign nothing; needs no network")
    sign = command("run", _run, "check, show what will be signed, ask, sign, verify")
    downstream = command("verify", _verify, "verify as a downstream does, and print plain commands")
    joined = command("join", _join, "put the signatures from behind an air gap beside the artifacts")
    doctor = command("doctor", _doctor, "check whether this host is fit for signing")
    joined.add_argument("signed", type=Path, help="the release folder that comes back, with dist/VERSION/")
    for each in (check, sign, downstream, joined):
        each.add_argument("--version", required=True, help="such as 3.13.5 or 3.14.0rc1")
        policy = _own("XDG_CONFIG_HOME", ".config", "policy.toml")
        each.add_argument("--policy", type=Path, default=policy, help="by default %(default)s")
        each.add_argument("release", type=Path, help="a folder with dist/VERSION/ and attestations/VERSION/")
    for each in (check, sign):
        each.add_argument("--digests-only", action="store_true", help="the artifacts are elsewhere")
    for each in (sign, downstream):
        each.add_argument("--trust-config", type=Path, help="describes another Sigstore, not the public one")
    for each in (downstream, joined):
        each.add_argument("--keyring", type=Path, help="the keys for gpgv, instead of your gpg's")
    sign.add_argument("--only", choices=("sigstore", "gpg"), help="sign with this one only")
    sign.add_argument("--token-fd", type=int, help="the descriptor of a file with a token")
    sign.add_argument("--key", type=Path, help="the ed25519 key, in PEM, for --digests-only")
    for each in (sign, doctor):
        log = _own("XDG_STATE_HOME", ".local/state", "log.jsonl")
        each.add_argument("--log", type=Path, default=log, help="by default %(default)s")
    return parser


def _checked(options: argparse.Namespace) -> AbstractContextManager[Checked]:
    policy, only = Policy.load(options.policy), options.digests_only
    return checked(options.version, options.release, policy, today=_today(), digests_only=only)


def _check(options: argparse.Namespace) -> None:
    with _checked(options) as release:
        show(release)
    say("the policy is met; nothing was signed")


def _run(options: argparse.Namespace) -> None:
    with _checked(options) as release:
        choose = _of_sums if options.digests_only else _of_artifacts
        signers = choose(options, release.signing)
        if not signers:
            what = f"no key or identity may sign {options.version}"
            raise PolicyError(what, "check the policy, and --only")
        with opened_log(options.log) as log:
            run(release, signers, log)


def _verify(options: argparse.Namespace) -> None:
    signing = Policy.load(options.policy).signing(options.version)
    signers, of_sums = _of_artifacts(options, signing), _of_sums(options, signing)
    for each in (*signers, *of_sums):
        each.load()
    verify(options.version, options.release, signing, signers, of_sums)


def _join(options: argparse.Namespace) -> None:
    with (
        _checked(options) as release,
        version_folder(options.signed, "dist", options.version) as signed,
        closing(OpenFile.of(release.folder, SUMS)) as sums,
    ):
        signers = _of_sums(options, release.signing)
        for each in signers:
            each.load()
        join(release, sums, signed, signers)


def _doctor(options: argparse.Namespace) -> None:
    lacks = 0
    for question, remedy in examine(options.log):
        say(f"{'no  ' if remedy else 'yes '} {question}{f': {remedy}' if remedy else ''}")
        lacks += bool(remedy)
    if lacks:
        raise HostError(f"this host is not fit for signing: {lacks} of the checks failed", "see above")


def _of_artifacts(options: argparse.Namespace, signing: Signing) -> list[Signer]:
    """Sigstore comes first: its failures are found before a long-lived key has signed anything."""
    signers: list[Signer] = []
    if options.only != "gpg":
        try:
            # It takes half a second to import, and is not installed for `check` alone.
            from verbatim_sign.bundles import Sigstore  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise HostError(f"there is no module {error.name}", "install requirements/run.txt") from error
        signers.append(Sigstore(signing, options.trust_config, options.token_fd))
    if options.only != "sigstore":
        signers += _gpg(options, signing, required=True)
    return signers


def _of_sums(options: argparse.Namespace, signing: Signing) -> list[Signer]:
    keys = [Ed25519(signing.ed25519, options.key)] if signing.ed25519 else []
    return [*_gpg(options, signing, required=False), *keys]


def _gpg(options: argparse.Namespace, signing: Signing, *, required: bool) -> list[Gpg]:
    if minor(options.version) >= _WITHOUT_GPG or not (signing.gpg or required):
        return []
    if signing.gpg is None:
        what = f"{options.version} must be signed with GPG"
        raise PolicyError(what, "name the key in the policy, as `gpg`")
    return [Gpg(signing.gpg, options.keyring)]


def _own(variable: str, default: str, name: str) -> Path:
    """The path of a file of this user's, by the XDG base directory specification."""
    return Path(os.environ.get(variable) or Path.home() / default) / "verbatim-sign" / name


def _today() -> date:
    return datetime.now(UTC).date()
