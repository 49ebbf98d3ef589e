"""The command line."""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from verbatim_sign.check import checked
from verbatim_sign.errors import HostError, Refusal, UsageError
from verbatim_sign.policy import Policy
from verbatim_sign.screen import say, show

_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(message, "./sign --help says what there is")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and give its exit status; a refusal is one line."""
    # No secret goes into a core dump, and no file is anybody else's.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    try:
        options = _parser().parse_args(arguments)
        options.action(options)
    except Refusal as refusal:
        return _refused(str(refusal), refusal.status)
    except OSError as error:
        return _refused(f"{error.strerror or error}: {error.filename or 'a file'}", HostError.status)
    except KeyboardInterrupt:
        return _refused("interrupted; run it again to go on where it was", _INTERRUPTED)
    return 0


def _refused(text: str, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"refused: {text}\n")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="sign", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    check = commands.add_parser("check", help="verify everything, sign nothing", allow_abbrev=False)
    check.set_defaults(action=_check)
    for command in (check,):
        command.add_argument("--version", required=True, help="such as 3.13.5 or 3.14.0rc1")
        command.add_argument(
            "--policy", type=Path, default=_configured("policy.toml"), help="by default %(default)s"
        )
        command.add_argument("release", type=Path, help="holds dist/VERSION/ and attestations/VERSION/")
    check.add_argument("--digests-only", action="store_true", help="the artifacts are elsewhere")
    return parser


def _check(options: argparse.Namespace) -> None:
    policy = Policy.load(options.policy)
    with checked(
        options.version, options.release, policy, today=_today(), digests_only=options.digests_only
    ) as release:
        show(release)
    say("everything is as the policy wants it; nothing was signed")


def _configured(name: str) -> Path:
    """Where this user's own files are: the XDG base directory specification."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "verbatim-sign" / name


def _today() -> date:
    return datetime.now(UTC).date()
