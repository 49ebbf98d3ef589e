"""The frame around every task: errors in one line, exit statuses, interrupts."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import ParamSpec

from invoke.exceptions import Exit, ParseError
from invoke.loader import FilesystemLoader
from invoke.program import Program

from verbatim import __version__, console
from verbatim.addresses import masked
from verbatim.errors import CapabilityError, UsageError, VerbatimError
from verbatim.paths import PROJECT

Parameters = ParamSpec("Parameters")

#: As shells have it: 128 and the signal's number.
INTERRUPTED = 128 + signal.SIGINT

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class OwnTasks(FilesystemLoader):
    """Finds this project's own tasks, whatever ``tasks.py`` there is where it was started."""

    @property
    def start(self) -> str:
        return str(PROJECT)


class VerbatimProgram(Program):
    """Invoke, but with a wrong use told apart from a mismatch: Invoke's own status is 1 for both."""

    def parse_core(self, argv: list[str] | None) -> None:
        try:
            super().parse_core(argv)
        except ParseError as error:
            raise _wrong_use(error) from error

    def parse_tasks(self) -> None:
        try:
            super().parse_tasks()
        except (ParseError, ValueError) as error:
            raise _wrong_use(error) from error


def _wrong_use(error: Exception) -> Exit:
    console.error(f"{masked(str(error))}; ./invoke --list and ./invoke --help TASK say what there is")
    return Exit(code=UsageError.status)


def framed(body: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Run a task's body so that the user's and the world's mistakes end in one line and an exit status."""

    @functools.wraps(body)
    def run(*arguments: Parameters.args, **named: Parameters.kwargs) -> None:
        # A stop by the system cleans up as an interrupt does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            body(*arguments, **named)
        except VerbatimError as error:
            console.error(str(error))
            raise Exit(code=error.status) from error
        except OSError as error:
            refusal = _of_system(error)
            console.error(str(refusal))
            raise Exit(code=refusal.status) from error
        except KeyboardInterrupt:
            console.error("interrupted; nothing was left behind")
            sys.stdout.flush()
            # Without waiting for downloads that are under way in other threads.
            os._exit(INTERRUPTED)

    return run


def _of_system(error: OSError) -> CapabilityError:
    """What the system refused, in our terms."""
    what = f"{error.strerror or error}: {error.filename or 'a file that was being read or written'}"
    if error.errno in _FULL:
        return CapabilityError(
            what, "free some space, or set --output and VERBATIM_CACHE to where there is more"
        )
    return CapabilityError(what, "check that path, or set --output and VERBATIM_CACHE to folders of your own")


program = VerbatimProgram(name="Verbatim", binary="invoke", version=__version__, loader_class=OwnTasks)
